"""Parcels as the service itself would have committed them, and what became of their events."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database

from steward.bus.envelope import Envelope
from steward.store.client import Document
from steward.testing.system import System
from steward.testing.waiting import eventually
from steward.times import parse
from tests.chaos.process.accounting import shelved
from tests.chaos.process.crew import Crew
from tests.chaos.process.load import lay_before

QUEUE = "parcels.on_received"
DEAD = "parcels.dead"
SETTLE_S = 90.0


@contextmanager
def store_of(ground: System) -> Iterator[Database[Document]]:
    """What parcels keeps, past its processes."""
    with MongoClient[Document](ground.settings.mongo_uri, tz_aware=True) as client:
        yield client.steward_parcels


def commit(ground: System, shelves: Sequence[str]) -> list[Envelope]:
    """Parcels whose events wait in the outbox, for the relay to find."""
    events = lay_before(ground, shelves, times=0)
    with store_of(ground) as store:
        store.journal.update_many({"events.id": {"$in": [event.id for event in events]}}, {"$set": {"pending": True}})
    return events


def pending(ground: System) -> int:
    """How many entries wait in the outbox."""
    with store_of(ground) as store:
        return store.journal.count_documents({"pending": True})


def all_shelved(ground: System, events: Collection[Envelope]) -> bool:
    """Whether the parcel of each of ``events`` is shelved, once."""
    counts = shelved(ground)
    return all(counts.get(event.aggregate) == 1 for event in events)


def letters(ground: System, ids: Collection[str]) -> list[Document]:
    """The dead letters of messages with ``ids``."""
    with store_of(ground) as store:
        return list(store.dead_letters.find({"message_id": {"$in": list(ids)}}))


def all_dead(ground: System, events: Collection[Envelope]) -> list[Document]:
    """The dead letters of ``events``, once there is one for each."""
    ids = {event.id for event in events}
    return eventually(lambda: found if len(found := letters(ground, ids)) >= len(ids) else [], "a dead letter for each", SETTLE_S)


def told(crew: Crew) -> list[dict[str, Any]]:
    """What the process has logged."""
    lines = crew.log(0).splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def by_correlation(lines: Collection[dict[str, Any]], beginning: Sequence[str]) -> dict[str, list[tuple[datetime, str]]]:
    """Of ``lines``, those whose text begins with one of ``beginning``: when and what, by the correlation that was at hand."""
    found: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for line in lines:
        if line.get("correlation") and line["event"].startswith(tuple(beginning)):
            found[line["correlation"]].append((parse(line["time"]), line["event"]))
    return found


def order(crew: Crew, point: str) -> Path:
    """Order what belongs to ``point``; to be unlinked when it is to end."""
    path = crew.faults / point
    path.touch()
    return path
