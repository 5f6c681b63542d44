"""Units of work that wait together are committed together, and each still has its own fate."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import eventlet
import pytest
from pymongo.database import Database

from steward.errors import AlreadyExists, Conflict
from steward.store.changes import Change, Drop, Insert, Keep, Renew, Replace
from steward.store.client import connect
from steward.store.committing import AlreadyDone, Committer, Unit
from steward.store.journal import JOURNAL
from steward.store.sessions import Sessions
from steward.testing.system import System

THINGS = "things"
SEED = 20261123


@pytest.fixture
def db(empty: Database[Any]) -> Database[Any]:
    empty[THINGS].create_index("name", unique=True)
    return empty


def unit(key: str, *changes: Change) -> Unit:
    return Unit({"_id": key, "answer": f"answer of {key}", "events": []}, changes)


def insert(id: str, **more: Any) -> Insert:
    return Insert(THINGS, id, {"_id": id, "version": 1, "name": id} | more, missed=True)


def fates(db: Database[Any], *units: Unit) -> list[BaseException | None]:
    """What became of ``units``, committed by greenthreads of one process at the same moment."""
    committer = Committer(db.client, db, Sessions(db.client, db, "probe-0"), "probe")

    def commit(unit: Unit) -> BaseException | None:
        try:
            committer.commit(unit)
        except Exception as error:
            return error
        return None

    return [thread.wait() for thread in [eventlet.spawn(commit, unit) for unit in units]]


def test_units_that_wait_together_are_all_there(db: Database[Any]) -> None:
    assert fates(db, *(unit(f"k{n}", insert(f"t{n}")) for n in range(40))) == [None] * 40
    assert db[THINGS].count_documents({}) == db[JOURNAL.name].count_documents({}) == 40


def test_each_unit_has_its_own_fate(db: Database[Any]) -> None:
    assert fates(db, unit("first", insert("old")), unit("kept", Keep(THINGS, "copy", {"_id": "copy", "name": "copy"}))) == [None, None]
    outcomes = fates(
        db,
        unit("good", insert("new")),
        unit("first", insert("never")),
        unit("stale", Replace(THINGS, "old", {"_id": "old", "version": 3, "name": "old"}, version=2)),
        unit("taken", insert("other", name="old")),
        unit("late", insert("copy", name="another")),
        unit("next", Replace(THINGS, "old", {"_id": "old", "version": 2, "name": "old"}, version=1)),
        unit("gone", Drop(THINGS, "nothing")),
    )
    assert [type(outcome) for outcome in outcomes] == [
        type(None), AlreadyDone, Conflict, AlreadyExists, Conflict, type(None), type(None),
    ]  # fmt: skip
    assert isinstance(outcomes[1], AlreadyDone)
    assert outcomes[1].answer == "answer of first"
    assert {entry["_id"] for entry in db[JOURNAL.name].find()} == {"first", "kept", "good", "next", "gone"}
    assert {thing["_id"]: thing.get("version") for thing in db[THINGS].find()} == {"old": 2, "copy": None, "new": 1}


@pytest.mark.parametrize("value", [2**63, "\ud800", object(), "x" * 2**24], ids=["overlong", "surrogate", "object", "too large"])
def test_what_cannot_be_written_at_all_is_the_fault_of_its_own_unit_alone(db: Database[Any], value: Any) -> None:
    outcomes = fates(db, unit("a", insert("one")), unit("bad", insert("two", value=value)), unit("c", insert("three")))
    assert [outcome is None for outcome in outcomes] == [True, False, True]
    assert {entry["_id"] for entry in db[JOURNAL.name].find()} == {"a", "c"}


def test_of_two_that_want_the_same_document_the_second_is_told(db: Database[Any]) -> None:
    fates(db, unit("made", insert("one")))
    change = Replace(THINGS, "one", {"_id": "one", "version": 2, "name": "one"}, version=1)
    outcomes = fates(db, unit("a", change), unit("b", change), unit("c", insert("two")))
    assert [type(outcome) for outcome in outcomes] == [type(None), Conflict, type(None)]


def copy_as_of(second: int, name: str = "copy") -> Renew:
    return Renew(THINGS, name, {"_id": name, "name": f"{name} at {second}", "as_of": f"2026-01-01T00:00:{second:02}.000Z"})


def test_of_copies_the_one_of_the_latest_moment_stays_in_whatever_order_they_come(db: Database[Any]) -> None:
    moments = [random.Random(SEED).randrange(60) for _ in range(30)]
    assert fates(db, *(unit(f"k{n}", copy_as_of(at)) for n, at in enumerate(moments))) == [None] * len(moments)
    assert db[THINGS].find_one({"_id": "copy"})["name"] == f"copy at {max(moments)}"  # type: ignore[index]


def test_a_copy_that_comes_late_costs_those_committed_with_it_nothing(db: Database[Any]) -> None:
    fates(db, unit("new", copy_as_of(9)))
    assert fates(db, unit("old", copy_as_of(3), insert("a")), unit("other", insert("b"), copy_as_of(1, "c"))) == [None, None]
    assert {found["name"] for found in db[THINGS].find()} == {"copy at 9", "a", "b", "c at 1"}


def test_what_was_kept_before_copies_had_dates_gives_way(db: Database[Any]) -> None:
    fates(db, unit("undated", Keep(THINGS, "copy", {"_id": "copy", "name": "undated"})))
    assert fates(db, unit("dated", copy_as_of(1))) == [None]
    assert [found["name"] for found in db[THINGS].find()] == ["copy at 1"]


def next_of(thing: dict[str, Any]) -> Replace:
    after = thing | {"version": thing["version"] + 1, "told": thing["told"] + 1}
    return Replace(THINGS, thing["_id"], after, thing["version"])


def test_of_many_that_are_replaced_at_once_each_is_as_its_last_change_has_it(db: Database[Any]) -> None:
    made = [{"_id": f"t{number}", "version": 1, "name": f"t{number}", "told": 0} for number in range(10)]
    assert fates(db, unit("made", *(Insert(THINGS, one["_id"], one) for one in made))) == [None]
    first = [next_of(one) for one in made]
    again = next_of(dict(first[3].document))
    swapped = [Replace(THINGS, a.id, {**a.document, "name": b.id}, a.version) for a, b in ((first[0], first[1]), (first[1], first[0]))]
    assert fates(db, unit("replaced", *swapped, *first[2:], again, insert("new", told=1))) == [None]
    assert {one["_id"]: one["told"] for one in db[THINGS].find()} == {**dict.fromkeys((f"t{n}" for n in range(10)), 1), "t3": 2, "new": 1}
    assert fates(db, unit("stale", *first)) != [None]
    assert db[THINGS].count_documents({"told": 1}) == 10


def test_two_processes_that_replace_many_at_once_lose_nothing_of_each_other(system: System, db: Database[Any]) -> None:
    names = [f"t{number}" for number in range(20)]
    assert fates(db, unit("made", *(insert(name, told=0) for name in names))) == [None]

    def replace_some(writer: int) -> int:
        """How many were replaced altogether, each time those of one unit or none."""
        chance, won = random.Random(SEED + writer), 0
        with connect(system.settings.mongo_uri) as client:
            mine = client.get_database(db.name, write_concern=db.write_concern, read_concern=db.read_concern)
            committer = Committer(client, mine, Sessions(client, mine, f"probe-{writer}"), "probe")
            for turn in range(20):
                chosen = mine[THINGS].find({"_id": {"$in": chance.sample(names, 12)}})
                changes = [next_of(one) for one in chosen]
                chance.shuffle(changes)
                try:
                    committer.commit(unit(f"{writer}/{turn}", *changes))
                    won += len(changes)
                except Conflict:
                    pass
        return won

    with ThreadPoolExecutor() as threads:
        won = sum(threads.map(replace_some, range(2)))
    things = list(db[THINGS].find())
    assert all(thing["version"] == thing["told"] + 1 for thing in things)
    assert 0 < sum(thing["told"] for thing in things) == won
