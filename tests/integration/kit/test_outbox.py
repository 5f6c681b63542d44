"""The outbox is read in order and whole, page by page as it is emptied, whatever waits and whatever is committed late."""

from __future__ import annotations

import random
from typing import Any

import pytest
from pymongo.database import Database

from steward.ids import new_id
from steward.store.journal import JOURNAL, Journal
from steward.times import now

PRESENT = int(now().timestamp() * 1_000_000)
YEAR = 365 * 86_400 * 1_000_000


@pytest.fixture
def db(empty: Database[Any]) -> Database[Any]:
    empty[JOURNAL.name].create_index([("pending", 1), ("order", 1)], partialFilterExpression={"pending": True})
    return empty


def put(db: Database[Any], *orders: int) -> None:
    db[JOURNAL.name].insert_many([{"_id": new_id(), "order": order, "pending": True} for order in orders])


def taken(journal: Journal, limit: int, after: int | None = None) -> list[int]:
    """The orders of the next page, taken off the outbox as the relay does."""
    found = journal.pending(limit, after)
    if found:
        journal.published([entry["_id"] for entry in found])
    return [entry["order"] for entry in found]


@pytest.mark.parametrize("seed", range(3))
def test_a_backlog_comes_in_order_and_whole(db: Database[Any], seed: int) -> None:
    chance = random.Random(seed)
    gaps = [chance.choice((0, 1, 900, 10_000_000, YEAR // 100)) for _ in range(300)]
    waiting = [PRESENT - YEAR * 5 + sum(gaps[:number]) for number in range(len(gaps))]
    put(db, *chance.sample(waiting, len(waiting)))
    journal, found = Journal(db), []
    while page := taken(journal, 20):
        assert len(page) <= 20
        found += page
    assert found == sorted(waiting)
    assert journal.depth() == 0


def test_what_is_committed_late_is_found_in_the_midst_of_a_backlog(db: Database[Any]) -> None:
    put(db, *range(PRESENT - 1_000_000, PRESENT, 10_000))
    journal = Journal(db)
    assert taken(journal, 30)[0] == PRESENT - 1_000_000
    put(db, PRESENT - 2_000_000)
    assert taken(journal, 30)[0] == PRESENT - 2_000_000


def test_what_is_held_back_is_passed_by(db: Database[Any]) -> None:
    orders = list(range(PRESENT - 1_000_000, PRESENT, 10_000))
    put(db, *orders)
    journal = Journal(db)
    journal.pending(30)
    assert taken(journal, 30, after=orders[49]) == orders[50:80]
    assert taken(journal, 30, after=orders[49]) == orders[80:]
    assert taken(journal, 60) == orders[:50]


def test_an_order_from_the_future_is_published_too(db: Database[Any]) -> None:
    orders = [PRESENT - 5, PRESENT - 4, PRESENT + 3_600_000_000]
    put(db, *orders)
    journal = Journal(db)
    assert [taken(journal, 2), taken(journal, 2)] == [orders[:2], orders[2:]]
