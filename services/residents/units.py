"""Units and ties: what is asked of them, and the passing of days over them (handbook §1, §2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from services.residents import model
from services.residents.desk import Desk, View, answered, page
from services.residents.model import Project, Tie, Unit
from services.residents.places import Places
from services.residents.schemas.units import UnitView
from services.residents.store import PROJECTS, UNITS
from services.residents.underway import open_cases
from steward.errors import IllegalTransition, NotFound
from steward.facts import Decision
from steward.ids import new_id
from steward.store.work import Work

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Units:
    """What is asked of units."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._store = desk, desk.store

    def register(self, project: str, body: View) -> View:
        """A new unit; its label must be new in the project."""
        use = body.get("use") or model.Use(self._desk.policy(project)["defaults"]["use"])
        with self._store.work() as work:
            home = work.load(PROJECTS, project)
            label, building = body["label"].strip(), body["building"].strip()
            unit = model.register_unit(new_id(), home, label, building, body["area_m2"], use, self._desk.context.now)
            work.apply(PROJECTS, model.units_registered(home, [unit]))
            self._open_building(work, home, building)
            return answered(work, UnitView, self._desk.apply_unit(work, None, Decision(unit), home))

    def listed(self, project: str, query: View) -> View:
        """By label, building, zone or who lives there; by two of the latter as well."""
        if query["label"] is not None:
            return page(UnitView, self._store.read.where(UNITS, {"project": project, "label": query["label"]}), None)
        queries, only = self._asked(project, query)
        found = self._store.read.page_of_any(UNITS, queries, query["cursor"], query["limit"], only)
        return page(UnitView, found.items, found.next)

    def _asked(self, project: str, query: View) -> tuple[list[View], Callable[[Unit], bool] | None]:
        """What is read, and what of that is listed: no index has both building and state, and a building has few units."""
        here, building, state = {"project": project}, query["building"], query["state"]
        if query["zone"] is not None:
            codes = [code for code in Places(self._desk).codes_in(project, query["zone"]) if building in (None, code)]
        elif building is not None:
            codes = [building]
        else:
            return [here if state is None else here | {"state": state}], None
        return [here | {"building": code} for code in codes], None if state is None else lambda unit: unit.state == state

    def change(self, project: str, unit: str, body: View) -> View:
        """Other facts; what is left out stays."""
        terms, today = self._desk.terms(project), self._desk.today(project)
        changes = {name: value.strip() if name == "building" else value for name, value in body.items()}
        with self._store.work() as work:
            state = work.load(UNITS, unit, project)
            home = work.load(PROJECTS, project)
            decision = model.change_unit(state, changes, today, terms)
            saved = self._desk.apply_unit(work, state, decision, home)
            if self._open_building(work, home, saved.building):
                work.apply(PROJECTS, model.with_building(home, saved.building))
            return answered(work, UnitView, saved)

    def withdraw(self, project: str, unit: str) -> View:
        """Take a unit out of use; not while a case of it is open."""
        if open_cases(self._desk, project, unit=unit):
            raise IllegalTransition.of("withdraw", "in a case", ["cancel_case"])
        with self._store.work() as work:
            state = work.load(UNITS, unit, project)
            home = work.load(PROJECTS, project)
            now = self._desk.context.now
            gone = model.withdraw_unit(state, model.today(home, now), now)
            work.apply(PROJECTS, model.units_withdrawn(home, [gone.state]))
            return answered(work, UnitView, self._desk.apply_unit(work, state, gone, home))

    def make_tie(self, project: str, unit: str, body: View) -> View:
        """Tie a person on file to a unit, from today unless another day is given."""
        today, most = self._desk.today(project), self._desk.policy(project)["people"]["max_ties"]
        self._desk.require_person(project, body["person"])
        since = body["since"] or today
        tie = Tie(new_id(), body["person"], body["role"], since, body["until"], body["share"], made=self._desk.stamp)
        return self._change(project, unit, lambda state: model.make_tie(state, tie, most))

    def end_tie(self, project: str, unit: str, tie: str, body: View) -> View:
        """End a tie, today unless another day is given."""
        until = body["until"] or self._desk.today(project)
        return self._change_tie(project, unit, tie, lambda state: model.end_tie(state, tie, until, self._desk.stamp))

    def set_share(self, project: str, unit: str, tie: str, body: View) -> View:
        """What an owner owns of the unit."""
        return self._change_tie(project, unit, tie, lambda state: model.set_share(state, tie, body["share"]))

    def turn_due(self) -> None:
        """Who lives in a unit may be somebody else today: ties begin and end at midnight of their project."""
        self._settle({"turns_at": {"$gt": _BEGINNING, "$lte": self._desk.context.now}}, at_once=1)  # each tells of itself alone

    def work_out_older(self) -> None:
        """Work out who lives in units that were filed before that was kept."""
        for home in self._store.read.where(PROJECTS, {}):
            self._settle({"project": home.id, "state": None})

    def _settle(self, query: dict[str, Any], at_once: int = 0) -> None:
        homes: dict[str, Project] = {}
        for work, units in self._desk.gone_over(UNITS, query, at_once):
            for unit in units:
                home = homes.get(unit.project) or homes.setdefault(unit.project, self._desk.project(unit.project))
                self._desk.apply_unit(work, unit, Decision(unit), home)

    def _open_building(self, work: Work, home: Project, code: str) -> bool:
        """Whether ``code`` is a building that the project does not list yet; it is on file then."""
        new = bool(code) and code not in home.buildings
        if new:
            self._desk.open_buildings(work, home, [code])
        return new

    def _change_tie(self, project: str, unit: str, tie: str, decide: Callable[[Unit], Decision[Unit]]) -> View:
        if all(known.id != tie for known in self._store.read.get(UNITS, unit, project).ties):
            raise NotFound(f"no tie {tie!r} here")
        return self._change(project, unit, decide)

    def _change(self, project: str, unit: str, decide: Callable[[Unit], Decision[Unit]]) -> View:
        home = self._desk.project(project)
        with self._store.work() as work:
            state = work.load(UNITS, unit, project)
            return answered(work, UnitView, self._desk.apply_unit(work, state, decide(state), home))
