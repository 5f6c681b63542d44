"""A unit and who is tied to it, as rules (handbook §1, §2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from services.residents.model.places import Project
from services.residents.model.ties import Role, Stamp, Tie, require_shares_fit, share_text
from steward.errors import BadInput, IllegalTransition
from steward.facts import Decision, Fact

MAX_UNITS_PER_EVENT = 100
"""The event contract's bound on ``units_registered`` and ``units_withdrawn``, and on what else is told by the hundred."""
TOGETHER = {
    "person_registered": ("people_registered", "people", "person"),
    "tie_made": ("ties_made", "ties", None),
    "tie_struck": ("ties_struck", "ties", None),
    "person_unfiled": ("people_unfiled", "people", "person"),
}
"""Facts that a roster tells together: the event of many, its field that lists them, and what of each is listed (None: all)."""


class Use(StrEnum):
    """What a unit is for."""

    RESIDENTIAL = "residential"
    SHOP = "shop"
    OFFICE = "office"
    PARKING = "parking"
    STORAGE = "storage"
    OTHER = "other"


class Occupancy(StrEnum):
    """Who lives in a unit: its owner's people, a tenant, or nobody (空置房, handbook §2)."""

    OCCUPIED = "occupied"
    LET = "let"
    VACANT = "vacant"


_TOLD_BY = ((Role.TENANT, Occupancy.LET), (Role.RESIDENT, Occupancy.OCCUPIED))
"""The ties that tell who lives in a unit, the one that wins first."""
_TOLD = ("area_m2", "use", "building", "handed_over_on", "state")
"""The facts of a unit whose change is told."""


@dataclass(frozen=True)
class Unit:
    """A unit 房号 with everybody who is or was tied to it. ``area_m2`` is in square metres, None while unknown.

    ``building`` is the building's code. ``state`` is who lives in it (None: not worked out yet), ``stated`` what staff
    said of that, ``turns_at`` when a tie begins or ends next. ``liable_until`` are the last days of the developer's
    liability for defects 保修期, by what is liable for. ``moved_in_on`` is when people moved in last, ``visited_on`` when
    somebody of the house was there last, ``vacant_seen_on`` when somebody last saw that it is vacant. ``taken_back``: out
    of use because the roster that filed it was undone.
    """

    id: str
    project: str
    label: str
    building: str
    area_m2: float | None
    use: Use
    registered_at: datetime
    ties: tuple[Tie, ...] = ()
    withdrawn_at: datetime | None = None
    handed_over_on: date | None = None
    liable_until: dict[str, date] = field(default_factory=dict)
    stated: Occupancy | None = None
    state: Occupancy | None = None
    turns_at: datetime | None = None
    moved_in_on: date | None = None
    visited_on: date | None = None
    vacant_seen_on: date | None = None
    taken_back: bool = False
    version: int = 0

    def ties_on(self, day: date) -> tuple[Tie, ...]:
        """The ties in force on ``day``."""
        return tuple(tie for tie in self.ties if tie.holds_on(day))


@dataclass(frozen=True)
class Terms:
    """What a company says of units: who lives in one of which only the owner is known, and months of liability by item."""

    owner_only: Occupancy
    liable_months: Mapping[str, int]


def in_use(unit: Unit) -> bool:
    """Whether ``unit`` is not withdrawn."""
    return unit.withdrawn_at is None


def register_unit(unit_id: str, project: Project, label: str, building: str, area_m2: float | None, use: Use, now: datetime) -> Unit:
    """A new unit of ``project``; :func:`units_registered` announces it. Raises BadInput (label, area_m2)."""
    if not label.strip():
        raise BadInput.of("label", "is empty")
    if area_m2 is not None and area_m2 <= 0:
        raise BadInput.of("area_m2", "is not more than 0")
    return Unit(unit_id, project.id, label, building, area_m2, use, registered_at=now)


def units_registered(project: Project, units: Iterable[Unit]) -> Decision[Project]:
    """The project with ``units`` counted, and the events that announce them, at most 100 in each."""
    new = tuple(units)
    buildings = sorted({*project.buildings, *(unit.building for unit in new if unit.building)})
    state = replace(project, buildings=tuple(buildings), units=project.units + len(new))
    listed = [{"id": unit.id, "label": unit.label, "building": unit.building} for unit in new]
    return Decision(state, _in_pieces("units_registered", "units", listed))


