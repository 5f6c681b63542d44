"""The public holidays and make-up days of a country, year by year, from the table of a plug-in and the policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from services.clocks.refusals import BadCalendar, did_you_mean
from services.clocks.working import HOLIDAY, MAKE_UP, Reason
from steward.policy import merge

PUBLISHED, PROVISIONAL = "published", "provisional"
_LONGEST_DAYS = 366
_YEAR_KEYS = frozenset({"status", "holidays"})
_DAY_KEYS = frozenset({"from", "to", "workdays", "title", "enabled"})


@dataclass
class Years:
    """Days off and make-up days with their reasons, and the years that have been announced."""

    off: dict[date, Reason] = field(default_factory=dict)
    make_up: dict[date, Reason] = field(default_factory=dict)
    published: list[int] = field(default_factory=list)


def national(table: Mapping[str, Any], over: Mapping[str, Any]) -> Years:
    """What ``table`` of a plug-in says, with what the policy says instead. Raises :class:`BadCalendar`."""
    found, titles = Years(), table.get("titles", {})
    for name, year in sorted(merge(table.get("years", {}), over).items()):
        number = _number(name)
        _only(f"calendar.years.{name}", year, _YEAR_KEYS)
        if _status(name, year) == PUBLISHED:
            found.published.append(number)
        _only(f"calendar.years.{name}.holidays", year.get("holidays", {}))
        for key, entry in year.get("holidays", {}).items():
            where = f"calendar.years.{name}.holidays.{key}"
            _only(where, entry, _DAY_KEYS)
            if entry.get("enabled", True):
                _add(found, where, entry, number, entry.get("title", titles.get(key, {"en": key})))
    if both := sorted(set(found.off) & set(found.make_up)):
        raise BadCalendar("calendar", f"years.{both[0].year}", f"{both[0]} is day off and working day")
    return found


def days_of(where: str, entry: Mapping[str, Any]) -> Iterator[date]:
    """Every day from ``from`` to ``to`` (default: that day alone) of ``entry``. Raises :class:`BadCalendar`."""
    _only(where, entry, _DAY_KEYS)
    first: Any = entry.get("from")
    last: Any = entry.get("to", first)
    if not _is_day(first) or not _is_day(last):
        raise BadCalendar(where, "from, to", "need a day each, like 2027-01-01")
    if not 0 <= (last - first).days <= _LONGEST_DAYS:
        raise BadCalendar(where, "to", f"{last} is before {first}, or more than a year after it")
    return (first + timedelta(days=ahead) for ahead in range((last - first).days + 1))


def _add(found: Years, where: str, entry: Mapping[str, Any], year: int, title: Mapping[str, str]) -> None:
    off = list(days_of(where, entry))
    worked = entry.get("workdays", [])
    if not all(_is_day(day) for day in worked):
        raise BadCalendar(where, "workdays", "a list of days, like 2027-01-02")
    # A New Year's holiday may begin, or be made up for, in the last days of the year before.
    if strange := [day for day in (*off, *worked) if day.year not in (year - 1, year)]:
        raise BadCalendar(where, "", f"{strange[0]} is not a day of that year")
    found.off |= dict.fromkeys(off, Reason(HOLIDAY, title))
    found.make_up |= dict.fromkeys(worked, Reason(MAKE_UP, title))


def _only(where: str, table: Any, keys: frozenset[str] | None = None) -> None:
    if not isinstance(table, Mapping):
        raise BadCalendar(where, "", "is not a table")
    if keys is not None and (unknown := sorted(set(table) - keys)):
        raise BadCalendar(where, unknown[0], f"unknown{did_you_mean(unknown[0], keys)}")


def _number(name: str) -> int:
    if not (name.isdigit() and len(name) == 4):
        raise BadCalendar("calendar", f"years.{name}", "not a year")
    return int(name)


def _status(name: str, year: Mapping[str, Any]) -> str:
    status = str(year.get("status", PROVISIONAL))
    if status not in (PUBLISHED, PROVISIONAL):
        raise BadCalendar(f"calendar.years.{name}", "status", f"{status!r} is neither {PUBLISHED} nor {PROVISIONAL}")
    return status


def _is_day(value: Any) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)
