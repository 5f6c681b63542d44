"""What wakes the residents service (handbook §1, §2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from marshmallow import Schema

from services.residents import gb11643, model, phones, schemas, sealing
from services.residents.model import Person, Project, Tie
from services.residents.roster.importing import Import
from services.residents.spec import SPEC
from services.residents.store import IMPORTS, PEOPLE, PROJECTS, UNITS
from steward.errors import BadInput, NotFound
from steward.facts import Decision
from steward.ids import new_id
from steward.service import Service, rpc
from steward.store.work import Work
from steward.trust.principals import EVERYWHERE

_PROJECTS_MOST = 10_000

View = dict[str, Any]


def _told(schema: type[Schema], state: object) -> View:
    view: View = schema().dump(state)
    return view


def _answered(work: Work, schema: type[Schema], state: object) -> View:
    """The view of ``state``, remembered with the work as what its caller is told."""
    view = _told(schema, state)
    work.answer(view)
    return view


class Residents(Service):
    """Projects, units, and the people tied to them."""

    spec = SPEC

    @rpc
    def open_project(self, body: dict[str, Any]) -> View:
        """Open a project; its opener must be an administrator of it, or of all."""
        self.context.principal.require("residents.open", body["id"])
        policy = self.policy.of(body["id"])
        with self.store.work() as work:
            command = {"timezone": policy["defaults"]["timezone"], **body}
            decision = model.open_project(work.find(PROJECTS, body["id"]), command, self.context.now)
            return _answered(work, schemas.ProjectView, work.apply(PROJECTS, decision))

    @rpc
    def projects(self, query: dict[str, Any]) -> View:
        """The projects that the caller may see, in order of their ids."""
        seen = self.context.principal.projects("residents.read")
        found = self.store.read.where(PROJECTS, {"project": {"$gt": query["cursor"] or ""}}, limit=_PROJECTS_MOST)
        listed = sorted((p for p in found if EVERYWHERE in seen or p.id in seen), key=lambda project: project.id)
        page, more = listed[: query["limit"]], len(listed) > query["limit"]
        return {"items": [_told(schemas.ProjectView, p) for p in page], "next": page[-1].id if more else None}

    @rpc
    def project(self, project: str) -> View:
        """One project."""
        return _told(schemas.ProjectView, self._project(project))

    @rpc
    def register_unit(self, project: str, body: dict[str, Any]) -> View:
        """A new unit; its label must be new in the project."""
        use = body.get("use") or model.Use(self.policy.of(project)["defaults"]["use"])
        with self.store.work() as work:
            home = work.load(PROJECTS, project)
            label, building = body["label"].strip(), body["building"].strip()
            unit = model.register_unit(new_id(), home, label, building, body["area_m2"], use, self.context.now)
            work.apply(PROJECTS, model.units_registered(home, [unit]))
            saved = work.apply(UNITS, Decision(unit))
            return _answered(work, schemas.UnitView, saved)

    @rpc
    def units(self, project: str, query: dict[str, Any]) -> View:
        """Units of a project, by label or building."""
        if query["label"] is not None:
            found = self.store.read.where(UNITS, {"project": project, "label": query["label"]})
            return _page(schemas.UnitView, found, None)
        wanted = {"building": query["building"]} if query["building"] is not None else {}
        page = self.store.read.page(UNITS, {"project": project, **wanted}, query["cursor"], query["limit"])
        return _page(schemas.UnitView, page.items, page.next)

    @rpc
    def unit(self, project: str, unit: str) -> View:
        """One unit with its ties."""
        return _told(schemas.UnitView, self.store.read.get(UNITS, unit, project))

    @rpc
    def withdraw_unit(self, project: str, unit: str, body: dict[str, Any]) -> View:
        """Take a unit out of use."""
        with self.store.work() as work:
            state = work.load(UNITS, unit, project)
            home = work.load(PROJECTS, project)
            gone = model.withdraw_unit(state, model.today(home, self.context.now), self.context.now)
            work.apply(PROJECTS, model.units_withdrawn(home, [gone.state]))
            return _answered(work, schemas.UnitView, work.apply(UNITS, gone))

    @rpc
    def make_tie(self, project: str, unit: str, body: dict[str, Any]) -> View:
        """Tie a person on file to a unit, from today unless another day is given."""
        today = self._today(project)
        self._require_on_file(project, body["person"])
        with self.store.work() as work:
            state = work.load(UNITS, unit, project)
            tie = Tie(new_id(), body["person"], body["role"], body["since"] or today, body["until"])
            decision = model.make_tie(state, tie, self.policy.of(project)["people"]["max_ties"])
            return _answered(work, schemas.UnitView, work.apply(UNITS, decision))

    @rpc
    def end_tie(self, project: str, unit: str, tie: str, body: dict[str, Any]) -> View:
        """End a tie, today unless another day is given."""
        today = self._today(project)
        with self.store.work() as work:
            state = work.load(UNITS, unit, project)
            if all(other.id != tie for other in state.ties):
                raise NotFound(f"no tie {tie!r} here")
            decision = model.end_tie(state, tie, body["until"] or today)
            return _answered(work, schemas.UnitView, work.apply(UNITS, decision))

    @rpc
    def register_person(self, project: str, body: dict[str, Any]) -> View:
        """File a person; the same phone and name twice in a project is refused."""
        policy = self.policy.of(project)
        person = self._new_person(project, body, self._today(project), policy)
        with self.store.work() as work:
            saved = work.apply(PEOPLE, model.register_person(person, policy["people"]["max_phones"]))
            return _answered(work, schemas.PersonView, sealing.shown(self.sealer, saved))

    @rpc
    def people(self, project: str, query: dict[str, Any]) -> View:
        """People on file, by phone or all."""
        wanted = {}
        if query["phone"] is not None:
            number = phones.normalised(query["phone"], self.policy.of(project)["defaults"]["country"])
            wanted["prints"] = self.sealer.fingerprint(number or query["phone"])
        page = self.store.read.page(PEOPLE, {"project": project, **wanted}, query["cursor"], query["limit"])
        return _page(schemas.PersonView, [sealing.shown(self.sealer, person) for person in page.items], page.next)

    @rpc
    def person(self, project: str, person: str) -> View:
        """One person, masked."""
        return _told(schemas.PersonView, sealing.shown(self.sealer, self._person(project, person)))

    @rpc
    def person_units(self, project: str, person: str, query: dict[str, Any]) -> View:
        """The units that a person is or was tied to."""
        self._person(project, person)
        page = self.store.read.page(UNITS, {"project": project, "tied": person}, query["cursor"], query["limit"])
        return _page(schemas.UnitView, page.items, page.next)

    @rpc
    def roster(self, project: str, content: bytes, query: dict[str, Any]) -> View:
        """Import a roster. What is on file already stays as it is, so the same file twice changes nothing."""
        home = self._project(project)
        report = Import(self.store, self.sealer, self.context, home, self.policy.of(project)).run(content, query)
        told = _told(schemas.RosterView, report)
        if query["dry_run"]:
            return told
        with self.store.work() as work:
            counts = {name: told[name] for name in ("rows", "imported", "unchanged", "wrong", "problems_total")}
            made = {"project": project, "at": self.context.now, "by": self.context.principal.id}
            work.keep(IMPORTS, {"_id": new_id(), **made, **counts})
            work.answer(told)
        return told

    @rpc
    def contact(self, project: str, person: str) -> View:
        """How to reach a person, unmasked."""
        return _told(schemas.ContactView, sealing.reached(self.sealer, self._person(project, person)))

    @rpc
    def unit_contact(self, project: str, unit: str) -> View:
        """Who answers for a unit today, unmasked: the first, in the policy's order of roles, who has a phone."""
        state = self.store.read.get(UNITS, unit, project)
        ties = model.answering(state, self._today(project), self.policy.of(project)["contact"]["roles"])
        reached = [sealing.reached(self.sealer, self._person(project, tie.person)) for tie in ties]
        if not reached:
            raise NotFound("nobody answers for this unit")
        return _told(schemas.UnitContactView, next((who for who in reached if who["phone"]), reached[0]))

    def _project(self, project: str) -> Project:
        return self.store.read.get(PROJECTS, project)

    def _person(self, project: str, person: str) -> Person:
        return self.store.read.get(PEOPLE, person, project)

    def _require_on_file(self, project: str, person: str) -> None:
        try:
            self._person(project, person)
        except NotFound:
            raise BadInput.of("person", "is not on file") from None

    def _today(self, project: str) -> date:
        return model.today(self._project(project), self.context.now)

    def _new_person(self, project: str, body: Mapping[str, Any], today: date, policy: Mapping[str, Any]) -> Person:
        numbers = [phones.normalised(text, policy["defaults"]["country"]) for text in body["phones"]]
        if None in numbers:
            raise BadInput.of(f"phones.{numbers.index(None)}", "is not a valid phone number")
        id_number = gb11643.normalised(body["id_number"]) if body["id_number"] else None
        if id_number and not gb11643.is_valid(id_number, today):
            raise BadInput.of("id_number", "is not a valid resident identity number")
        name, person_id, known = " ".join(body["name"].split()), new_id(), [number for number in numbers if number]
        return Person(
            id=person_id,
            project=project,
            key=sealing.person_key(self.sealer, known[0] if known else "", name, "" if known else person_id),
            name=self.sealer.seal(name),
            phones=tuple(sealing.sealed(self.sealer, number) for number in dict.fromkeys(known)),
            language=body.get("language") or policy["defaults"]["language"],
            registered_at=self.context.now,
            id_number=sealing.sealed(self.sealer, id_number) if id_number else None,
        )


def _page(schema: type[Schema], items: list[Any], following: str | None) -> View:
    return {"items": [_told(schema, item) for item in items], "next": following}
