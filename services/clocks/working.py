"""Working time: pure arithmetic on a calendar of working days and hours (handbook §1, §5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

HORIZON_DAYS = 7_400
"""About 20 years: a calendar that has no working time within it is a mistake in its data."""

_MIDNIGHT = timedelta(days=1)


class NoWorkingTime(ValueError):
    """The calendar has no working time in the next 20 years."""


@dataclass(frozen=True)
class Span:
    """Working time that counted, from ``start`` to ``end`` (UTC) without interruption."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.end - self.start


@dataclass(frozen=True, eq=False)
class Calendar:
    """When people work in one place.

    ``hours`` are (opens, closes) in seconds after local midnight, in order and apart; ``weekdays`` count from
    Monday = 0. ``holidays`` are days off, ``workdays`` make-up days worked although they are not weekdays.
    ``published`` are the years whose table is official; all others are provisional. ``version`` names exactly this
    calendar: the same version is the same arithmetic, for ever.
    """

    version: str
    zone: str
    hours: tuple[tuple[int, int], ...]
    weekdays: frozenset[int]
    holidays: frozenset[date]
    workdays: frozenset[date]
    published: frozenset[int]

    @cached_property
    def _tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @cached_property
    def day_length(self) -> timedelta:
        """The working time of one full working day."""
        return timedelta(seconds=sum(closes - opens for opens, closes in self.hours))

    def is_working_day(self, day: date) -> bool:
        """Whether people work on ``day``."""
        return day in self.workdays or (day.weekday() in self.weekdays and day not in self.holidays)

    def is_provisional(self, moment: datetime) -> bool:
        """Whether the year of ``moment`` has no official table yet."""
        return moment.astimezone(self._tz).year not in self.published

    def spans_of(self, day: date) -> Iterator[Span]:
        """The working time of one local day, in order."""
        if not self.is_working_day(day):
            return
        for opens, closes in self.hours:
            span = Span(self._utc(day, opens), self._utc(day, closes))
            if span.start < span.end:
                yield span

    def local_day(self, moment: datetime) -> date:
        """The local day of ``moment``."""
        return moment.astimezone(self._tz).date()

    def _utc(self, day: date, seconds: int) -> datetime:
        """``seconds`` on the wall clock after the midnight that begins ``day``; summer time included."""
        carry, rest = divmod(timedelta(seconds=seconds), _MIDNIGHT)
        wall = datetime(day.year, day.month, day.day, tzinfo=self._tz) + timedelta(days=carry) + rest
        return wall.astimezone(UTC)


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


def elapsed(start: datetime, end: datetime, calendar: Calendar) -> timedelta:
    """The working time between two moments; none when ``end`` is not after ``start``."""
    return sum((span.length for span in explain(start, end, calendar)), timedelta())


def explain(start: datetime, end: datetime, calendar: Calendar) -> tuple[Span, ...]:
    """Which stretches of time between two moments counted. Their lengths add up to :func:`elapsed`."""
    if end <= start:
        return ()
    counted = []
    day, last = calendar.local_day(start), calendar.local_day(end)
    while day <= last:
        for span in calendar.spans_of(day):
            cut = Span(max(span.start, start), min(span.end, end))
            if cut.start < cut.end:
                counted.append(cut)
        day += _MIDNIGHT
    return tuple(counted)


def _spans_after(start: datetime, calendar: Calendar) -> Iterator[Span]:
    first = calendar.local_day(start)
    for ahead in range(HORIZON_DAYS):
        for span in calendar.spans_of(first + timedelta(days=ahead)):
            if span.end > start:
                yield Span(max(span.start, start), span.end)