def withdraw_unit(unit: Unit, today: date, now: datetime) -> Decision[Unit]:
    """Take a unit out of use. Raises IllegalTransition while somebody is tied to it, or when it is withdrawn already."""
    _require_in_use(unit, "withdraw")
    if any(tie.until is None or tie.until > today for tie in unit.ties):
        raise IllegalTransition.of("withdraw", "tied", ["end_tie"])
    return Decision(replace(unit, withdrawn_at=now))


def units_withdrawn(project: Project, units: Iterable[Unit]) -> Decision[Project]:
    """The project without ``units``, and the events that announce it, at most 100 in each."""
    gone = tuple(units)
    state = replace(project, units=project.units - len(gone))
    return Decision(state, _in_pieces("units_withdrawn", "units", [unit.id for unit in gone]))


def told_together(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Facts of many people and ties as few: what a roster files is told by the hundred, and not one by one."""
    groups: dict[str, list[Any]] = {name: [] for name in TOGETHER}
    for fact in facts:
        member = TOGETHER[fact.name][2]
        groups[fact.name].append(fact.data[member] if member else fact.data)
    return tuple(told for name, many in groups.items() for told in _in_pieces(*TOGETHER[name][:2], many))


def measure(unit: Unit, area_m2: float) -> Decision[Unit]:
    """Fill in an area that was unknown. Raises IllegalTransition when another one is on file."""
    _require_in_use(unit, "measure")
    if unit.area_m2 is not None and unit.area_m2 != area_m2:
        raise IllegalTransition.of("measure", "measured", [])
    return Decision(replace(unit, area_m2=area_m2))


def change_unit(unit: Unit, changes: Mapping[str, Any], today: date, terms: Terms) -> Decision[Unit]:
    """Other facts: area_m2, use, building, handed_over_on, stated; :func:`settled` tells of them.

    Liability runs from the day of handover, by the terms of the day on which that is filed (handbook §2, handover).
    Raises BadInput (area_m2, handed_over_on), IllegalTransition when the unit is withdrawn.
    """
    _require_in_use(unit, "change")
    area, day = changes.get("area_m2"), changes.get("handed_over_on")
    if area is not None and area <= 0:
        raise BadInput.of("area_m2", "is not more than 0")
    if day is not None and day > today:
        raise BadInput.of("handed_over_on", "is yet to come")
    changed = replace(unit, **changes)
    if changed.handed_over_on != unit.handed_over_on:
        changed = replace(changed, liable_until=liable_until(day, terms) if day else {})
    return Decision(changed)


def liable_until(handed_over_on: date, terms: Terms) -> dict[str, date]:
    """The last day of liability for each item: so many months on, at the month's end where it has no such day."""
    return {item: handed_over_on + relativedelta(months=months) for item, months in sorted(terms.liable_months.items())}


def occupancy(unit: Unit, day: date, terms: Terms) -> Occupancy:
    """Who lives in ``unit`` on ``day``.

    Ties win where they tell: a tenant's says let, a resident's occupied. Else what staff stated; else the terms where
    there is an owner, and vacant where there is nobody.
    """
    roles = {tie.role for tie in unit.ties_on(day)}
    for role, told in _TOLD_BY:
        if role in roles:
            return told
    return unit.stated or (terms.owner_only if roles else Occupancy.VACANT)


def settled(before: Unit | None, decision: Decision[Unit], today: date, timezone: str, terms: Terms) -> Decision[Unit]:
    """``decision`` with who lives there worked out, and one event for all that changed of the unit itself.

    A state that was not known before is filed and not told.
    """
    unit = decision.state
    state = occupancy(unit, today, terms) if unit.withdrawn_at is None else unit.state
    after = replace(unit, state=state, turns_at=_next_turn(unit, today, timezone))
    if before is None:
        return Decision(after, decision.facts)
    names = [name for name in _TOLD if getattr(before, name) != getattr(after, name) and (name != "state" or before.state)]
    told = (_unit_fact(after, names),) if names else ()
    return Decision(after, (*decision.facts, *told))


def make_tie(unit: Unit, tie: Tie, max_ties: int) -> Decision[Unit]:
    """Tie a person to ``unit`` (handbook §1: each tie with dates).

    Raises BadInput when it ends before it begins, overlaps a tie of the same person in the same role, or has a share
    that makes more than the whole.
    """
    _require_in_use(unit, "make_tie")
    if tie.until is not None and tie.until <= tie.since:
        raise BadInput.of("to", "is not after the first day")
    if any(tie.same_bond(other) and tie.overlaps(other) for other in unit.ties):
        raise BadInput.of("from", "overlaps a tie of the same person in the same role")
    if len(unit.ties) >= max_ties:
        raise BadInput.of("unit", f"has {max_ties} ties already")
    tie = replace(tie, share=share_text(tie.share) if tie.share else None)
    require_shares_fit(unit.ties, tie)
    return Decision(replace(unit, ties=(*unit.ties, tie)), (_tie_fact("tie_made", unit, tie),))


def end_tie(unit: Unit, tie_id: str, until: date, stamp: Stamp | None = None) -> Decision[Unit]:
    """End an open tie; ``until`` is the first day on which it no longer holds. Raises BadInput, IllegalTransition."""
    tie = _tie(unit, tie_id)
    if tie.until is not None:
        raise IllegalTransition.of("end_tie", "ended", [])
    if until <= tie.since:
        raise BadInput.of("to", "is not after the first day")
    ended = replace(tie, until=until, ended=stamp)
    return Decision(_with_tie(unit, ended), (_tie_fact("tie_ended", unit, ended),))


def set_share(unit: Unit, tie_id: str, share: str | None) -> Decision[Unit]:
    """What an owner owns of the unit; None: no longer said. Raises BadInput (tie, share), IllegalTransition."""
    tie = _tie(unit, tie_id)
    if tie.until is not None:
        raise IllegalTransition.of("set_share", "ended", [])
    changed = replace(tie, share=share_text(share) if share else None)
    require_shares_fit(unit.ties, changed)
    return Decision(_with_tie(unit, changed), (_tie_fact("tie_changed", unit, changed),) if changed != tie else ())


def answering(unit: Unit, day: date, roles: Iterable[str]) -> tuple[Tie, ...]:
    """Who answers for ``unit`` on ``day``, the first to ask first: by ``roles``, then the longest tied."""
    order = {role: rank for rank, role in enumerate(roles)}
    ties = [tie for tie in unit.ties_on(day) if tie.role in order]
    return tuple(sorted(ties, key=lambda tie: (order[tie.role], tie.since, tie.id)))


def _in_pieces(name: str, field: str, many: list[Any]) -> tuple[Fact, ...]:
    starts = range(0, len(many), MAX_UNITS_PER_EVENT)
    return tuple(Fact(name, {field: many[start : start + MAX_UNITS_PER_EVENT]}) for start in starts)


def _require_in_use(unit: Unit, command: str) -> None:
    if unit.withdrawn_at is not None:
        raise IllegalTransition.of(command, "withdrawn", [])


def _tie(unit: Unit, tie_id: str) -> Tie:
    tie = next((tie for tie in unit.ties if tie.id == tie_id), None)
    if tie is None:
        raise BadInput.of("tie", "is none of this unit")
    return tie


def _with_tie(unit: Unit, tie: Tie) -> Unit:
    return replace(unit, ties=tuple(tie if other.id == tie.id else other for other in unit.ties))


def _next_turn(unit: Unit, today: date, timezone: str) -> datetime | None:
    """The midnight in ``timezone`` at which a tie begins or ends next."""
    if unit.withdrawn_at is not None:
        return None
    days = [day for tie in unit.ties for day in (tie.since, tie.until) if day is not None and day > today]
    return datetime.combine(min(days), time(), ZoneInfo(timezone)).astimezone(UTC) if days else None


def _tie_fact(name: str, unit: Unit, tie: Tie) -> Fact:
    data = {"tie": tie.id, "unit": unit.id, "person": tie.person, "role": tie.role}
    return Fact(name, {**data, "since": tie.since, "until": tie.until, "share": tie.share})


def _unit_fact(unit: Unit, changed: Iterable[str]) -> Fact:
    data = {name: getattr(unit, name) for name in ("label", *_TOLD, "liable_until")}
    return Fact("unit_changed", {"unit": unit.id, "changed": list(changed), **data})
