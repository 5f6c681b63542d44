"""Sealing on a real store: nothing is lost, nothing doubled, whoever else seals and wherever it breaks off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import eventlet
import pytest
from pymongo.client_session import ClientSession
from pymongo.database import Database

from steward.errors import Conflict
from steward.ids import new_id
from steward.spec import ServiceSpec
from steward.store.adopting import Adopting
from steward.store.chains import Batch, Sealing
from steward.store.client import ensure_indexes
from steward.store.committing import Committer, Unit
from steward.store.journal import JOURNAL
from steward.store.milestones import HEADS, LINKS
from steward.store.proving import Records
from steward.store.sessions import Sessions
from steward.store.writers import WRITERS
from steward.times import now
from steward.trust.chain import Key
from steward.trust.proof import Known

KEY = Key.derived(b"k" * 32)
GRACE = timedelta(minutes=10)
SPEC = ServiceSpec("probe", {}, "", collections=(JOURNAL, LINKS, HEADS, WRITERS))


@pytest.fixture
def db(empty: Database[Any]) -> Database[Any]:
    ensure_indexes(empty, SPEC)
    return empty


def committer(db: Database[Any]) -> Committer:
    return Committer(db.client, db, Sessions(db.client, db, "probe-0"), "probe")


def sealing(db: Database[Any], kind: type[Sealing] = Sealing) -> Sealing:
    return kind(db.client, db, Sessions(db.client, db, f"probe-{new_id()}"), "probe", KEY)


def entry(key: str, project: str | None = "yh", at: datetime | None = None) -> dict[str, Any]:
    moment = at or now()
    return {"_id": key, "at": moment, "order": int(moment.timestamp() * 1_000_000), "project": project, "events": [], "answer": key}


def commit(db: Database[Any], count: int, name: str = "k", writer: Committer | None = None) -> None:
    """So many entries in two projects and in none."""
    committing = writer or committer(db)
    places = ("yh", "qy", None)
    units = [Unit(entry(f"{name}{number}", places[number % 3]), ()) for number in range(count)]
    for thread in [eventlet.spawn(committing.commit, unit) for unit in units]:
        thread.wait()


def seal(sealing: Sealing) -> None:
    while sealing.round(now()):
        pass


def proven(db: Database[Any]) -> list[str]:
    """The faults; and everything is sealed, once."""
    records = Records(db, "probe")
    named = [name for chain in records.chains() for link in records.links(chain) for name, _ in link["entries"]]
    assert sorted(named) == sorted(entry["_id"] for entry in db.journal.find())
    known = Known(GRACE, sealing_until=records.newest())
    return [str(fault) for chain in records.chains() for fault in records.prove(KEY, chain, known)]


def test_what_several_processes_commit_is_sealed_once_in_the_chain_of_its_project(db: Database[Any]) -> None:
    for name in "abc":
        commit(db, 40, name)
    seal(sealing(db))
    commit(db, 7, "later")
    seal(sealing(db))
    assert proven(db) == []
    assert {chain.project for chain in Records(db, "probe").chains()} == {"", "qy", "yh"}


def test_a_backlog_of_more_than_a_page_gets_into_the_chain_in_order(db: Database[Any]) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for name in ("slow", "quick"):
        db.writers.insert_one({"_id": name, "since": now(), "sealed": 0})
        minutes = 3 if name == "slow" else 1
        moments = [start + timedelta(minutes=minutes * number) for number in range(300)]
        db.journal.insert_many([entry(f"{name}{n}", at=at) | {"writer": name, "seq": n + 1} for n, at in enumerate(moments)])
    seal(sealing(db))
    assert proven(db) == []


def test_of_two_that_seal_at_once_one_is_refused(db: Database[Any]) -> None:
    commit(db, 30)
    first = sealing(db)

    class Slow(Sealing):
        def _write(self, *arguments: Any) -> None:
            seal(first)
            super()._write(*arguments)

    with pytest.raises(Conflict):
        sealing(db, Slow).round(now())
    assert proven(db) == []


def test_what_breaks_off_within_its_transaction_leaves_nothing(db: Database[Any]) -> None:
    commit(db, 30)

    class Breaking(Sealing):
        def _write(self, links: Any, heads: Any, batch: Batch, session: ClientSession) -> None:
            super()._write(links, heads, batch, session)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sealing(db, Breaking).round(now())
    assert db.audit_links.count_documents({}) == 0
    seal(sealing(db))
    assert proven(db) == []


def test_a_commit_of_which_nobody_knows_whether_it_was_made_holds_up_nobody(db: Database[Any]) -> None:
    """It may yet take effect, after later ones: they are another writer's."""
    writer = committer(db)
    commit(db, 3, "before", writer)
    (name,) = db.writers.distinct("_id")
    writer._writer.doubt()
    commit(db, 3, "after", writer)
    seal(sealing(db))
    db.journal.insert_one(entry("late") | {"writer": name, "seq": 4})
    seal(sealing(db))
    assert proven(db) == []


def test_writers_of_the_past_are_forgotten_once_all_of_theirs_is_sealed(db: Database[Any]) -> None:
    commit(db, 3)
    tomorrow = now() + timedelta(days=1)
    sealing(db).round(tomorrow)
    assert db.writers.count_documents({}) == 1
    sealing(db).round(tomorrow)
    assert db.writers.count_documents({}) == 0
    assert proven(db) == []


def test_what_was_there_before_there_were_chains_is_sealed_as_it_stands(db: Database[Any]) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    old = [entry(f"old{n}", ("yh", None)[n % 2], start + timedelta(seconds=n // 3 * 70)) for n in range(520)]
    old += [entry(f"same{n}", "yh", start + timedelta(days=40)) for n in range(510)]
    db.journal.insert_many(old)
    commit(db, 9)
    adopting = Adopting(db, sealing(db))
    for _ in range(2):
        adopting.round(now() + timedelta(minutes=2))
    db.journal.insert_one(entry("of a process of the version before", at=now() + timedelta(minutes=2)))
    Adopting(db, sealing(db)).round(now() + timedelta(minutes=4))
    Adopting(db, sealing(db)).round(now() + timedelta(minutes=30))
    seal(sealing(db))
    assert proven(db) == []
    assert (db.audit_adopting.find_one({"_id": "state"}) or {})["over"]
