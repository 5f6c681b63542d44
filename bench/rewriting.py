"""The second limit: the bare store making the same writes in the same transactions, without any bus.

What the system wrote for some tickets is read back from its journals and written once more, into databases of the
same indexes, transaction by transaction: the journal entry, the aggregates that it changed, and the relay's mark.
Once with a transaction for each unit of work, once with as many units in a transaction as the system had (group commit).
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import pymongo
from pymongo import MongoClient, ReplaceOne
from pymongo.client_session import ClientSession
from pymongo.database import Database

from steward.plugins import installed_services
from steward.store.client import Document, connect, database, ensure_indexes
from steward.store.journal import JOURNAL

WRITERS = 4
PATIENCE_S = 120
MARKED_AT_ONCE = 20
"""Relays take entries off the outbox in batches; measured in this system they hold about so many under load."""


@dataclass(frozen=True)
class Unit:
    """One transaction: a journal entry, and the documents that were written with it."""

    service: str
    entry: Document
    documents: tuple[tuple[str, Document], ...]


def units_by_ticket(uri: str, tickets: Iterable[str]) -> list[list[Unit]]:
    """What each of ``tickets`` caused to be written, in order."""
    client = connect(uri)
    found: dict[str, list[Unit]] = defaultdict(list)
    wanted = {f"tickets/{ticket}" for ticket in tickets}
    for name, spec in installed_services().items():
        db = database(client, name)
        aggregates = {
            document["_id"]: (collection.name, document)
            for collection in spec.collections
            for document in db[collection.name].find({"version": {"$exists": True}})
        }
        for entry in db[JOURNAL.name].find():
            if entry["matter"] in wanted:
                subjects = dict.fromkeys(event["subject"].partition("/")[2] for event in entry["events"])
                documents = tuple(aggregates[subject] for subject in subjects if subject in aggregates)
                found[entry["matter"]].append(Unit(name, entry, documents))
    client.close()
    return [sorted(units, key=lambda unit: unit.entry["at"]) for units in found.values()]


def tickets_per_second(uri: str, tickets: list[list[Unit]], together: int = 1) -> float:
    """How many tickets' worth of writes a second the store takes from 4 writers, ``together`` units in a transaction."""
    client = connect(uri)
    _empty(client)
    for name, spec in installed_services().items():
        ensure_indexes(client[_bench(name)], replace(spec, collections=(*spec.collections, JOURNAL)))
    groups = _groups(tickets, together)
    started = time.perf_counter()
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda group: _write(client, group), groups))
    _mark(client, tickets)
    seconds = time.perf_counter() - started
    _empty(client)
    client.close()
    return len(tickets) / seconds


def _empty(client: MongoClient[Document]) -> None:
    with pymongo.timeout(PATIENCE_S):  # on a disk that is slow, longer than a service would wait for anything
        for name in installed_services():
            client.drop_database(_bench(name))


def _groups(tickets: list[list[Unit]], together: int) -> list[list[Unit]]:
    """Units of one service in groups; no group has two of one ticket, which might be of one document."""
    by_place: dict[tuple[str, int], list[Unit]] = defaultdict(list)
    for units in tickets:
        for place, unit in enumerate(units):
            by_place[unit.service, place].append(unit)
    return [units[start : start + together] for units in by_place.values() for start in range(0, len(units), together)]


def _bench(service: str) -> str:
    return f"bench_{service}"


def _write(client: MongoClient[Document], units: list[Unit]) -> None:
    db = client[_bench(units[0].service)]
    changes: dict[str, list[ReplaceOne[Document]]] = defaultdict(list)
    for unit in units:
        for collection, document in unit.documents:
            changes[collection].append(ReplaceOne({"_id": document["_id"]}, document, upsert=True))
    entries = [{**unit.entry, "pending": True} if unit.entry["events"] else unit.entry for unit in units]

    def write(session: ClientSession) -> None:
        db[JOURNAL.name].insert_many(entries, session=session)
        for collection, operations in changes.items():
            db[collection].bulk_write(operations, session=session)

    with client.start_session() as session:
        session.with_transaction(write)  # again when two writers meet at one document, as any client of a store would


def _mark(client: MongoClient[Document], tickets: list[list[Unit]]) -> None:
    keys: dict[str, list[Any]] = defaultdict(list)
    for units in tickets:
        for unit in units:
            if unit.entry["events"]:
                keys[unit.service].append(unit.entry["_id"])
    for service, ids in keys.items():
        journal = _journal(client[_bench(service)])
        for start in range(0, len(ids), MARKED_AT_ONCE):
            journal.update_many({"_id": {"$in": ids[start : start + MARKED_AT_ONCE]}}, {"$unset": {"pending": True}})


def _journal(db: Database[Document]) -> Any:
    return db[JOURNAL.name]
