"""When something recurs: RFC 5545 rules on the wall clock of a project.

A rule is followed in local time, as people live by it, and only what comes out is made a moment. As RFC 5545 asks, a
time that the clock skips in spring means as much after the change as it would have been, and one that comes twice in
autumn means the first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from itertools import islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

ANCHOR = datetime(2024, 1, 1)
"""A Monday, from which intervals are counted: every second week, every third month."""
HORIZON = timedelta(days=366 * 12)
"""Beyond eight years, the longest wait for a leap day, nothing is looked for."""
_CHECKED = 100
"""Occurrences whose distance is looked at."""
_PER = {
    "SECONDLY": timedelta(seconds=1),
    "MINUTELY": timedelta(minutes=1),
    "HOURLY": timedelta(hours=1),
    "DAILY": timedelta(days=1),
    "WEEKLY": timedelta(weeks=1),
}
_DAY = r"(MO|TU|WE|TH|FR|SA|SU)"
_PARTS = {
    "FREQ": r"SECONDLY|MINUTELY|HOURLY|DAILY|WEEKLY|MONTHLY|YEARLY",
    "INTERVAL": r"[1-9]\d{0,5}",
    "BYMONTH": r"[1-9]|1[0-2]",
    "BYMONTHDAY": r"-?([1-9]|[12]\d|3[01])",
    "BYYEARDAY": r"-?([1-9]|[1-9]\d|[12]\d\d|3[0-5]\d|36[0-6])",
    "BYWEEKNO": r"-?([1-9]|[1-4]\d|5[0-3])",
    "BYDAY": rf"(-?[1-5])?{_DAY}",
    "BYHOUR": r"1?\d|2[0-3]",
    "BYMINUTE": r"[1-5]?\d",
    "BYSECOND": r"[1-5]?\d",
    "BYSETPOS": r"-?[1-9]\d{0,2}",
    "WKST": _DAY,
}
"""What a rule may say, and how. Obligations have no end, so COUNT and UNTIL are not among it."""
_SINGLE = frozenset({"FREQ", "INTERVAL", "WKST"})
_WITHIN_A_DAY = frozenset({"FREQ", "INTERVAL"})
"""All that a rule more frequent than daily may say: with more, looking for the next one may take minutes."""


class BadRecurrence(ValueError):
    """A rule cannot be followed; the message says what is wrong with it."""


@dataclass(frozen=True)
class Recurrence:
    """A rule and the time of day at which it strikes when it names no hour itself."""

    text: str
    at: time = time(0)

    def after(self, local: datetime, start: datetime | None = None) -> datetime | None:
        """The first occurrence later than ``local``; both are wall clock times. None when there is none in years.

        ``start``: where its intervals are counted from, and before which there is none.
        """
        return next(self.following(local, start), None)

    def following(self, local: datetime, start: datetime | None = None) -> Iterator[datetime]:
        """Every occurrence later than ``local``, for some years."""
        text, begins = _explicit(self)
        anchor = _near(_parts(text), start or begins, local)
        found: Iterator[datetime] = _rule(text, anchor, max(anchor, local) + HORIZON).xafter(local)
        return found

    def check(self, least: timedelta) -> None:
        """Raises BadRecurrence for what is no rule, what never comes, and what comes more often than every ``least``."""
        _check(self, least)


def moment_of(local: datetime, zone: str) -> datetime:
    """The moment, UTC, at which clocks in ``zone`` show ``local``."""
    return local.replace(tzinfo=_zone(zone), fold=0).astimezone(UTC)


def local_of(moment: datetime, zone: str) -> datetime:
    """What clocks in ``zone`` show at ``moment``."""
    return moment.astimezone(_zone(zone)).replace(tzinfo=None, fold=0)


def check_zone(zone: str) -> str:
    """``zone``, if there is such a time zone. Raises BadRecurrence."""
    try:
        _zone(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadRecurrence(f"{zone!r} is no time zone") from error
    return zone


@lru_cache(maxsize=1024)
def _check(recurrence: Recurrence, least: timedelta) -> None:
    text = recurrence.text
    _check_parts(text)
    first = list(islice(recurrence.following(ANCHOR - timedelta(days=1)), _CHECKED))
    if not first:
        raise BadRecurrence(f"{text!r} never comes")
    if shortest := [one for one, other in pairwise(first) if other - one < least]:
        raise BadRecurrence(f"{text!r} comes more often than every {least.total_seconds():.0f} s, at {shortest[0]}")


@lru_cache(maxsize=1024)
def _zone(zone: str) -> ZoneInfo:
    return ZoneInfo(zone)


@lru_cache(maxsize=1024)
def _explicit(recurrence: Recurrence) -> tuple[str, datetime]:
    """The rule with its time of day written out, so that it may start at midnight, and where its intervals are counted from."""
    text, at = recurrence.text, recurrence.at
    parts = _parts(text)
    if _within_a_day(parts):
        return text, datetime.combine(ANCHOR, at)
    own = "BYHOUR" in parts
    times = {"BYHOUR": at.hour, "BYMINUTE": 0 if own else at.minute, "BYSECOND": 0 if own else at.second}
    return ";".join([text, *(f"{name}={value}" for name, value in times.items() if name not in parts)]), ANCHOR


def _within_a_day(parts: Mapping[str, str]) -> bool:
    return _PER.get(parts["FREQ"], timedelta.max) < timedelta(days=1)


@lru_cache(maxsize=1024)
def _parts(text: str) -> Mapping[str, str]:
    return dict(part.partition("=")[::2] for part in text.split(";"))


def _check_parts(text: str) -> None:
    names = [part.partition("=")[0] for part in text.split(";")]
    if len(set(names)) != len(names) or "FREQ" not in names:
        raise BadRecurrence(f"{text!r} needs FREQ, and each part once")
    for name, value in _parts(text).items():
        values = [value] if name in _SINGLE else value.split(",")
        if name not in _PARTS or not all(re.fullmatch(_PARTS[name], one) for one in values):
            raise BadRecurrence(f"{name}={value} is not understood; known: {', '.join(_PARTS)}")
    if _within_a_day(_parts(text)) and set(names) - _WITHIN_A_DAY:
        raise BadRecurrence(f"{_parts(text)['FREQ']} goes with INTERVAL alone; use FREQ=DAILY with BYHOUR, BYMINUTE")


def _near(parts: Mapping[str, str], start: datetime, local: datetime) -> datetime:
    """``start``, moved on by whole intervals to shortly before ``local``: rules are followed from their start on."""
    per = _PER.get(parts["FREQ"])
    if per is None or local <= start:
        return start
    step = per * int(parts.get("INTERVAL", "1"))
    return start + step * max((local - start) // step - 1, 0)


def _rule(text: str, start: datetime, until: datetime) -> Any:
    from dateutil.rrule import rrulestr

    rule: Any = rrulestr(text, dtstart=start)
    return rule.replace(until=until)
