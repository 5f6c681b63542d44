"""A change of the field key on a real store: while others write, killed in the middle, and nothing is lost."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import pytest
from pymongo.database import Database

from steward.errors import AnswerForgotten
from steward.spec import ServiceSpec
from steward.store.client import ensure_indexes
from steward.store.journal import JOURNAL
from steward.store.keys import KEYS, LOOK_UP, StoredKeys
from steward.store.resealing import PROGRESS, Resealing, passes
from steward.testing.system import System
from steward.testing.waiting import eventually
from steward.times import now
from steward.trust.chain import Key
from steward.trust.sealing import Sealer, look_up_of
from tests.integration.kit.resealing import COLLECTIONS, NEW, OLD

PEOPLE = 800
SPEC = ServiceSpec("probe", {}, "", collections=(*COLLECTIONS, KEYS, PROGRESS, JOURNAL))


@pytest.fixture
def db(empty: Database[Any]) -> Database[Any]:
    ensure_indexes(empty, SPEC)
    return empty


def person(sealer: Sealer, number: int, name: str) -> dict[str, Any]:
    """As a service keeps one, with a version."""
    phones = [{"text": sealer.seal(f"138{number:08d}"), "fingerprint": sealer.fingerprint(f"138{number:08d}")}]
    return {
        "_id": f"p{number:05d}",
        "name": sealer.seal(name),
        "phones": phones,
        "papers": [{"content": sealer.seal_bytes(b"paper")}],
        "version": 1,
    }


class Writer:
    """Goes on changing people and filing new ones with the former key, as a process does that has not been restarted yet."""

    def __init__(self, db: Database[Any], sealer: Sealer) -> None:
        self._people, self._sealer = db.people, sealer
        self.names = {f"p{number:05d}": "张三" for number in range(PEOPLE)}
        self._stop = Event()
        self._thread = Thread(target=self._run)

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        turn = 0
        while not self._stop.is_set():
            turn += 1
            self._change(f"p{turn * 37 % PEOPLE:05d}", f"李四{turn}")
            self._people.insert_one(person(self._sealer, PEOPLE + turn, "新人"))
            self.names[f"p{PEOPLE + turn:05d}"] = "新人"

    def _change(self, id: str, name: str) -> None:
        """Read, then replaced whole under guard of the version, as a unit of work does it."""
        read = self._people.find_one({"_id": id})
        fresh = {**read, "name": self._sealer.seal(name), "version": read["version"] + 1}
        if self._people.replace_one({"_id": id, "version": read["version"]}, fresh).modified_count:
            self.names[id] = name


def ring(db: Database[Any], *keys: bytes) -> Sealer:
    return Sealer(*keys, kept=StoredKeys(db, keys))


def through(db: Database[Any], sealer: Sealer) -> None:
    resealing = Resealing(db, COLLECTIONS, sealer)
    while resealing.round(now()):
        pass


def killed_after(system: System, db: Database[Any], seen: int) -> None:
    """Another process reseals until it has come so far, and is killed there."""
    argv = [sys.executable, "-W", "ignore", "-m", "tests.integration.kit.resealing", system.settings.mongo_uri, db.name]
    with subprocess.Popen(argv) as process:
        try:
            eventually(lambda: (found := passes(db).get("people")) is not None and found.seen >= seen, "it is in the middle", within_s=60)
        finally:
            process.kill()


def test_all_is_under_the_new_key_though_others_wrote_with_the_former_and_it_was_killed_twice(system: System, db: Database[Any]) -> None:
    StoredKeys(db, (OLD,)).prepare()
    before = ring(db, OLD)
    db.people.insert_many([person(before, number, "张三") for number in range(PEOPLE)])
    StoredKeys(db, (NEW, OLD)).prepare()
    with Writer(db, ring(db, OLD, NEW)) as writer:
        killed_after(system, db, 600)
        killed_after(system, db, 1_500)
    through(db, ring(db, NEW, OLD))
    assert all(found.clean for found in passes(db).values())
    after = ring(db, NEW)
    people = {found["_id"]: found for found in db.people.find()}
    assert {found["_id"]: after.open(found["name"]) for found in people.values()} == writer.names
    for number in (0, 1, PEOPLE - 1):
        (phone,), (paper,) = (people[f"p{number:05d}"][kind] for kind in ("phones", "papers"))
        assert after.open_bytes(paper["content"]) == b"paper"
        assert after.open(phone["text"]) == f"138{number:08d}"
        assert after.fingerprint(f"138{number:08d}") == phone["fingerprint"]


def test_what_the_ring_cannot_open_is_counted_and_stays_as_it_is(db: Database[Any]) -> None:
    lost = person(Sealer(b"x" * 32), 1, "张三")
    db.people.insert_one(lost)
    through(db, ring(db, NEW, OLD))
    assert passes(db)["people"].unknown == 3
    assert db.people.find_one() == lost


def test_links_of_the_audit_chain_are_proven_after_their_key_has_gone(db: Database[Any]) -> None:
    StoredKeys(db, (OLD,)).prepare()
    StoredKeys(db, (NEW, OLD)).prepare()
    through(db, ring(db, NEW, OLD))
    key = StoredKeys(db, (NEW,)).chain_key()
    assert key.name == Key.derived(NEW).name
    assert Key.derived(OLD).name in key.names
    assert key.made("said", Key.derived(OLD).mac("said"))


def test_a_store_that_was_in_use_before_keeps_the_fingerprints_that_it_has(db: Database[Any]) -> None:
    db.journal.insert_one({"_id": "an entry"})
    StoredKeys(db, (OLD,)).prepare()
    assert StoredKeys(db, (OLD,)).look_up() == look_up_of(OLD)
    assert db.field_keys.find_one({"_id": LOOK_UP}) is not None


def test_answers_are_forgotten_with_the_key_of_their_day(db: Database[Any]) -> None:
    keys, today = StoredKeys(db, (OLD,)), now().date()
    sealer = Sealer(OLD, kept=keys)
    remembered = sealer.seal_answer({"name": "张三"}, today)
    assert sealer.open_answer(remembered) == {"name": "张三"}
    keys.forget_answers(today, 0)
    assert sealer.open_answer(remembered) == {"name": "张三"}
    keys.forget_answers(today + timedelta(days=1), 0)
    with pytest.raises(AnswerForgotten):
        sealer.open_answer(remembered)
