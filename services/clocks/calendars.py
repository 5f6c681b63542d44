"""Calendars as data: from a table of years and the policy, and to the document that keeps a version."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.clocks.refusals import BadCalendar, did_you_mean
from services.clocks.working import CLOSURE, HOLIDAY, MAKE_UP, OPENING, Calendar, Reason
from services.clocks.years import PUBLISHED, Years, days_of, national
from steward.plugins import installed

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PLUG_INS = "steward.calendars"
_KEYS = frozenset({"table", "unpublished", "zone", "hours", "weekdays", "years", "closures", "openings", "project_zone"})
_ARITHMETIC = ("zone", "hours", "weekdays", "holidays", "workdays", "published")


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
def china() -> dict[str, Any]:
    """The plug-in ``china`` of ``steward.calendars``: the table of years that comes with the service.

    Every plug-in of the group is a function like this one: it takes nothing and returns ``years`` and ``titles`` in
    the form of ``holidays.toml``, for any country.
    """
    return tomllib.loads(files(__package__).joinpath("holidays.toml").read_text(encoding="utf-8"))


def from_policy(rules: Mapping[str, Any], zone: str | None = None) -> Calendar:
    """The calendar that ``[calendar]`` of the policy describes, in ``zone`` if the project has its own.

    ``[calendar.years.YYYY]`` replaces what the table says of a year; ``[calendar.closures.NAME]`` and
    ``[calendar.openings.NAME]`` overrule both. Raises :class:`BadCalendar`.
    """
    if unknown := sorted(set(rules) - _KEYS):
        raise BadCalendar("calendar", unknown[0], f"unknown{did_you_mean(unknown[0], _KEYS)}")
    years = national(_table(rules), rules.get("years", {}))
    closed, opened = _own(rules, "closures", CLOSURE), _own(rules, "openings", OPENING)
    if both := sorted(set(closed) & set(opened)):
        raise BadCalendar("calendar", "closures", f"{both[0]} is a closure and an opening")
    reasons = years.off | years.make_up | closed | opened
    return from_data(
        {
            "zone": zone or rules["zone"],
            "hours": [_interval(text) for text in _list(rules, "hours")],
            "weekdays": [_weekday(name) for name in _list(rules, "weekdays")],
            "holidays": _iso(day for day, reason in reasons.items() if reason.rule in (HOLIDAY, CLOSURE)),
            "workdays": _iso(day for day, reason in reasons.items() if reason.rule in (MAKE_UP, OPENING)),
            "published": years.published,
            "reasons": {day.isoformat(): asdict(reason) for day, reason in sorted(reasons.items())},
            "warns": _warns(rules),
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
        reasons={date.fromisoformat(day): Reason(**reason) for day, reason in data.get("reasons", {}).items()},
        warns=data.get("warns", True),
    )
    _check(calendar)
    return calendar


def to_data(calendar: Calendar) -> dict[str, Any]:
    """``calendar`` as plain JSON, from which :func:`from_data` makes the same one, of the same version."""
    return {
        "zone": calendar.zone,
        "hours": [list(pair) for pair in calendar.hours],
        "weekdays": sorted(calendar.weekdays),
        "holidays": _iso(calendar.holidays),
        "workdays": _iso(calendar.workdays),
        "published": sorted(calendar.published),
        "reasons": {day.isoformat(): asdict(reason) for day, reason in sorted(calendar.reasons.items())},
        "warns": calendar.warns,
    }


def version_of(data: Mapping[str, Any]) -> str:
    """A name made from all that counting depends on: last published year, zone and a digest, e.g.
    ``2026-Asia/Shanghai-3fa94b01``."""
    canonical = json.dumps({name: data[name] for name in _ARITHMETIC}, sort_keys=True)
    digest = hashlib.sha256(canonical.encode()).hexdigest()[:12]
    return f"{max(data['published'], default='none')}-{data['zone']}-{digest}"


def _table(rules: Mapping[str, Any]) -> Mapping[str, Any]:
    name, known = rules.get("table", ""), installed(_PLUG_INS)
    if name and name not in known:
        raise BadCalendar("calendar", "table", f"unknown calendar {name!r}{did_you_mean(name, known)}; there is {', '.join(known)}")
    table: Mapping[str, Any] = known[name]() if name else {}
    return table


def _own(rules: Mapping[str, Any], kind: str, rule: str) -> dict[date, Reason]:
    """The days that the company or the project itself closes or opens, by day."""
    found: dict[date, Reason] = {}
    for name, entry in rules.get(kind, {}).items():
        if entry.get("enabled", True):
            title = entry.get("title", {"en": name})
            found |= dict.fromkeys(days_of(f"calendar.{kind}.{name}", entry), Reason(rule, title))
    return found


def _check(calendar: Calendar) -> None:
    if not calendar.hours or not calendar.weekdays:
        raise BadCalendar("calendar", "" if calendar.weekdays or calendar.hours else "hours", "needs hours and weekdays")
    bounds = [second for pair in calendar.hours for second in pair]
    if bounds != sorted(set(bounds)) or bounds[-1] > 86_400:
        raise BadCalendar("calendar", "hours", "must be in order, apart, and within one day: intervals that overlap or touch are one")
    if both := calendar.holidays & calendar.workdays:
        raise BadCalendar("calendar", "years", f"{min(both)} is day off and working day")


def _warns(rules: Mapping[str, Any]) -> bool:
    said = rules.get("unpublished", "warn")
    if said not in ("warn", "accept"):
        raise BadCalendar("calendar", "unpublished", f"{said!r} is neither warn nor accept")
    return bool(said == "warn")


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadCalendar("calendar", "zone", f"{name!r} is no time zone") from error
    return name


def _list(rules: Mapping[str, Any], key: str) -> list[Any]:
    given = rules.get(key)
    if not isinstance(given, list) or not all(isinstance(item, str) for item in given):
        raise BadCalendar("calendar", key, f"{given!r} is not a list of texts")
    return given


def _interval(text: str) -> list[int]:
    opens, dash, closes = text.partition("-")
    if not dash:
        raise BadCalendar("calendar", "hours", f"{text!r} is not HH:MM-HH:MM")
    return [seconds_of(opens), seconds_of(closes)]


def seconds_of(text: str) -> int:
    """Seconds after midnight of ``HH:MM``, up to 24:00. Raises :class:`BadCalendar`."""
    hours, colon, minutes = text.strip().partition(":")
    good = colon and hours.isdigit() and minutes.isdigit() and len(minutes) == 2 and int(minutes) < 60
    if not good or (seconds := int(hours) * 3600 + int(minutes) * 60) > 86_400:
        raise BadCalendar("calendar", "hours", f"{text!r} is not HH:MM")
    return seconds


def _weekday(name: str) -> int:
    if name not in WEEKDAYS:
        raise BadCalendar("calendar", "weekdays", f"{name!r} is none of {', '.join(WEEKDAYS)}")
    return WEEKDAYS.index(name)


def _iso(days: Any) -> list[str]:
    return sorted(day.isoformat() for day in days)


__all__ = ["PUBLISHED", "BadCalendar", "Calendars", "Years", "china", "from_data", "from_policy", "seconds_of", "to_data", "version_of"]
