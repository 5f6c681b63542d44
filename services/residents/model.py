"""The property tree and who is tied to it, as rules (handbook §1, §2). Pure: state, command, policy, time in; decision out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from steward.errors import AlreadyExists, BadInput, IllegalTransition
from steward.facts import Decision, Fact

MAX_UNITS_PER_EVENT = 100
"""The event contract's bound on ``units_registered`` and ``units_withdrawn``."""
LANGUAGES = ("zh-CN", "en")

_SLUG = re.compile(r"[a-z0-9-]{2,32}")
_CODE = re.compile(r"[A-Z]{2,6}")


class Role(StrEnum):
    """How a person is tied to a unit (handbook §1)."""

    OWNER = "owner"
    RESIDENT = "resident"
    TENANT = "tenant"
    AGENT = "agent"


class Use(StrEnum):
    """What a unit is for."""

    RESIDENTIAL = "residential"
    SHOP = "shop"
    OFFICE = "office"
    PARKING = "parking"
    STORAGE = "storage"
    OTHER = "other"


@dataclass(frozen=True)
class Project:
    """A project 项目 of a company. ``id`` is a slug, ``code`` begins its ticket numbers, ``units`` counts those in use."""

    id: str
    project: str
    code: str
    name: str
    name_en: str
    timezone: str
    company: str
    opened_at: datetime
    buildings: tuple[str, ...] = ()
    units: int = 0
    version: int = 0


@dataclass(frozen=True)
class Tie:
    """A person's tie to a unit, from the day ``since`` up to, not including, the day ``until`` (None: open)."""

    id: str
    person: str
    role: Role
    since: date
    until: date | None = None

    def holds_on(self, day: date) -> bool:
        """Whether the tie is in force on ``day``."""
        return self.since <= day and (self.until is None or day < self.until)

    def overlaps(self, other: Tie) -> bool:
        """Whether both are in force on some day."""
        return (self.until is None or other.since < self.until) and (other.until is None or self.since < other.until)

    def same_bond(self, other: Tie) -> bool:
        """Whether both tie the same person in the same role."""
        return (self.person, self.role) == (other.person, other.role)


@dataclass(frozen=True)
class Unit:
    """A unit 房号 with everybody who is or was tied to it. ``area_m2`` is in square metres, None while unknown."""

    id: str
    project: str
    label: str
    building: str
    area_m2: float | None
    use: Use
    registered_at: datetime
    ties: tuple[Tie, ...] = ()
    withdrawn_at: datetime | None = None
    version: int = 0

    def ties_on(self, day: date) -> tuple[Tie, ...]:
        """The ties in force on ``day``."""
        return tuple(tie for tie in self.ties if tie.holds_on(day))


@dataclass(frozen=True)
class Sealed:
    """A phone or identity number at rest: encrypted, with the keyed hash that finds it."""

    text: str
    fingerprint: str


@dataclass(frozen=True)
class Person:
    """Somebody with a tie, or about to have one. Name, phones and identity number are sealed.

    ``key`` is the natural key (a keyed hash of first phone and name) that keeps the same person from being filed twice.
    """

    id: str
    project: str
    key: str
    name: str
    phones: tuple[Sealed, ...]
    language: str
    registered_at: datetime
    id_number: Sealed | None = None
    version: int = 0


def open_project(state: Project | None, command: Mapping[str, Any], now: datetime) -> Decision[Project]:
    """Open a project. Raises AlreadyExists, BadInput (id, code, timezone)."""
    if state is not None:
        raise AlreadyExists(f"project {state.id!r} is open already", fields=["id"])
    if not _SLUG.fullmatch(command["id"]):
        raise BadInput.of("id", "is 2 to 32 of a-z, 0-9 and -")
    if not _CODE.fullmatch(command["code"]):
        raise BadInput.of("code", "is 2 to 6 capital letters")
    if command["timezone"] not in available_timezones():
        raise BadInput.of("timezone", "is no IANA time zone")
    project = Project(project=command["id"], opened_at=now, **command)
    names = ("id", "code", "name", "name_en", "timezone", "company")
    data = {("project" if name == "id" else name): getattr(project, name) for name in names}
    return Decision(project, (Fact("project_opened", data),))


def register_unit(unit_id: str, project: Project, label: str, building: str, area_m2: float | None, use: Use, now: datetime) -> Unit:
    """A new unit of ``project``; :func:`units_registered` announces it. Raises BadInput (label, area_m2)."""
    if not label.strip():
        raise BadInput.of("label", "is empty")
    if area_m2 is not None and area_m2 <= 0:
        raise BadInput.of("area_m2", "is not more than 0")
    return Unit(unit_id, project.id, label, building, area_m2, use, registered_at=now)


def units_registered(project: Project, units: Iterable[Unit]) -> Decision[Project]:
    """The project with ``units`` counted, at most 100, and the one event that announces them."""
    new = _batch(units)
    buildings = sorted({*project.buildings, *(unit.building for unit in new if unit.building)})
    state = replace(project, buildings=tuple(buildings), units=project.units + len(new))
    listed = [{"id": unit.id, "label": unit.label, "building": unit.building} for unit in new]
    return Decision(state, (Fact("units_registered", {"units": listed}),))


