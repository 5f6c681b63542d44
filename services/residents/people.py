"""People's files: what is asked of them (handbook §2, contact list)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from services.residents import gb11643, model, phones, sealing
from services.residents.desk import Desk, View, answered, page, save, told
from services.residents.model import EmergencyContact, Limits, Person, Preferences, Tie
from services.residents.schemas.people import ContactView, HistoryView, PersonView, PreferencesView, UnitContactView
from services.residents.schemas.units import UnitView
from services.residents.search import tokens
from services.residents.store import PEOPLE, UNITS
from steward.errors import BadInput, NotFound
from steward.facts import Decision
from steward.ids import new_id
from steward.store.work import Work

_MOST = 10_000
_CHANGES = ("person_changed", "care_changed")


class People:
    """What is asked of people's files."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._store, self._sealer = desk, desk.store, desk.sealer

    def register(self, project: str, body: View) -> View:
        """File a person; the same phone and name twice in a project is refused."""
        person = self._new(project, body)
        with self._store.work() as work:
            saved = work.apply(PEOPLE, model.register_person(person, self._limits(project).max_phones))
            return self._answered(work, saved)

    def listed(self, project: str, query: View) -> View:
        """People on file, by phone, by flag or all."""
        wanted: dict[str, Any] = {"cared": True} if query["care"] else {}
        if query["phone"] is not None:
            wanted["prints"] = self._print(project, query["phone"])
        found = self._store.read.page(PEOPLE, {"project": project, **wanted}, query["cursor"], query["limit"], model.on_file)
        return page(PersonView, self._kept(project, found.items), found.next)

    def get(self, project: str, person: str) -> View:
        """One person, masked."""
        return told(PersonView, self._kept(project, [self._desk.person(project, person)])[0])

    def units(self, project: str, person: str, query: View) -> View:
        """The units that a person is or was tied to."""
        self._desk.person(project, person)
        found = self._store.read.page(UNITS, {"project": project, "tied": person}, query["cursor"], query["limit"])
        return page(UnitView, found.items, found.next)

    def change(self, project: str, person: str, body: View) -> View:
        """What is to be otherwise; what is left out stays. The same phone and name as somebody else's is refused."""
        limits = self._limits(project)
        with self._store.work() as work:
            state = work.load(PEOPLE, person, project)
            changes, name, numbers = self._changes(state, body)
            found_by = tokens.of_person(self._sealer, project, name, numbers)
            key = sealing.key_of(self._sealer, person, name, numbers) if {"name", "phones"} & changes.keys() else state.key
            decision = model.change_person(state, changes, key, limits)
            if decision.facts:
                decision = Decision(model.made_searchable(decision.state, found_by, tokens.VERSION).state, decision.facts)
            return self._answered(work, save(work, PEOPLE, state, decision))

    def care(self, project: str, person: str, body: View) -> View:
        """Flag a household for visits, change their rhythm, or take the flag away."""
        today, limits, days = self._desk.today(project), self._limits(project), body["every_days"]
        with self._store.work() as work:
            state = work.load(PEOPLE, person, project)
            decision = model.end_care(state) if days is None else model.care_for(state, days, today, limits)
            return self._answered(work, save(work, PEOPLE, state, decision))

    def history(self, project: str, person: str) -> View:
        """Every tie and every change of the file: who filed it and when, without what was there before."""
        self._desk.person(project, person)
        units = self._store.read.where(UNITS, {"project": project, "tied": person})
        ties = [(unit, tie) for unit in units for tie in unit.ties if tie.person == person]
        listed = [{**vars(tie), "unit": unit.id, "label": unit.label} for unit, tie in sorted(ties, key=lambda pair: pair[1].since)]
        events = self._store.journal.about(f"residents/{person}")
        changes = [{"changed": ["care"], **event.data, "at": event.time, "by": event.actor} for event in events if event.name in _CHANGES]
        return told(HistoryView, {"ties": listed, "changes": changes})

    def contact(self, project: str, person: str) -> View:
        """How to reach a person, unmasked."""
        return told(ContactView, sealing.reached(self._sealer, self._desk.person(project, person)))

    def unit_contact(self, project: str, unit: str) -> View:
        """Who answers for a unit today, unmasked: the first, in the policy's order of roles, who has a phone."""
        state = self._store.read.get(UNITS, unit, project)
        ties = model.answering(state, self._desk.today(project), self._desk.policy(project)["contact"]["roles"])
        reached = [sealing.reached(self._sealer, self._desk.person(project, tie.person)) for tie in ties]
        if not reached:
            raise NotFound("nobody answers for this unit")
        return told(UnitContactView, next((who for who in reached if who["phone"]), reached[0]))

    def wishes(self, project: str, phone: str) -> View:
        """How whoever has this number wishes to be told things, and not who that is: of several, the first on file who said anything."""
        having = {"project": project, "prints": self._print(project, phone)}
        said = (person.preferences for person in self._store.read.where(PEOPLE, having) if model.on_file(person))
        return told(PreferencesView, next((wishes for wishes in said if wishes != Preferences()), Preferences()))

    def make_searchable(self) -> None:
        """Give tokens to people who were filed before there were any, or by older rules: whoever is left is found again."""
        for older in (None, *range(tokens.VERSION)):
            for work, people in self._desk.gone_over(PEOPLE, {"searchable": older}):
                for person in people:
                    if person.searchable == (older or 0):
                        work.apply(PEOPLE, model.made_searchable(person, self._tokens(person), tokens.VERSION))

    def _kept(self, project: str, people: list[Person]) -> list[dict[str, object]]:
        """``people`` as views show them, former owners with the day until which their file is kept."""
        ids, ties = {person.id for person in people}, defaultdict[str, list[Tie]](list)
        for unit in self._store.read.where(UNITS, {"project": project, "tied": {"$in": sorted(ids)}}, limit=_MOST):
            for tie in unit.ties:
                ties[tie.person].append(tie)
        today, years = self._desk.today(project), self._desk.policy(project)["units"]["former_owner_years"]
        until = {person: model.keep_until(ties[person], today, years) for person in ids}
        return [{**sealing.shown(self._sealer, person), "keep_until": until[person.id]} for person in people]

    def _tokens(self, person: Person) -> tuple[str, ...]:
        numbers = [self._sealer.open(phone.text) for phone in person.phones]
        return tokens.of_person(self._sealer, person.project, self._sealer.open(person.name), numbers)

    def _answered(self, work: Work, person: Person) -> View:
        return answered(work, PersonView, sealing.shown(self._sealer, person))

    def _changes(self, state: Person, body: View) -> tuple[dict[str, Any], str, list[str]]:
        """What of ``body`` is not so already, sealed; name and phones as they will be."""
        changes: dict[str, Any] = {"language": body["language"]} if "language" in body else {}
        name = self._sealer.open(state.name)
        numbers = [self._sealer.open(phone.text) for phone in state.phones]
        if "name" in body and (new := " ".join(body["name"].split())) != name:
            name, changes["name"] = _required(new), self._sealer.seal(new)
        if "phones" in body:
            numbers = self._numbers(state.project, "phones", body["phones"])
            changes["phones"] = tuple(sealing.sealed(self._sealer, number) for number in numbers)
        if "preferences" in body:
            changes["preferences"] = Preferences(**{**body["preferences"], "channels": tuple(body["preferences"]["channels"])})
        if "emergency_contacts" in body:
            changes["emergency"] = self._emergency(state.project, body["emergency_contacts"])
        return changes, name, numbers

    def _emergency(self, project: str, contacts: Iterable[View]) -> tuple[EmergencyContact, ...]:
        made = []
        for place, contact in enumerate(contacts):
            number = phones.normalised(contact["phone"], self._country(project))
            if number is None:
                raise BadInput.of(f"emergency_contacts.{place}.phone", "is not a valid phone number")
            made.append(sealing.emergency(self._sealer, contact["name"].strip(), contact["relation"].strip(), number))
        return tuple(made)

    def _numbers(self, project: str, field: str, texts: Iterable[str]) -> list[str]:
        numbers = [phones.normalised(text, self._country(project)) for text in texts]
        if None in numbers:
            raise BadInput.of(f"{field}.{numbers.index(None)}", "is not a valid phone number")
        return list(dict.fromkeys(number for number in numbers if number))

    def _print(self, project: str, phone: str) -> str:
        """What finds the files with this number, however it is written."""
        return self._sealer.fingerprint(phones.normalised(phone, self._country(project)) or phone)

    def _new(self, project: str, body: View) -> Person:
        known = self._numbers(project, "phones", body["phones"])
        id_number = gb11643.normalised(body["id_number"]) if body["id_number"] else None
        if id_number and not gb11643.is_valid(id_number, self._desk.today(project)):
            raise BadInput.of("id_number", "is not a valid resident identity number")
        name, person_id = _required(" ".join(body["name"].split())), new_id()
        return Person(
            id=person_id,
            project=project,
            key=sealing.key_of(self._sealer, person_id, name, known),
            name=self._sealer.seal(name),
            phones=tuple(sealing.sealed(self._sealer, number) for number in known),
            language=body.get("language") or self._desk.policy(project)["defaults"]["language"],
            registered_at=self._desk.context.now,
            id_number=sealing.sealed(self._sealer, id_number) if id_number else None,
            tokens=tokens.of_person(self._sealer, project, name, known),
            searchable=tokens.VERSION,
        )

    def _limits(self, project: str) -> Limits:
        policy = self._desk.policy(project)
        people = policy["people"]
        least, most = people["care_days"]
        return Limits(people["max_phones"], people["max_emergency"], tuple(policy["preferences"]["channels"]), (least, most))

    def _country(self, project: str) -> str:
        country: str = self._desk.policy(project)["defaults"]["country"]
        return country


def _required(name: str) -> str:
    if not name:
        raise BadInput.of("name", "is empty")
    return name
