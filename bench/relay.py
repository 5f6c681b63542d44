"""The relay: how fast what the journal holds reaches the broker, beside a bare publisher of the same bytes.

``python -m bench.relay [--events 4000]``; against MongoDB: ``STEWARD_MONGO_URI=… python -m bench.relay``.

The journal is filled while the service is away; then it starts, and the time runs from the first entry that leaves the
outbox to the last. Nobody consumes, neither here nor there. What has been published must be marked so, entry by entry,
or it would be published again: that is the other limit, which the embedded store sets.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace

import click
from kombu import Connection
from pymongo.database import Database

from bench import ground
from steward.bus import topology
from steward.bus.envelope import Envelope
from steward.bus.topology import declare_handler
from steward.local.processes import wait_until
from steward.plugins import installed_services
from steward.spec import Hears
from steward.store.client import Document, connect, database, ensure_indexes
from steward.store.journal import JOURNAL, Journal
from steward.testing.system import System
from steward.times import now

AIM = 0.60
PATIENCE_S = 300.0
_CHUNK = 1_000
_APART_US = 2_000
_LOOK_S = 0.01


@click.command()
@click.option("--events", default=4_000, show_default=True)
def main(events: int) -> None:
    """Measure and print."""
    with ground.running(["source"]) as system:
        bare = events / _bare(system, ground.told(events))
        ours = events / _relayed(system, ground.told(events))
        store = events / _marked(system, ground.told(events))
    ratio = ours / min(bare, store)
    ground.tell(
        f"Relay, {events} events of {len(ground.told(1)[0].encode())} bytes, one in each journal entry",
        [
            ("journal → broker", f"{ours:.0f} events/s"),
            (f"limit: bare publisher, confirmed by {ground.BATCH}", f"{bare:.0f} events/s"),
            ("limit: the store alone, the same entries read and marked", f"{store:.0f} events/s"),
            ("ratio to the bare publisher", f"{ours / bare:.2f}"),
            ("ratio to the smaller limit", f"{ratio:.2f} (aim {AIM:.2f})"),
        ],
    )
    ground.verdict(ratio >= AIM)


def _bare(system: System, events: list[Envelope]) -> float:
    """Seconds to publish to a queue like the handler's."""
    uri = system.settings.amqp_uri
    with Connection(uri) as bus:
        topology.declare_delays(bus)
        declare_handler(bus, "bare", Hears("on_told", ("source.told_bare",)))
    return ground.publish(uri, events, "source.events", "told_bare")


def _relayed(system: System, events: list[Envelope]) -> float:
    """Seconds from the first entry that left the outbox to the last."""
    with closing(connect(system.settings.mongo_uri)) as client:
        db = database(client, "source")
        system.kill("source", ground.STOP)
        first, *_, last = fill(db, events)
        system.kill("source", ground.GO)
        assert wait_until(lambda: _left(db, first), PATIENCE_S, _LOOK_S)
        started = time.perf_counter()
        assert wait_until(lambda: _left(db, last), PATIENCE_S, _LOOK_S)
        return time.perf_counter() - started


def _marked(system: System, events: list[Envelope]) -> float:
    """Seconds to read the entries and take them off the outbox, as the relay does, and to publish nothing."""
    with closing(connect(system.settings.mongo_uri)) as client:
        db = client["bench_outbox"]
        ensure_indexes(db, replace(installed_services()["source"], collections=(JOURNAL,)))
        fill(db, events)
        journal = Journal(db)
        started = time.perf_counter()
        while page := journal.pending(ground.BATCH):
            journal.published([entry["_id"] for entry in page])
        return time.perf_counter() - started


def _left(db: Database[Document], key: str) -> bool:
    """Whether the entry has left the outbox."""
    return db[JOURNAL.name].count_documents({"_id": key, "pending": True}) == 0


def fill(db: Database[Document], events: list[Envelope]) -> list[str]:
    """Put ``events`` into the journal of ``db``, one in each entry, to be published. The keys of the entries, in order."""
    began = int(now().timestamp() * 1_000_000) - len(events) * _APART_US
    entries = [
        {
            "_id": f"bench:{event.id}", "at": now(), "order": began + number * _APART_US, "project": event.project, "matter": event.matter,
            "correlation": event.correlation, "actor": event.actor, "events": [event.to_wire()], "pending": True,
        }
        for number, event in enumerate(events)
    ]  # fmt: skip
    for start in range(0, len(entries), _CHUNK):
        db[JOURNAL.name].insert_many(entries[start : start + _CHUNK])
    return [str(entry["_id"]) for entry in entries]


if __name__ == "__main__":
    main()