def withdraw_unit(unit: Unit, today: date, now: datetime) -> Decision[Unit]:
    """Take a unit out of use. Raises IllegalTransition while somebody is tied to it, or when it is withdrawn already."""
    _require_in_use(unit, "withdraw")
    if any(tie.until is None or tie.until > today for tie in unit.ties):
        raise IllegalTransition.of("withdraw", "tied", ["end_tie"])
    return Decision(replace(unit, withdrawn_at=now))


def units_withdrawn(project: Project, units: Iterable[Unit]) -> Decision[Project]:
    """The project without ``units``, at most 100, and the event that announces it."""
    gone = _batch(units)
    state = replace(project, units=project.units - len(gone))
    return Decision(state, (Fact("units_withdrawn", {"units": [unit.id for unit in gone]}),))


def measure(unit: Unit, area_m2: float) -> Decision[Unit]:
    """Fill in an area that was unknown. Raises IllegalTransition when another one is on file."""
    _require_in_use(unit, "measure")
    if unit.area_m2 is not None and unit.area_m2 != area_m2:
        raise IllegalTransition.of("measure", "measured", [])
    return Decision(replace(unit, area_m2=area_m2))


def make_tie(unit: Unit, tie: Tie, max_ties: int) -> Decision[Unit]:
    """Tie a person to ``unit`` (handbook §1: each tie with dates).

    Raises BadInput when it ends before it begins or overlaps a tie of the same person in the same role.
    """
    _require_in_use(unit, "make_tie")
    if tie.until is not None and tie.until <= tie.since:
        raise BadInput.of("to", "is not after the first day")
    if any(tie.same_bond(other) and tie.overlaps(other) for other in unit.ties):
        raise BadInput.of("from", "overlaps a tie of the same person in the same role")
    if len(unit.ties) >= max_ties:
        raise BadInput.of("unit", f"has {max_ties} ties already")
    return Decision(replace(unit, ties=(*unit.ties, tie)), (_tie_fact("tie_made", unit, tie),))


def end_tie(unit: Unit, tie_id: str, until: date) -> Decision[Unit]:
    """End an open tie; ``until`` is the first day on which it no longer holds. Raises BadInput, IllegalTransition."""
    tie = next((tie for tie in unit.ties if tie.id == tie_id), None)
    if tie is None:
        raise BadInput.of("tie", "is none of this unit")
    if tie.until is not None:
        raise IllegalTransition.of("end_tie", "ended", [])
    if until <= tie.since:
        raise BadInput.of("to", "is not after the first day")
    ended = replace(tie, until=until)
    ties = tuple(ended if other.id == tie_id else other for other in unit.ties)
    return Decision(replace(unit, ties=ties), (_tie_fact("tie_ended", unit, ended),))


def register_person(person: Person, max_phones: int) -> Decision[Person]:
    """File a new person. Raises BadInput (phones, language)."""
    if len(person.phones) > max_phones:
        raise BadInput.of("phones", f"are more than {max_phones}")
    if person.language not in LANGUAGES:
        raise BadInput.of("language", f"is none of {', '.join(LANGUAGES)}")
    return Decision(person, (Fact("person_registered", {"person": person.id}),))


def add_id_number(person: Person, id_number: Sealed) -> Decision[Person]:
    """Put an identity number on a file that has none. Raises IllegalTransition when another one is on it."""
    if person.id_number is not None and person.id_number.fingerprint != id_number.fingerprint:
        raise IllegalTransition.of("add_id_number", "identified", [])
    return Decision(replace(person, id_number=person.id_number or id_number))


def answering(unit: Unit, day: date, roles: Iterable[str]) -> tuple[Tie, ...]:
    """Who answers for ``unit`` on ``day``, the first to ask first: by ``roles``, then the longest tied."""
    order = {role: rank for rank, role in enumerate(roles)}
    ties = [tie for tie in unit.ties_on(day) if tie.role in order]
    return tuple(sorted(ties, key=lambda tie: (order[tie.role], tie.since, tie.id)))


def today(project: Project, now: datetime) -> date:
    """The day that it is in ``project`` at ``now``."""
    return now.astimezone(ZoneInfo(project.timezone)).date()


def _batch(units: Iterable[Unit]) -> tuple[Unit, ...]:
    batch = tuple(units)
    if not 0 < len(batch) <= MAX_UNITS_PER_EVENT:
        raise ValueError(f"{len(batch)} units in one event")
    return batch


def _require_in_use(unit: Unit, command: str) -> None:
    if unit.withdrawn_at is not None:
        raise IllegalTransition.of(command, "withdrawn", [])


def _tie_fact(name: str, unit: Unit, tie: Tie) -> Fact:
    data = {"tie": tie.id, "unit": unit.id, "person": tie.person, "role": tie.role}
    return Fact(name, {**data, "since": tie.since, "until": tie.until})
