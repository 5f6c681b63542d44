"""When people of a unit are to be asked again whether their file is right, and whom to visit (handbook §2), as rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from dateutil.relativedelta import relativedelta

from services.residents.model.people import Person
from services.residents.model.ties import Role, Tie
from services.residents.model.units import Occupancy, Unit
from steward.facts import Decision, Fact


class Way(StrEnum):
    """How somebody was reached."""

    VISIT = "visit"
    PHONE = "phone"
    DESK = "desk"
    MESSAGE = "message"
    TICKET = "ticket"


class Living(StrEnum):
    """Where somebody lives who is tied to a unit."""

    IN = "in"
    ELSEWHERE = "elsewhere"


class Why(StrEnum):
    """Why somebody is to be visited."""

    MOVED_IN = "moved_in"
    CARE = "care"


@dataclass(frozen=True)
class Rhythm:
    """How often: after so many days and months since the last time."""

    days: int = 0
    months: int = 0

    def after(self, day: date) -> date:
        """The day on which it is due again."""
        return day + relativedelta(days=self.days, months=self.months)


@dataclass(frozen=True)
class ContactDue:
    """Somebody whose contact details are to be confirmed again by ``due_on``; ``last_on``: None, where nobody ever did."""

    unit: str
    label: str
    person: str
    role: Role
    living: Living
    last_on: date | None
    due_on: date


@dataclass(frozen=True)
class VisitDue:
    """A visit that is due by ``due_on``: to a unit into which people moved, or to a household that needs care."""

    why: Why
    unit: str | None
    person: str | None
    since: date
    due_on: date


def living(unit: Unit, tie: Tie) -> Living:
    """Tenants and residents live in; an owner does where the unit is occupied, and nobody has let it."""
    inside = tie.role in (Role.TENANT, Role.RESIDENT) or (tie.role is Role.OWNER and unit.state is Occupancy.OCCUPIED)
    return Living.IN if inside else Living.ELSEWHERE


def contacts_due(
    unit: Unit, today: date, people: Mapping[str, date], household: date | None, rhythms: Mapping[Living, Rhythm]
) -> Iterator[ContactDue]:
    """Each person of ``unit`` with the day by which they are to be asked again. Any contact counts.

    ``people``: when each was last in contact; ``household``: when somebody of the unit was, nobody knows who (a ticket).
    That counts for those who live there, and where nobody does, for all.
    """
    ties = [tie for tie in unit.ties_on(today) if tie.role is not Role.AGENT]
    empty = all(living(unit, tie) is Living.ELSEWHERE for tie in ties)
    for tie in ties:
        lives = living(unit, tie)
        counts = household if empty or lives is Living.IN else None
        last = max((day for day in (people.get(tie.person), counts) if day is not None), default=None)
        yield ContactDue(unit.id, unit.label, tie.person, tie.role, lives, last, rhythms[lives].after(last or tie.since))


def visited(unit: Unit, person: str | None, today: date) -> Decision[Unit]:
    """Somebody of the house was there. ``first``: the visit that was due since people moved in."""
    fact = Fact("visited", {"unit": unit.id, "person": person, "on": today, "first": awaits_first_visit(unit)})
    return Decision(replace(unit, visited_on=today), (fact,))


def awaits_first_visit(unit: Unit) -> bool:
    """Whether people moved in whom nobody of the house has visited since."""
    moved, visit = unit.moved_in_on, unit.visited_on
    return moved is not None and (visit is None or visit < moved)


def first_visit(unit: Unit, within: Rhythm) -> VisitDue | None:
    """The visit that is due since people moved in (handbook §2: within 3 days), unless it was made."""
    moved = unit.moved_in_on
    return VisitDue(Why.MOVED_IN, unit.id, None, moved, within.after(moved)) if moved and awaits_first_visit(unit) else None


def care_visit(person: Person) -> VisitDue | None:
    """The next visit to a household that needs care."""
    if person.care is None:
        return None
    since = person.care.visited_on or person.care.since
    return VisitDue(Why.CARE, None, person.id, since, Rhythm(days=person.care.every_days).after(since))


def care_visited(person: Person, today: date) -> Decision[Person]:
    """A household that needs care was visited."""
    care = replace(person.care, visited_on=today) if person.care else None
    return Decision(replace(person, care=care))
