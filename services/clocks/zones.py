"""How a place's wall clock runs: when it leaps, and which moments it shows on a given day.

A wall clock is UTC with an offset that changes now and then. A leap forward leaves readings out, a leap back shows
some twice, and either may touch midnight or a whole day; all of it follows from the pieces between two leaps.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_FARTHEST = timedelta(hours=16)
"""No place has ever been farther from UTC."""
_STEP = timedelta(hours=6)
_SECOND = timedelta(seconds=1)
Piece = tuple[datetime, datetime, datetime]
"""From, until, and the moment at which the wall clock would show midnight, had it always run as it does meanwhile."""


@lru_cache(maxsize=4096)
def pieces(zone: str, day: date) -> tuple[Piece, ...]:
    """The pieces of time, in order, in which the wall clock may show ``day``."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    start, end = midnight - _FARTHEST, midnight + _DAY + _FARTHEST
    bounds = [start, *(leap for leap in _leaps_near(zone, start, end) if start < leap < end), end]
    return tuple((first, last, midnight - _offset(_tz(zone), first)) for first, last in pairwise(bounds))


def local_day(zone: str, moment: datetime) -> date:
    """The day that the wall clock shows at ``moment``."""
    return wall(zone, moment).date()


def wall(zone: str, moment: datetime) -> datetime:
    """What the wall clock shows at ``moment``."""
    return moment.astimezone(_tz(zone))


def at_wall(zone: str, day: date, seconds: int) -> datetime:
    """The first moment (UTC) at which the wall clock shows ``seconds`` after the midnight that begins ``day``.

    A reading that a leap forward leaves out is the moment of the leap.
    """
    carry, rest = divmod(seconds, 86_400)
    day += carry * _DAY
    shown = datetime(day.year, day.month, day.day, tzinfo=_tz(zone)) + timedelta(seconds=rest)
    moment = shown.astimezone(UTC)
    if wall(zone, moment).replace(tzinfo=None) == shown.replace(tzinfo=None):
        return moment
    return max(leap for leap in _leaps_near(zone, moment - _DAY, moment + _DAY) if leap <= moment)


def _tz(zone: str) -> ZoneInfo:
    return ZoneInfo(zone)


def _offset(tz: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(tz).utcoffset() or timedelta()


def _leaps_near(zone: str, start: datetime, end: datetime) -> tuple[datetime, ...]:
    leaps = _leaps(zone, start.year)
    return leaps if start.year == end.year else (*leaps, *_leaps(zone, end.year))


@lru_cache(maxsize=2048)
def _leaps(zone: str, year: int) -> tuple[datetime, ...]:
    """When the offset changes during ``year`` (UTC), exact to the second."""
    tz, found = _tz(zone), []
    at, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    while at < end:
        if _offset(tz, at) != _offset(tz, at + _STEP):
            found.append(_between(tz, at, at + _STEP))
        at += _STEP
    return tuple(found)


def _between(tz: ZoneInfo, low: datetime, high: datetime) -> datetime:
    before = _offset(tz, low)
    while high - low > _SECOND:
        middle = low + (high - low) // _SECOND // 2 * _SECOND
        low, high = (middle, high) if _offset(tz, middle) == before else (low, middle)
    return high
