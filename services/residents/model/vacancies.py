"""Vacant units 空置房 (handbook §2): confirmed again each month, and counted each month, as rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from services.residents.model.ties import Role
from services.residents.model.units import Occupancy, Unit
from steward.errors import BadInput
from steward.facts import Decision, Fact


@dataclass(frozen=True)
class VacancyCount:
    """How many units of a project were vacant when a month was counted: with an owner (``sold``), and still the developer's."""

    id: str
    project: str
    month: str
    counted_at: datetime
    vacant: int
    sold: int
    confirmed: int
    version: int = 0


def month_of(day: date) -> str:
    """The month of ``day``, as ``2026-11``."""
    return f"{day:%Y-%m}"


def is_confirmed(unit: Unit, today: date) -> bool:
    """Whether somebody has seen this month that ``unit`` is vacant."""
    return unit.vacant_seen_on is not None and month_of(unit.vacant_seen_on) == month_of(today)


def is_sold(unit: Unit, today: date) -> bool:
    """Whether ``unit`` has an owner."""
    return any(tie.role is Role.OWNER for tie in unit.ties_on(today))


def confirm(unit: Unit, field: str, today: date) -> Decision[Unit]:
    """Somebody saw that ``unit`` is vacant still. Raises BadInput (``field``) where it is not."""
    if unit.state is not Occupancy.VACANT or unit.withdrawn_at is not None:
        raise BadInput.of(field, "is not a vacant unit")
    return Decision(replace(unit, vacant_seen_on=today), (Fact("vacancy_confirmed", {"unit": unit.id, "on": today}),))


def count(id: str, project: str, units: Iterable[Unit], today: date, now: datetime) -> Decision[VacancyCount]:
    """The count of the month of ``today``; ``units`` are those that are vacant."""
    seen = Counter((is_sold(unit, today), is_confirmed(unit, today)) for unit in units)
    sold, confirmed = seen[True, True] + seen[True, False], seen[True, True] + seen[False, True]
    counted = VacancyCount(id, project, month_of(today), now, seen.total(), sold, confirmed)
    names = ("month", "vacant", "sold", "confirmed")
    return Decision(counted, (Fact("vacancies_counted", {name: getattr(counted, name) for name in names}),))
