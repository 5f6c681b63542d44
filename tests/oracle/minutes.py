"""An obviously right, slow account of working time: it asks of every single minute what the wall clock then shows.

It shares no code with what it judges: no leaps, no pieces, no arithmetic on days.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

MINUTE_MS = 60_000


@dataclass(frozen=True)
class Place:
    """Where and when people work: ``hours`` in minutes after midnight, ``weekdays`` from Monday = 0."""

    zone: str
    hours: tuple[tuple[int, int], ...]
    weekdays: frozenset[int]
    holidays: frozenset[date]
    workdays: frozenset[date]

    def works(self, wall: datetime) -> bool:
        """Whether people work when the wall clock shows ``wall``."""
        day, minute = wall.date(), wall.hour * 60 + wall.minute
        worked = day in self.workdays or (day.weekday() in self.weekdays and day not in self.holidays)
        return worked and any(opens <= minute < closes for opens, closes in self.hours)


class Minutes:
    """The minutes from ``start`` (Unix time, a whole minute), each asked once whether it is worked."""

    def __init__(self, place: Place, start: int, minutes: int) -> None:
        tz = ZoneInfo(place.zone)
        self.start_ms = start * 1000
        self.worked = [place.works(datetime.fromtimestamp(start + minute * 60, tz)) for minute in range(minutes)]
        self.before_ms = [0]
        for worked in self.worked:
            self.before_ms.append(self.before_ms[-1] + MINUTE_MS * worked)

    def until(self, moment_ms: int) -> int:
        """The working time, in milliseconds, from the first minute to ``moment_ms``."""
        minute, rest = divmod(moment_ms - self.start_ms, MINUTE_MS)
        return self.before_ms[minute] + (rest if rest and self.worked[minute] else 0)

    def elapsed(self, start_ms: int, end_ms: int) -> int:
        """The working time between two moments."""
        return self.until(end_ms) - self.until(start_ms) if end_ms > start_ms else 0

    def add(self, start_ms: int, duration_ms: int) -> int | None:
        """The first moment by which ``duration_ms`` has been worked since ``start_ms``; None: after the last minute."""
        if not duration_ms:
            return start_ms
        wanted = self.until(start_ms) + duration_ms
        minute = bisect_left(self.before_ms, wanted) - 1
        if minute >= len(self.worked):
            return None
        return self.start_ms + minute * MINUTE_MS + wanted - self.before_ms[minute]

    def spans(self) -> list[tuple[int, int]]:
        """Every stretch of minutes worked one after the other, in milliseconds."""
        found: list[tuple[int, int]] = []
        for minute, worked in enumerate(self.worked):
            at = self.start_ms + minute * MINUTE_MS
            if worked and found and found[-1][1] == at:
                found[-1] = (found[-1][0], at + MINUTE_MS)
            elif worked:
                found.append((at, at + MINUTE_MS))
        return found
