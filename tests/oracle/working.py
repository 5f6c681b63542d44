"""Working time against the minutes it is made of: ``python -m tests.oracle.working --cases 1000000 --seed 1``.

A *world* is a place with random hours, days off and make-up days, and ten days of it, often around a leap of its wall
clock. In each world random cases ask ``add`` and ``elapsed`` about random moments, to the millisecond.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import repeat
from random import Random
from time import monotonic
from zoneinfo import ZoneInfo

from services.clocks import calendars, working
from services.clocks.working import Calendar
from tests.oracle.minutes import MINUTE_MS, Minutes, Place

ZONES = (
    "Asia/Shanghai", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Tehran", "Asia/Beirut", "Asia/Gaza", "Asia/Pyongyang",
    "Asia/Hong_Kong", "Europe/Berlin", "Europe/Dublin", "Europe/Moscow", "Europe/Lisbon", "Atlantic/Azores", "Africa/Cairo",
    "Africa/Casablanca", "America/New_York", "America/St_Johns", "America/Havana", "America/Santiago", "America/Asuncion",
    "America/Sao_Paulo", "America/Caracas", "America/Nuuk", "Australia/Sydney", "Australia/Lord_Howe", "Pacific/Chatham",
    "Pacific/Apia", "Pacific/Kiritimati", "Antarctica/Troll", "Asia/Urumqi", "UTC",
)  # fmt: skip
DAYS, CASES = 10, 250
_DAY_S = 86_400


@dataclass
class Tally:
    """What was compared, and the first few that differ."""

    cases: int = 0
    zones: set[str] = field(default_factory=set)
    leaps: int = 0
    wrong: list[str] = field(default_factory=list)

    def __iadd__(self, other: Tally) -> Tally:
        self.cases += other.cases
        self.zones |= other.zones
        self.leaps += other.leaps
        self.wrong += other.wrong
        return self


def world(seed: int, zone: str, cases: int) -> Tally:
    """One world of ``zone``, and ``cases`` cases in it."""
    random = Random(f"{seed}:{zone}")
    start = _start(random, zone)
    place = _place(random, zone, date.fromtimestamp(start))
    minutes, calendar = Minutes(place, start, DAYS * 24 * 60), _calendar(place)
    tally = Tally(cases, {zone}, int(_leaps(zone, start, DAYS)))
    where = f"seed {seed} zone {zone}"
    if (spans := _spans(calendar, start)) != minutes.spans():
        tally.wrong.append(f"{where}: spans {spans}, expected {minutes.spans()}")
    for _ in range(cases):
        tally.wrong += (f"{where}: {said}" for said in _case(random, minutes, calendar))
    return tally


def run(cases: int, seed: int, processes: int) -> Tally:
    """At least ``cases`` cases, over all zones alike."""
    worlds = -(-cases // CASES)
    seeds, zones = range(seed, seed + worlds), [ZONES[number % len(ZONES)] for number in range(worlds)]
    total = Tally()
    with ProcessPoolExecutor(processes) as pool:
        for tally in pool.map(world, seeds, zones, repeat(CASES), chunksize=8):
            total += tally
    return total


def _case(random: Random, minutes: Minutes, calendar: Calendar) -> Iterator[str]:
    length = DAYS * _DAY_S * 1000 - 1
    start = minutes.start_ms + _moment(random, length // 2)
    end = min(start + _moment(random, length // 2), minutes.start_ms + length)
    found = working.elapsed(_utc(start), _utc(end), calendar) / timedelta(milliseconds=1)
    if found != minutes.elapsed(start, end):
        yield f"elapsed {start} {end}: {found}, expected {minutes.elapsed(start, end)}"
    wanted = random.choice([random.randrange(minutes.before_ms[-1] + 1), minutes.elapsed(start, end), 60_000 * random.randrange(600)])
    due = minutes.add(start, wanted)
    if due is not None and (said := working.add(_utc(start), timedelta(milliseconds=wanted), calendar)) != _utc(due):
        yield f"add {start} {wanted}: {said}, expected {_utc(due)}"


def _moment(random: Random, most: int) -> int:
    """A moment to the millisecond, the second or the minute."""
    return random.randrange(most) // (unit := random.choice([1, 1000, MINUTE_MS])) * unit


def _start(random: Random, zone: str) -> int:
    """A whole day's beginning in UTC, three times out of four shortly before the wall clock leaps, if it does."""
    while True:
        day = date(1992, 1, 1) + timedelta(days=random.randrange(45 * 365))
        start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
        if random.randrange(4) == 0:
            return start
        ahead = next((n for n in range(370) if _leaps(zone, start + n * _DAY_S, 1)), None)
        if ahead is not None:
            return start + (ahead - random.randint(1, DAYS - 1)) * _DAY_S
        if random.randrange(4) == 0:
            return start


def _leaps(zone: str, start: int, days: int) -> bool:
    tz = ZoneInfo(zone)
    offsets = {datetime.fromtimestamp(start + n * _DAY_S, tz).utcoffset() for n in range(days + 1)}
    return len(offsets) > 1


def _place(random: Random, zone: str, first: date) -> Place:
    whole = random.randrange(8) == 0
    cuts = sorted(random.sample(range(0, 24 * 60 + 1, random.choice([1, 5, 30])), random.choice([2, 2, 4, 6])))
    days = [first + timedelta(days=n) for n in range(-2, DAYS + 3)]
    holidays = frozenset(random.sample(days, random.choice([0, 0, 1, 3])))
    return Place(
        zone=zone,
        hours=((0, 24 * 60),) if whole else tuple(zip(cuts[::2], cuts[1::2], strict=True)),
        weekdays=frozenset(random.sample(range(7), random.randint(1, 7))),
        holidays=holidays,
        workdays=frozenset(random.sample(days, random.choice([0, 1, 2]))) - holidays,
    )


def _calendar(place: Place) -> Calendar:
    return calendars.from_data(
        {
            "zone": place.zone,
            "hours": [[opens * 60, closes * 60] for opens, closes in place.hours],
            "weekdays": sorted(place.weekdays),
            "holidays": sorted(day.isoformat() for day in place.holidays),
            "workdays": sorted(day.isoformat() for day in place.workdays),
            "published": [],
        }
    )


def _spans(calendar: Calendar, start: int) -> list[tuple[int, int]]:
    """What :func:`working.counted` says of the whole world, stretches that touch made one."""
    found: list[tuple[int, int]] = []
    for span in working.counted(_utc(start * 1000), _utc((start + DAYS * _DAY_S) * 1000), calendar):
        first, last = (int(moment.timestamp() * 1000) for moment in span)
        if found and found[-1][1] == first:
            first = found.pop()[0]
        found.append((first, last))
    return found


def _utc(moment_ms: int) -> datetime:
    return datetime.fromtimestamp(moment_ms // 1000, UTC) + timedelta(milliseconds=moment_ms % 1000)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    began = monotonic()
    tally = run(asked.cases, asked.seed, asked.processes)
    for said in tally.wrong[:20]:
        print(said)
    print(
        f"{tally.cases} cases (each add and elapsed), {len(tally.zones)} zones, {tally.leaps} worlds with a leap of the wall clock, "
        f"seed {asked.seed}: {len(tally.wrong)} mismatches, {monotonic() - began:.0f} s"
    )
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
