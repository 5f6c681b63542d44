"""Working time: pure arithmetic on a calendar of working days and hours (handbook §1, §5).

A moment is worked when the wall clock of the place then shows a time within the hours of a day on which people work.
All else follows: in the night that the clocks go back an hour may count twice, one that is left out never counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from services.clocks import zones

HORIZON_DAYS = 7_400
"""About 20 years: a calendar that has no working time within it is a mistake in its data."""

WEEKDAY, DAY_OFF = "weekday", "day_off"
HOLIDAY, MAKE_UP, CLOSURE, OPENING = "holiday", "make_up", "closure", "opening"
_DAY = timedelta(days=1)


class NoWorkingTime(ValueError):
    """The calendar has no working time in the next 20 years."""


class Span(NamedTuple):
    """Working time that counted, from ``start`` to ``end`` (UTC) without interruption."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.end - self.start


@dataclass(frozen=True)
class Reason:
    """What makes a day a day off or a working day against the week: ``rule`` and its name, by language."""

    rule: str
    title: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Day:
    """A local day in an explanation: whether people work, which rule says so, and what of it counted."""

    date: date
    working: bool
    reason: Reason
    spans: tuple[Span, ...]


@dataclass(frozen=True, eq=False)
class Calendar:
    """When people work in one place.

    ``hours`` are (opens, closes) in seconds after local midnight, in order and apart; ``weekdays`` count from
    Monday = 0. ``holidays`` are days off, ``workdays`` days worked although they are not weekdays; ``reasons`` say why
    of some of either. ``published`` are the years whose table is official; all others are provisional, and ``warns``
    says whether that matters. ``version`` names exactly this calendar: the same version is the same arithmetic.
    """

    version: str
    zone: str
    hours: tuple[tuple[int, int], ...]
    weekdays: frozenset[int]
    holidays: frozenset[date]
    workdays: frozenset[date]
    published: frozenset[int]
    reasons: Mapping[date, Reason] = field(default_factory=dict)
    warns: bool = True

    @cached_property
    def day_length(self) -> timedelta:
        """The working time of one full working day."""
        return timedelta(seconds=sum(closes - opens for opens, closes in self.hours))

    @cached_property
    def _hours(self) -> tuple[tuple[timedelta, timedelta], ...]:
        return tuple((timedelta(seconds=opens), timedelta(seconds=closes)) for opens, closes in self.hours)

    def is_working_day(self, day: date) -> bool:
        """Whether people work on ``day``."""
        return day in self.workdays or (day.weekday() in self.weekdays and day not in self.holidays)

    def why(self, day: date) -> Reason:
        """What decides whether people work on ``day``."""
        if day in self.workdays:
            return self.reasons.get(day, Reason(MAKE_UP))
        if day in self.holidays:
            return self.reasons.get(day, Reason(HOLIDAY))
        return Reason(WEEKDAY if day.weekday() in self.weekdays else DAY_OFF)

    def is_provisional(self, start: datetime, end: datetime | None = None) -> bool:
        """Whether a year from ``start`` to ``end`` (default: that of ``start``) has no official table yet."""
        first = self.local_day(start).year
        last = self.local_day(end).year if end else first
        return self.warns and any(year not in self.published for year in range(first, last + 1))

    def spans_of(self, day: date) -> tuple[Span, ...]:
        """The working time of one local day, in order."""
        if not self.is_working_day(day):
            return ()
        return tuple(self._shown(day))

    def local_day(self, moment: datetime) -> date:
        """The local day of ``moment``."""
        return zones.local_day(self.zone, moment)

    def wall(self, moment: datetime) -> datetime:
        """What the wall clock shows at ``moment``."""
        return zones.wall(self.zone, moment)

    def at(self, day: date, seconds: int) -> datetime:
        """The moment at which the wall clock shows ``seconds`` after the midnight that begins ``day``."""
        return zones.at_wall(self.zone, day, seconds)

    def _shown(self, day: date) -> Iterator[Span]:
        """The moments at which the wall clock shows ``day`` and a time within the hours."""
        for start, end, midnight in zones.pieces(self.zone, day):
            for opens, closes in self._hours:
                first, last = max(midnight + opens, start), min(midnight + closes, end)
                if first < last:
                    yield Span(first, last)


def add(start: datetime, duration: timedelta, calendar: Calendar) -> datetime:
    """The earliest moment at which ``duration`` of working time has passed since ``start`` (UTC).

    No duration at all ends at ``start``, and time that is used up at closing ends there, not the next morning.
    Raises :class:`NoWorkingTime`.
    """
    if duration <= timedelta():
        return start
    left = duration
    for span in _spans_after(start, calendar):
        if left <= span.length:
            return span.start + left
        left -= span.length
    raise NoWorkingTime(calendar.version)


def days_from(day: date, calendar: Calendar, working: bool = True) -> Iterator[date]:
    """``day`` and those after it, for 20 years; with ``working`` only those on which people work."""
    days = (day + timedelta(days=ahead) for ahead in range(HORIZON_DAYS))
    return (one for one in days if not working or calendar.is_working_day(one))


def working_day_after(day: date, count: int, calendar: Calendar) -> date:
    """The working day ``count`` working days after ``day``, which does not count itself. Raises :class:`NoWorkingTime`."""
    found = next(islice((one for one in days_from(day, calendar) if one > day), count - 1, None), None)
    if found is None:
        raise NoWorkingTime(calendar.version)
    return found


def elapsed(start: datetime, end: datetime, calendar: Calendar) -> timedelta:
    """The working time between two moments; none when ``end`` is not after ``start``."""
    return sum((span.length for span in counted(start, end, calendar)), timedelta())


def counted(start: datetime, end: datetime, calendar: Calendar) -> tuple[Span, ...]:
    """Which stretches of time between two moments counted. Their lengths add up to :func:`elapsed`."""
    return tuple(sorted(span for day in explain(start, end, calendar) for span in day.spans))


def explain(start: datetime, end: datetime, calendar: Calendar) -> tuple[Day, ...]:
    """Each local day from ``start`` to ``end``: what decided whether it is worked, and which stretches of it counted."""
    if end <= start:
        return ()
    first, last = calendar.local_day(start), calendar.local_day(end)
    # Where the clocks go back over midnight, a day comes again after the next one has begun.
    days = (_explained(first + timedelta(days=ahead), start, end, calendar) for ahead in range(-1, (last - first).days + 2))
    return tuple(day for day in days if day.spans or first <= day.date <= last)


def _explained(day: date, start: datetime, end: datetime, calendar: Calendar) -> Day:
    cut = (Span(max(span.start, start), min(span.end, end)) for span in calendar.spans_of(day))
    return Day(day, calendar.is_working_day(day), calendar.why(day), tuple(span for span in cut if span.start < span.end))


def _spans_after(start: datetime, calendar: Calendar) -> Iterator[Span]:
    return (Span(max(span.start, start), span.end) for span in _in_order(start, calendar) if span.end > start)


def _in_order(start: datetime, calendar: Calendar) -> Iterator[Span]:
    """The working time of all days around and after ``start``, even where a day comes again after the next has begun."""
    day = calendar.local_day(start) - _DAY
    held: tuple[Span, ...] = ()
    for ahead in range(HORIZON_DAYS):
        fresh = calendar.spans_of(day + timedelta(days=ahead))
        if held and fresh and fresh[0] < held[-1]:
            held = tuple(sorted((*held, *fresh)))
            continue
        yield from held
        held = fresh
    yield from held
