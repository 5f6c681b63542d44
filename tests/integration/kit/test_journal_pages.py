"""Reading a journal costs the store what is read, however much there is besides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from steward.ids import new_id
from steward.spec import ServiceSpec
from steward.store.chains import Sealing
from steward.store.client import database, ensure_indexes
from steward.store.journal import JOURNAL, Journal
from steward.store.milestones import HEADS, LINKS
from steward.store.proving import Records
from steward.store.sessions import Sessions
from steward.store.trail import Trail
from steward.store.windows import PAGE
from steward.store.writers import WRITERS
from steward.testing.system import System
from steward.times import microseconds, now
from steward.trust.chain import Chain, Key

SPEC = ServiceSpec("probe", {}, "", collections=(JOURNAL, LINKS, HEADS, WRITERS))
START = datetime(2026, 3, 2, tzinfo=UTC)
COUNT = 2_400
EVENTLESS, SELDOM = 3, 400
"""Every so many-th entry has no events; or was done by another call than the others."""


class Asked(CommandListener):
    """What was asked of the journal."""

    def __init__(self) -> None:
        self.queries: list[dict[str, Any]] = []

    def started(self, event: CommandStartedEvent) -> None:
        if event.command.get("find") == JOURNAL.name:
            self.queries.append(dict(event.command["filter"]))

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


@pytest.fixture(scope="module")
def asked() -> Asked:
    return Asked()


@pytest.fixture(scope="module")
def db(system: System, asked: Asked) -> Iterator[Database[Any]]:
    """A journal with a silence of two months before its crowded second half, sealed but for the last entries."""
    with unsealed(system, asked) as db:
        sealing = Sealing(db.client, db, Sessions(db.client, db, "probe-0"), "probe", Key.derived(b"k" * 32))
        while sealing.round(now()):
            pass
        db[JOURNAL.name].insert_many([entry(COUNT + number) for number in range(30)])
        yield db


@contextmanager
def unsealed(system: System, asked: Asked) -> Iterator[Database[Any]]:
    """The same journal, of which nothing is sealed."""
    client: MongoClient[Any] = MongoClient(system.settings.mongo_uri, tz_aware=True, event_listeners=[asked])
    db = database(client, f"probe{new_id()}")
    ensure_indexes(db, SPEC)
    db[WRITERS.name].insert_one({"_id": "w", "since": now(), "sealed": 0})
    db[JOURNAL.name].insert_many([entry(number) for number in range(COUNT)])
    yield db
    client.close()


def entry(number: int) -> dict[str, Any]:
    """Three of the same moment, one after the other; in the second half as fast as a machine can."""
    late = number >= COUNT // 2
    moment = START + timedelta(days=60 if late else 0, milliseconds=number // 3 * (3 if late else 70_000))
    events = [] if number % EVENTLESS == 0 else [{"id": new_id(), "type": "probe.made", "subject": f"probe/{number}"}]
    return {"_id": f"k{number:05}", "at": moment, "order": microseconds(moment), "project": "yh", "events": events,
            "doing": "seldom" if number % SELDOM == 7 else "often", "writer": "w", "seq": number + 1}  # fmt: skip


def read_in_pages(page: Callable[[int, int], list[dict[str, Any]]], limit: int) -> list[str]:
    found: dict[str, None] = {}
    after = 0
    while True:
        entries = page(after, limit)
        found |= dict.fromkeys(entry["_id"] for entry in entries)
        if len(entries) < limit:
            return list(found)
        after = entries[-1]["order"]


def read_in_spans(journal: Journal, limit: int) -> list[str]:
    found, after = list[str](), 0
    while after is not None:
        entries, after = journal.span("yh", after, 2**60, limit)
        found += [event["subject"] for entry in entries for event in entry["events"]]
    return found


def matched(db: Database[Any], queries: list[dict[str, Any]]) -> list[int]:
    """How many entries each of ``queries`` matches, which is what the embedded store reads for it."""
    return [db[JOURNAL.name].count_documents(query) for query in queries]


def test_all_pages_together_match_little_more_than_there_is(db: Database[Any], asked: Asked) -> None:
    journal = Journal(db)
    asked.queries.clear()
    found = read_in_pages(lambda after, limit: journal.page("yh", after, limit), 1_000)
    assert found == [f"k{number:05}" for number in range(COUNT + 30)]
    queries = list(asked.queries)
    counts = matched(db, queries)
    assert max(counts) <= PAGE
    assert sum(counts) < 1.5 * COUNT


def test_what_is_asked_is_served_by_an_index_as_it_stands(db: Database[Any], asked: Asked) -> None:
    journal = Journal(db)
    asked.queries.clear()
    journal.page("yh", 0, 100)
    journal.span("yh", 0, 2**60, 100)
    for query in list(asked.queries):
        assert query.keys() in ({"project", "order"}, {"writer", "seq"})
        stages = str(db[JOURNAL.name].find(query).explain()["queryPlanner"]["winningPlan"])
        assert "IXSCAN" in stages and "COLLSCAN" not in stages


def test_a_page_behind_a_long_silence_matches_no_more_than_any_other(db: Database[Any], asked: Asked) -> None:
    journal = Journal(db)
    silent = microseconds(START + timedelta(days=30))
    asked.queries.clear()
    page = journal.page("yh", silent, 100)
    assert [entry["_id"] for entry in page] == [f"k{number:05}" for number in range(COUNT // 2, COUNT // 2 + 100)]
    assert sum(matched(db, list(asked.queries))) <= PAGE


def test_what_is_published_again_comes_once_and_of_it_no_more_than_its_events(db: Database[Any]) -> None:
    journal = Journal(db)
    assert read_in_spans(journal, 200) == [f"probe/{number}" for number in range(COUNT + 30) if number % EVENTLESS]
    entries, _ = journal.span("yh", 0, 2**60, 1)
    assert entries[0].keys() == {"_id", "order", "events"}


def test_what_lags_behind_with_sealing_is_read_at_no_greater_cost(system: System, asked: Asked) -> None:
    with unsealed(system, asked) as db:
        journal, trail = Journal(db), Trail(db, "probe")
        asked.queries.clear()
        assert len(read_in_pages(lambda after, limit: journal.page("yh", after, limit), 1_000)) == COUNT
        trail.page("yh", {"limit": 100, "cursor": None})
        assert max(matched(db, list(asked.queries))) <= PAGE
        assert journal.projects() == ["yh"]


def test_the_proof_reads_each_entry_once(db: Database[Any], asked: Asked) -> None:
    records = Records(db, "probe")
    asked.queries.clear()
    found = [entry["_id"] for entry in records.entries(Chain("probe", "yh"))]
    windows = [query for query in asked.queries if "$not" not in query.get("order", ())]
    assert found == [f"k{number:05}" for number in range(COUNT + 30)]
    assert sum(matched(db, windows)) < 1.2 * COUNT


@pytest.mark.parametrize("call", [None, "seldom"])
def test_the_trail_is_read_backwards_at_the_cost_of_what_is_looked_at(db: Database[Any], asked: Asked, call: str | None) -> None:
    trail, found, cursor = Trail(db, "probe"), list[str](), None
    asked.queries.clear()
    while True:
        page = trail.page("yh", {"limit": 100, "cursor": cursor} | ({"call": call} if call else {}))
        found += [item["id"] for item in page["items"]]
        if not (cursor := page["next"]):
            break
    assert found == [f"k{number:05}" for number in reversed(range(COUNT + 30)) if call is None or number % SELDOM == 7]
    counts = matched(db, list(asked.queries))
    assert max(counts) <= PAGE
    assert sum(counts) < (4 if call is None else 1.2) * COUNT
