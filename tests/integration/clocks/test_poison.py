"""A watch that cannot be fired is set aside for longer and longer, told of, and stops nobody else's."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pymongo import MongoClient
from pymongo.database import Database

from steward.ids import new_id
from steward.testing.system import System
from steward.testing.waiting import eventually
from steward.times import now
from tests.integration.clocks.office import Office

POISON = 150
"""More than one sweep reads at once."""


@pytest.fixture
def office(system: System) -> Iterator[Office]:
    with Office(system) as office:
        yield office


@pytest.fixture
def store(system: System) -> Iterator[Database[dict[str, Any]]]:
    with MongoClient(system.environ["STEWARD_MONGO_URI"], tz_aware=True) as client:  # type: ignore[var-annotated]
        yield client["steward_clocks"]


def broken(due: timedelta = timedelta(minutes=1)) -> dict[str, Any]:
    """A document as a disk that loses bits would leave it."""
    kept = {"project": "mill", "version": 1, "state": "running", "subject": "tickets/torn", "packed": b"torn", "_order": 1}
    return {"_id": new_id(), "next_at": now() - due, **kept}


def spoilt(kept: dict[str, Any]) -> dict[str, Any]:
    """A watch that can be read and not fired: its clock has lost the moment of its breach."""
    watch = json.loads(zlib.decompress(kept["packed"]))
    due = now() - timedelta(minutes=1)
    watch["id"], watch["clocks"][0]["moments"], watch["clocks"][0]["fired"] = new_id(), [due.isoformat()], 0
    return kept | {"_id": watch["id"], "next_at": due, "packed": zlib.compress(json.dumps(watch).encode())}


def metric(system: System, name: str) -> list[float]:
    """Its value in each process of clocks."""
    pages = [httpx.get(f"http://127.0.0.1:{row.port}/metrics", timeout=20).text for row in system.rows("clocks")]
    return [float(found[1]) for page in pages if (found := re.search(rf"^{name} (\S+)$", page, re.MULTILINE))]


def test_others_fire_past_poison_which_is_tried_less_and_less(system: System, store: Database[dict[str, Any]], office: Office) -> None:
    poison = [broken() for _ in range(POISON)]
    store.watches.insert_many(poison)
    healthy = new_id()
    office.tell("raised", healthy, 1, at=now() - timedelta(minutes=6), project="mill")
    eventually(lambda: office.told(healthy, "mill")["clocks.breached"], "the healthy one is told")

    poison.append(spoilt(store.watches.find_one({"_id": healthy}) or {}))
    store.watches.insert_one(poison[-1])

    def aside() -> list[dict[str, Any]]:
        return list(store.unfireable.find({}))

    eventually(lambda: len(aside()) == len(poison) and all(one["failures"] >= 2 for one in aside()), "all have been tried twice")
    assert {one["error"] for one in aside()} == {"error", "IndexError"}  # zlib's, and ours
    assert all(one["until"] - now() < timedelta(seconds=61) for one in aside())
    assert system.log("clocks").count("cannot be fired (1)") == len(poison)
    eventually(lambda: metric(system, "steward_clock_unfireable") == [len(poison)], "it is told how many there are")
    eventually(lambda: metric(system, "steward_clock_backlog") == [0], "what is set aside is no backlog")

    store.watches.delete_many({"_id": {"$in": [one["_id"] for one in poison]}})
    eventually(lambda: metric(system, "steward_clock_unfireable") == [0], "what is mended is forgotten")
    assert aside() == []
