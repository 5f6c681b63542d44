"""Calendars as data: from the shipped table of years and the policy, and to the document that keeps a version."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.clocks.working import Calendar
from steward.policy import merge

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PUBLISHED, PROVISIONAL = "published", "provisional"


class BadCalendar(ValueError):
    """The calendar's data cannot be understood; the message says what and where."""


@dataclass(frozen=True)
class Calendars:
    """The calendar that new clocks freeze, and older versions that running clocks still count by.

    ``archive`` is asked for a version that is not the current one.
    """

    current: Calendar
    archive: Callable[[str], Calendar | None] = field(default=lambda version: None)

    def of(self, version: str) -> Calendar:
        """The calendar called ``version``; the current one stands in for a version that nobody kept."""
        if version == self.current.version:
            return self.current
        return self.archive(version) or self.current


@cache
def shipped_years() -> dict[str, Any]:
    """The table of years that comes with the service."""
    table: dict[str, Any] = tomllib.loads(files(__package__).joinpath("holidays.toml").read_text(encoding="utf-8"))
    return dict(table["years"])


def from_policy(rules: Mapping[str, Any], zone: str | None = None) -> Calendar:
    """The calendar that ``[calendar]`` of the policy describes, in ``zone`` if the project has its own.

    ``[calendar.years.YYYY]`` replaces the shipped year. Raises :class:`BadCalendar`.
    """
    years = {_year(name): table for name, table in merge(shipped_years(), rules.get("years", {})).items()}
    return from_data(
        {
            "zone": zone or rules["zone"],
            "hours": [_interval(text) for text in rules["hours"]],
            "weekdays": [_weekday(name) for name in rules["weekdays"]],
            "holidays": _days(years, "holidays"),
            "workdays": _days(years, "workdays"),
            "published": sorted(year for year, table in years.items() if _status(year, table) == PUBLISHED),
        }
    )


def from_data(data: Mapping[str, Any]) -> Calendar:
    """The calendar in a document of :func:`to_data`, its version included in neither. Raises :class:`BadCalendar`."""
    calendar = Calendar(
        version=version_of(data),
        zone=_zone(data["zone"]),
        hours=tuple((opens, closes) for opens, closes in data["hours"]),
        weekdays=frozenset(data["weekdays"]),
        holidays=frozenset(date.fromisoformat(day) for day in data["holidays"]),
        workdays=frozenset(date.fromisoformat(day) for day in data["workdays"]),
        published=frozenset(data["published"]),
    )
    _check(calendar)
    return calendar


def to_data(calendar: Calendar) -> dict[str, Any]:
    """``calendar`` as plain JSON, from which :func:`from_data` makes the same one, of the same version."""
    return {
        "zone": calendar.zone,
        "hours": [list(pair) for pair in calendar.hours],
        "weekdays": sorted(calendar.weekdays),
        "holidays": sorted(day.isoformat() for day in calendar.holidays),
        "workdays": sorted(day.isoformat() for day in calendar.workdays),
        "published": sorted(calendar.published),
    }


def version_of(data: Mapping[str, Any]) -> str:
    """A name made from the content: last published year, zone and a digest, e.g. ``2026-Asia/Shanghai-3fa94b01``."""
    names = ("zone", "hours", "weekdays", "holidays", "workdays", "published")
    canonical = json.dumps({name: data[name] for name in names}, sort_keys=True)
    digest = hashlib.sha256(canonical.encode()).hexdigest()[:12]
    return f"{max(data['published'], default='none')}-{data['zone']}-{digest}"


def _check(calendar: Calendar) -> None:
    if not calendar.hours or not calendar.weekdays:
        raise BadCalendar("calendar: needs hours and weekdays")
    bounds = [second for pair in calendar.hours for second in pair]
    if bounds != sorted(set(bounds)) or bounds[-1] > 86_400:
        raise BadCalendar("calendar.hours: must be in order, apart, and within one day")
    if calendar.holidays & calendar.workdays:
        raise BadCalendar(f"calendar.years: {min(calendar.holidays & calendar.workdays)} is day off and working day")


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadCalendar(f"calendar.zone: {name!r} is no time zone") from error
    return name


def _interval(text: str) -> list[int]:
    opens, dash, closes = text.partition("-")
    if not dash:
        raise BadCalendar(f"calendar.hours: {text!r} is not HH:MM-HH:MM")
    return [_seconds(opens), _seconds(closes)]


def _seconds(text: str) -> int:
    hours, colon, minutes = text.strip().partition(":")
    if not (colon and hours.isdigit() and minutes.isdigit() and int(minutes) < 60):
        raise BadCalendar(f"calendar.hours: {text!r} is not HH:MM")
    return int(hours) * 3600 + int(minutes) * 60


def _weekday(name: str) -> int:
    if name not in WEEKDAYS:
        raise BadCalendar(f"calendar.weekdays: {name!r} is none of {', '.join(WEEKDAYS)}")
    return WEEKDAYS.index(name)


def _year(name: str) -> int:
    if not name.isdigit():
        raise BadCalendar(f"calendar.years.{name}: not a year")
    return int(name)


def _status(year: int, table: Mapping[str, Any]) -> str:
    status = str(table.get("status", PROVISIONAL))
    if status not in (PUBLISHED, PROVISIONAL):
        raise BadCalendar(f"calendar.years.{year}.status: {status!r} is neither {PUBLISHED} nor {PROVISIONAL}")
    return status


def _days(years: Mapping[int, Any], kind: str) -> list[str]:
    days = set()
    for year, table in years.items():
        for day in table.get(kind, ()):
            if not isinstance(day, date) or day.year != year:
                raise BadCalendar(f"calendar.years.{year}.{kind}: {day} is not a day of that year")
            days.add(day.isoformat())
    return sorted(days)
