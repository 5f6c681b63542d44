"""A made-up day of service requests, as a city's desk would record it: a CSV for ``steward replay``.

Everything in it is generated from a seed and says so: each key begins with ``generated-``.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

HEADER = (
    "Unique Key", "Created Date", "Closed Date", "Agency", "Complaint Type", "Descriptor", "Location Type",
    "Incident Address", "City", "Borough", "Status", "Open Data Channel Type",
)  # fmt: skip
DAY = datetime(2026, 3, 2, tzinfo=UTC)
MATTERS = (
    ("NYPD", "Noise - Residential", "Loud Music/Party", "Residential Building"),
    ("NYPD", "Blocked Driveway", "No Access", "Street/Sidewalk"),
    ("NYPD", "Derelict Vehicle", "With License Plate", "Street/Sidewalk"),
    ("DOT", "Street Condition", "Pothole", "Street"),
    ("DOT", "Street Sign - Missing", "Stop", "Street"),
    ("DOT", "Sidewalk Condition", "Broken Sidewalk", "Sidewalk"),
    ("DPR", "Damaged Tree", "Branch or Limb Has Fallen Down", "Street"),
    ("DSNY", "Sewer Odour", "Catch Basin", "Street"),
    ("HPD", "Maintenance or Facility", "Structure - Indoors", "Apartment"),
    ("DOF", "Payment Issue", "Misapplied Payment", "Property Address"),
)
CHANNELS = ("PHONE",) * 8 + ("ONLINE", "OTHER", "UNKNOWN")
STREETS = ("云海路", "银湖街", "BROADWAY", "5 AVENUE", "梧桐巷", "RIVERSIDE DRIVE")
BOROUGHS = ("MANHATTAN", "BROOKLYN", "QUEENS", "BRONX")
OPEN_SHARE = 0.2
"""Of requests that have no closing time."""

Row = list[str]


def write_day(path: Path, requests: int, seed: int, unusable: int = 0) -> None:
    """Write ``requests`` rows that can be replayed and, strewn among them, ``unusable`` ones of every kind."""
    chance = random.Random(seed)
    rows = [_request(chance, f"generated-{seed}-{number:05d}") for number in range(requests)]
    for number in range(unusable):
        # Behind the first row, which the spoilt rows may repeat.
        rows.insert(chance.randint(1, len(rows)), _spoilt(number, _request(chance, f"generated-{seed}-bad-{number}"), rows[0]))
    with path.open("w", encoding="utf-8", newline="") as lines:
        table = csv.writer(lines)
        table.writerow(HEADER)
        table.writerows(rows)


def _request(chance: random.Random, key: str) -> Row:
    agency, complaint, descriptor, location = chance.choice(MATTERS)
    at = DAY + timedelta(seconds=chance.randrange(24 * 3600))
    closed = "" if chance.random() < OPEN_SHARE else _written(at + timedelta(hours=chance.expovariate(1 / 48)))
    address = f"{chance.randint(1, 400)} {chance.choice(STREETS)}" if chance.random() > 0.1 else ""
    borough = chance.choice(BOROUGHS)
    status = "Closed" if closed else "Open"
    return [
        key, _written(at), closed, agency, complaint, descriptor, location, address, borough, borough, status, chance.choice(CHANNELS)
    ]  # fmt: skip


def _written(moment: datetime) -> str:
    return moment.strftime("%m/%d/%Y %I:%M:%S %p")


def _spoilt(number: int, row: Row, earlier: Row) -> Row:
    """``row`` with one thing wrong, another one for each ``number``."""
    ways = tuple(_ways(row, earlier))
    return ways[number % len(ways)]


def _ways(row: Row, earlier: Row) -> Iterator[Row]:
    yield ["", *row[1:]]  # no key
    yield [earlier[0], *row[1:]]  # a key that was there before
    yield [*row[:4], "", "N/A", *row[6:]]  # says nothing of the matter
    yield [*row[:6], "Unspecified", "", "", "", *row[10:]]  # says nothing of the place
    yield [*row, "one cell", "too many"]
