"""What is new is found first, whole and in order, whether little or much was made at once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from steward.ids import derived_id
from steward.store.client import Document
from steward.store.latest import NEWEST, LatestReader, crowds
from steward.testing.system import System
from steward.times import now

HERE = {"project": "yh"}


@pytest.fixture
def db(empty: Database[Any]) -> Database[Any]:
    empty["things"].create_index([("project", 1), ("_id", 1)])
    return empty


class Asked(CommandListener):
    """What a client asks for."""

    def __init__(self) -> None:
        self.queries: list[Document] = []

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name == "find":
            self.queries.append(event.command["filter"])

    def succeeded(self, event: CommandSucceededEvent) -> None:
        pass

    def failed(self, event: CommandFailedEvent) -> None:
        pass


def put(db: Database[Any], *seconds_ago: float) -> list[str]:
    """Things of those ages; their ids, the newest first."""
    made = sorted(derived_id(now() - timedelta(seconds=age), str(number)) for number, age in enumerate(seconds_ago))
    db["things"].insert_many([{"_id": name, **HERE} for name in made])
    return made[::-1]


def read(reader: LatestReader, below: str | None = None, at_once: int = 20) -> Iterator[str]:
    return (thing["_id"] for thing in reader.read("things", HERE, below, at_once))


def test_everything_comes_once_and_in_order_from_anywhere(db: Database[Any]) -> None:
    chance = random.Random(7)
    crowd = [chance.uniform(9_000, 9_003) for _ in range(250)]
    made = put(db, *crowd, *(chance.uniform(-60, 1e8) for _ in range(50)), *[1e9] * 30)
    reader = LatestReader(db)
    assert list(read(reader)) == made == list(read(reader))
    for place in (0, 10, 200, 320, 329):
        assert list(read(reader, below=made[place])) == made[place + 1 :]


def test_what_was_made_since_comes_first(db: Database[Any]) -> None:
    reader = LatestReader(db)
    before = put(db, 500, 501)
    assert list(read(reader)) == before
    since = put(db, 1)
    assert list(islice(read(reader), 3)) == [*since, *before]
    db["things"].delete_many({})
    assert list(read(reader)) == []


def test_a_page_of_a_crowd_costs_little_more_than_what_is_on_it(system: System, db: Database[Any]) -> None:
    made = put(db, *(3_600 + number / 100 for number in range(3_000)))
    asked = Asked()
    with MongoClient[Document](system.settings.mongo_uri, event_listeners=[asked]) as client:
        reader = LatestReader(client[db.name])
        assert list(islice(read(reader), 1)) == made[:1]  # now it is known where the newest was
        asked.queries.clear()
        assert list(islice(read(reader), 60)) == made[:60]
        assert list(islice(read(reader, below=made[99]), 60)) == made[100:160]
    assert max(db["things"].count_documents(query) for query in asked.queries) < 300


def test_whoever_begins_anew_finds_the_newest_of_a_crowd_that_was_made_long_ago(system: System, db: Database[Any]) -> None:
    made = put(db, *(360_000 + number / 100 for number in range(3_000)))
    db[NEWEST.name].insert_many(crowds({("things", "yh"): made[:50], ("things", "zz"): made[:7]}))
    asked = Asked()
    with MongoClient[Document](system.settings.mongo_uri, event_listeners=[asked]) as client:
        assert list(islice(read(LatestReader(client[db.name])), 60)) == made[:60]
    assert max(db["things"].count_documents(query) for query in asked.queries if "project" in query) < 300
    assert [one["_id"] for one in db[NEWEST.name].find()] == ["things/yh"]
