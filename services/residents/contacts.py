"""Contacts and visits: who was reached when, and who is to be next (handbook §2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from services.residents import model
from services.residents.desk import Desk, View, answered, page, told
from services.residents.model import Project, Unit, contacts
from services.residents.model.contacts import Living, Rhythm, Way
from services.residents.schemas.contacts import ContactDueView, ContactedView, VisitsView
from services.residents.store import CONTACTS, PEOPLE, UNITS
from steward.bus.envelope import Envelope
from steward.store.reading import Page
from steward.store.work import Work
from steward.times import parse

_MOST = 1_000


class Contacts:
    """What is asked of contacts and visits."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._store = desk, desk.store

    def note(self, project: str, body: View) -> View:
        """Somebody of a unit was reached; a visit is one that was due, too."""
        unit, person, today = body["unit"], body["person"], self._desk.today(project)
        self._desk.require_unit(project, unit)
        if person is not None:
            self._desk.require_person(project, person)
        with self._store.work() as work:
            self._keep(work, project, person or unit, body["way"])
            if body["way"] is Way.VISIT:
                state = work.apply(UNITS, contacts.visited(work.load(UNITS, unit, project), person, today))
                self._care_visited(work, {person} if person else {tie.person for tie in state.ties_on(today)}, today)
            return answered(work, ContactedView, {**body, "made": self._desk.stamp})

    def heard(self, event: Envelope) -> None:
        """A ticket of a unit was raised by somebody there, or they were called back: their household was reached."""
        unit, channels = event.data["unit"], self._desk.policy(event.project)["contact_refresh"]["channels"]
        if unit is None or (event.name == "raised" and event.data["channel"] not in channels):
            return
        with self._store.work() as work:
            self._keep(work, event.project, unit, Way.TICKET, event)

    def due(self, project: str, query: View) -> View:
        """People who are to be asked again, of the units of a page: a page may hold more or fewer of them than units."""
        home = self._desk.project(project)
        today = model.today(home, self._desk.context.now)
        until = today + timedelta(days=query["within_days"])
        found = self._units(project, query)
        tied = {tie.person for unit in found.items for tie in unit.ties_on(today)}
        last = self._last(home, [*tied, *(unit.id for unit in found.items)])
        rhythms = self._rhythms(project)
        rows = [row for unit in found.items for row in contacts.contacts_due(unit, today, last, last.get(unit.id), rhythms)]
        wanted = [{**vars(row), "overdue": row.due_on < today} for row in rows if row.due_on <= until]
        return page(ContactDueView, wanted, found.next)

    def visits(self, project: str, query: View) -> View:
        """Visits that are due, the longest due first: to those who moved in, and to households that need care."""
        today, within = self._desk.today(project), Rhythm(**self._desk.policy(project)["visits"]["moved_in"])
        units = self._store.read.where(UNITS, {"project": project, "unvisited": True}, limit=_MOST)
        people = self._store.read.where(PEOPLE, {"project": project, "cared": True}, limit=_MOST)
        known = [*(contacts.first_visit(unit, within) for unit in units), *(contacts.care_visit(person) for person in people)]
        until = today + timedelta(days=query["within_days"])
        due = sorted((visit for visit in known if visit and visit.due_on <= until), key=lambda visit: visit.due_on)
        return told(VisitsView, {"items": [{**vars(visit), "overdue": visit.due_on < today} for visit in due]})

    def _units(self, project: str, query: View) -> Page[Unit]:
        if query["unit"] is None:
            return self._store.read.page(UNITS, {"project": project}, query["cursor"], query["limit"], model.in_use)
        found = self._store.read.where(UNITS, {"_id": query["unit"]})
        return Page([unit for unit in found if unit.project == project and model.in_use(unit)], None)

    def _keep(self, work: Work, project: str, whose: str, way: Way, event: Envelope | None = None) -> None:
        """The latest contact of a person, or of a unit where nobody is named; an earlier one that is heard of late changes nothing."""
        at = event.time if event else self._desk.context.now
        document = {"_id": f"{project}/{whose}", "project": project, "at": at, "way": way.value, "by": self._desk.context.principal.id}
        work.keep(CONTACTS, document, as_of=at)

    def _care_visited(self, work: Work, people: Iterable[str], today: date) -> None:
        """Those of ``people`` who need care were visited; a visit to nobody by name is one to the household."""
        for person in sorted(people):
            known = work.find(PEOPLE, person)
            if known is not None and known.care is not None:
                work.apply(PEOPLE, contacts.care_visited(known, today))

    def _last(self, home: Project, names: Iterable[str]) -> dict[str, date]:
        ids = [f"{home.id}/{name}" for name in names]
        found = self._store.read.plain_where(CONTACTS, {"_id": {"$in": ids}})
        return {document["_id"].partition("/")[2]: model.today(home, parse(document["as_of"])) for document in found}

    def _rhythms(self, project: str) -> Mapping[Living, Rhythm]:
        rules: Mapping[str, Any] = self._desk.policy(project)["contact_refresh"]
        return {lives: Rhythm(**rules[f"living_{lives}"]) for lives in Living}
