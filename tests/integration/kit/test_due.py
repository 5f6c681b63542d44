"""What is due is found in order, once it is taken away as it is found, whatever waits and whatever comes late."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from steward.ids import new_id
from steward.store.due import DueReader

START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def db(empty: Database[Any]) -> Database[Any]:
    empty["things"].create_index("at")
    return empty


def put(db: Database[Any], *seconds: float) -> None:
    db["things"].insert_many([{"_id": new_id(), "at": START + timedelta(seconds=second)} for second in seconds])


def taken(db: Database[Any], reader: DueReader, second: float, limit: int) -> list[float]:
    """The moments of what is due, each taken away when it was found."""
    found = reader.read(START + timedelta(seconds=second), limit)
    db["things"].delete_many({"_id": {"$in": [thing["_id"] for thing in found]}})
    return [(thing["at"] - START).total_seconds() for thing in found]


def test_a_backlog_comes_in_order_and_whole(db: Database[Any]) -> None:
    chance = random.Random(7)
    waiting = [round(chance.choice((chance.uniform(-1e7, 0), chance.uniform(-60, 60), -30.0)), 3) for _ in range(400)]
    put(db, *waiting)
    reader, found = DueReader(db, "things", "at"), []
    while batch := taken(db, reader, 0, limit=30):
        assert len(batch) <= 30
        found += batch
    assert found == sorted(second for second in waiting if second <= 0)


def test_what_is_written_late_is_found_too(db: Database[Any]) -> None:
    reader = DueReader(db, "things", "at")
    put(db, 5, 20)
    assert taken(db, reader, 10, limit=10) == [5]
    assert taken(db, reader, 10, limit=10) == []
    put(db, 3, -1_000)
    assert taken(db, reader, 11, limit=10) == [-1_000, 3]
    assert taken(db, reader, 30, limit=10) == [20]


def test_what_is_not_yet_due_stays(db: Database[Any]) -> None:
    reader = DueReader(db, "things", "at")
    put(db, 60, 61)
    assert [taken(db, reader, second, limit=10) for second in range(58, 63)] == [[], [], [60], [61], []]
