"""Cases: what is asked of handovers, changes of owner, tenants in, move-outs and parking leases (handbook §2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.residents import showing
from services.residents.desk import Desk, View, answered, page, told
from services.residents.model import Form, Given, Kind, Role, Tie, Unit, Vehicle, cases, forms, moves, plans, vehicles
from services.residents.model.cases import Case, Record
from services.residents.model.contacts import Rhythm
from services.residents.model.forms import Defect
from services.residents.model.plans import Step
from services.residents.model.vehicles import Lease
from services.residents.schemas.cases import CaseView, DefectText
from services.residents.store import CASES, UNITS, VEHICLES
from steward.errors import BadInput, NotPermitted
from steward.facts import Decision
from steward.ids import new_id
from steward.store.work import Work
from steward.trust.principals import SYSTEM_ROLE

_PLAIN = ("amount_fen", "owing_fen", "receipt", "outcome", "opinion", "accepted", "number", "note")


class Cases:
    """What is asked of cases."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._store = desk, desk.store

    def open(self, project: str, body: View) -> View:
        """Open a case, with the steps that policy has now."""
        self._desk.require_person(project, body["person"])
        if body["agent"] is not None:
            self._desk.require_person(project, body["agent"], "agent")
        self._desk.require_unit(project, body["unit"])
        unit = self._store.read.get(UNITS, body["unit"], project)
        case = self._new(project, body, unit)
        moves.require_fitting(case, unit, self._desk.today(project))
        self._require_ahead(case)
        self._require_possible(case, unit)
        with self._store.work() as work:
            return answered(work, CaseView, _shown(work.apply(CASES, cases.open_case(case))))

    def listed(self, project: str, query: View) -> View:
        """By kind, unit and state, the latest first."""
        wanted = {name: query[name] for name in ("kind", "unit", "state") if query[name] is not None}
        found = self._store.read.page(CASES, {"project": project, **wanted}, query["cursor"], query["limit"])
        return page(CaseView, [_shown(case) for case in found.items], found.next)

    def get(self, project: str, case: str) -> View:
        """One case."""
        return told(CaseView, _shown(self._store.read.get(CASES, case, project)))

    def take(self, project: str, case: str, step: str, body: View) -> View:
        """Record what was done of a step; its roles may."""
        with self._store.work() as work:
            state = work.load(CASES, case, project)
            row = cases.step_of(state, step)
            self._require_role(project, row)
            decision = cases.take(state, step, self._given(work, state, row, body), self._desk.stamp)
            return answered(work, CaseView, _shown(work.apply(CASES, decision)))

    def strike(self, project: str, case: str, step: str, body: View) -> View:
        """What was recorded of a step was wrong."""
        with self._store.work() as work:
            state = work.load(CASES, case, project)
            decision = cases.strike(state, step, body["because"], self._desk.stamp)
            return answered(work, CaseView, _shown(work.apply(CASES, decision)))

    def complete(self, project: str, case: str) -> View:
        """The case takes effect on its unit, in the same write."""
        home, today = self._desk.project(project), self._desk.today(project)
        with self._store.work() as work:
            state = work.load(CASES, case, project)
            done = work.apply(CASES, cases.complete(state, today, self._desk.stamp))
            unit = work.load(UNITS, done.unit, project)
            self._desk.apply_unit(work, unit, self._effect(work, done, unit), home)
            return answered(work, CaseView, _shown(done))

    def cancel(self, project: str, case: str, body: View) -> View:
        """Give a case up, with a reason."""
        with self._store.work() as work:
            state = work.load(CASES, case, project)
            return answered(work, CaseView, _shown(work.apply(CASES, cases.cancel(state, body["reason_code"], self._desk.stamp))))

    def defect(self, project: str, case: str, defect: str) -> View:
        """A defect in words."""
        state = self._store.read.get(CASES, case, project)
        return told(DefectText, {**vars(cases.defect_of(state, defect)), "unit": state.unit})

    def _new(self, project: str, body: View, unit: Unit) -> Case:
        said = {name: body[name] for name in ("kind", "unit", "person", "comes", "agent", "on", "until", "share", "moving_in", "vehicle")}
        plan = plans.plan(self._desk.policy(project), body["kind"], unit.use, body["comes"])
        return Case(id=new_id(), project=project, plan=plan, opened=self._desk.stamp, leaving=tuple(body["leaving"]), **said)

    def _require_ahead(self, case: Case) -> None:
        """Raises BadInput (on) for a day that is less than so many working days ahead, by the project's calendar."""
        days = self._desk.policy(case.project)["cases"].get(case.kind, {}).get("ahead_working_days", 0)
        if not days or case.on is None:
            return
        query = {"day": self._desk.today(case.project).isoformat(), "after": days}
        first = date.fromisoformat(self._desk.remote.clocks.working_day(project=case.project, query=query)["day"])
        if case.on < first:
            raise BadInput.of("on", f"is less than {days} working days ahead: {first} is the first")

    def _require_possible(self, case: Case, unit: Unit) -> None:
        """Raises now what would be raised when the case is complete, as far as it can be known."""
        if case.kind is Kind.PARKING:
            vehicle, wished = self._vehicle(case), self._lease(case)
            vehicles.require_free(vehicle, wished, self._others(case))
        else:
            _EFFECTS[case.kind](self, case, unit)

    def _vehicle(self, case: Case) -> Vehicle:
        """Raises BadInput (vehicle) unless it is here, and that of the case's person."""
        found = self._store.read.where(VEHICLES, {"project": case.project, "person": case.person})
        vehicle = next((known for known in found if known.id == case.vehicle and known.gone is None), None)
        if vehicle is None:
            raise BadInput.of("vehicle", "is not a vehicle of this person")
        return vehicle

    def _others(self, case: Case) -> list[Vehicle]:
        found = self._store.read.where(VEHICLES, {"project": case.project, "spaces": case.unit})
        return [other for other in found if other.id != case.vehicle]

    def _lease(self, case: Case) -> Lease:
        if case.until is None:
            raise BadInput.of("until", "is missing for this kind of case")
        return Lease(case.id, case.unit, case.number, self._day(case), case.until)

    def _day(self, case: Case) -> date:
        """From when the case holds, or would, were it complete today."""
        return case.on or self._desk.today(case.project)

    def _require_role(self, project: str, step: Step) -> None:
        held = self._desk.context.principal.roles(project)
        if not held & {*step.roles, SYSTEM_ROLE}:
            raise NotPermitted(f"is for {', '.join(step.roles)}", roles=list(step.roles))

    def _given(self, work: Work, case: Case, step: Step, body: View) -> Given:
        sealer = self._desk.sealer
        return Given(
            papers=tuple(body.get("papers", ())),
            matches=self._matches(work, case, step, body["id_number"]) if "id_number" in body else None,
            signature=sealer.seal(body["signature"]) if "signature" in body else None,
            readings=body.get("readings", {}),
            items=body.get("items", {}),
            defects=tuple(Defect(new_id(), **defect) for defect in body.get("defects", ())),
            **{name: body[name] for name in _PLAIN if name in body},
        )

    def _matches(self, work: Work, case: Case, step: Step, id_number: str) -> bool:
        """Whether the ID shown is that of whoever stands there. A file without one gets it."""
        if step.form is not Form.IDENTITY:
            return False
        found = showing.matches(self._desk, work, case.project, case.comer, id_number)
        if found is None:
            showing.put_on_file(self._desk, work, case.project, case.comer, id_number)
        return found is not False

    def _tie(self, case: Case, role: Role) -> Tie:
        return Tie(new_id(), case.person, role, self._day(case), case.until, case.share, made=self._desk.stamp)

    def _visit_by(self, case: Case) -> datetime | None:
        """When the day is over by which those who move in are to be visited; None: nobody moves in."""
        if not case.moving_in:
            return None
        last = Rhythm(**self._desk.policy(case.project)["visits"]["moved_in"]).after(self._day(case))
        zone = ZoneInfo(self._desk.project(case.project).timezone)
        return datetime.combine(last + timedelta(days=1), time(), zone).astimezone(UTC)

    def _most(self, case: Case) -> int:
        most: int = self._desk.policy(case.project)["people"]["max_ties"]
        return most

    def _hand_over(self, case: Case, unit: Unit) -> Decision[Unit]:
        terms = self._desk.terms(case.project)
        return moves.hand_over(unit, self._tie(case, Role.OWNER), self._visit_by(case), terms, self._most(case))

    def _transfer(self, case: Case, unit: Unit) -> Decision[Unit]:
        tie, today = self._tie(case, Role.OWNER), self._desk.today(case.project)
        return moves.transfer(unit, case.leaving, tie, self._visit_by(case), self._desk.stamp, today, self._most(case))

    def _tenant_in(self, case: Case, unit: Unit) -> Decision[Unit]:
        return moves.tenant_in(unit, self._tie(case, Role.TENANT), self._visit_by(case), self._most(case))

    def _move_out(self, case: Case, unit: Unit) -> Decision[Unit]:
        today = self._desk.today(case.project)
        return moves.move_out(unit, case.leaving, case.person, self._day(case), self._desk.stamp, today)

    def _effect(self, work: Work, case: Case, unit: Unit) -> Decision[Unit]:
        return self._park(work, case, unit) if case.kind is Kind.PARKING else _EFFECTS[case.kind](self, case, unit)

    def _park(self, work: Work, case: Case, space: Unit) -> Decision[Unit]:
        """The space is saved anew, so that two leases of it at one moment meet."""
        vehicle = work.load(VEHICLES, self._vehicle(case).id, case.project)
        work.apply(VEHICLES, vehicles.lease(vehicle, self._lease(case), self._others(case)))
        work.apply(UNITS, Decision(space))
        return Decision(space)


_EFFECTS: Mapping[Kind, Callable[[Cases, Case, Unit], Decision[Unit]]] = {
    Kind.HANDOVER: Cases._hand_over,
    Kind.TRANSFER: Cases._transfer,
    Kind.TENANT_IN: Cases._tenant_in,
    Kind.MOVE_OUT: Cases._move_out,
}


def _shown(case: Case) -> dict[str, Any]:
    steps = [_shown_step(case, step) for step in case.plan]
    open_ = case.state is cases.State.OPEN
    return {**vars(case), "owing_fen": case.owing_fen, "steps": steps, "missing": cases.missing(case) if open_ else []}


def _shown_step(case: Case, step: Step) -> dict[str, Any]:
    done = forms.dealt(step, case.given(step.id))
    wants = [{**vars(want), "dealt": want.id in done} for want in step.wants]
    records = [_shown_record(record) for record in case.records if record.step == step.id]
    return {**vars(step), "stands": case.stands(step), "wants": wants, "records": records}


def _shown_record(record: Record) -> dict[str, Any]:
    return {**vars(record), **vars(record.given), "signed": record.given.signature is not None}
