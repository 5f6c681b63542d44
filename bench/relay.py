"""The relay: how fast what the journal holds reaches the broker, beside a bare publisher of the same bytes.

``python -m bench.relay [--events 4000]``; against MongoDB: ``STEWARD_MONGO_URI=… python -m bench.relay``.

The journal is filled while the service is away; then it starts, and the time runs from the first entry that leaves the
outbox to the last. Nobody consumes, neither here nor there.
"""

from __future__ import annotations

import time

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
from steward.store.client import Document, connect, database
from steward.store.journal import JOURNAL, Journal
from steward.testing.system import System
from steward.times import now

AIM = 0.60
PATIENCE_S = 300.0
_CHUNK = 1_000


@click.command()
@click.option("--events", default=4_000, show_default=True)
def main(events: int) -> None:
    """Measure and print."""
    with ground.running(["source"]) as system:
        bare = events / _bare(system, ground.told(events))
        ours = events / _relayed(system, ground.told(events))
    ratio = ours / bare
    ground.tell(
        f"Relay, {events} events of {len(ground.told(1)[0].encode())} bytes, one in each journal entry",
        [
            ("journal → broker", f"{ours:.0f} events/s"),
            (f"limit: bare publisher, confirmed by {ground.BATCH}", f"{bare:.0f} events/s"),
            ("ratio", f"{ratio:.2f} (aim {AIM:.2f})"),
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
    client = connect(system.settings.mongo_uri)
    db = database(client, installed_services()["source"].name)
    journal = Journal(db)
    pids = system.pids("source")
    system.kill("source", ground.STOP)
    fill(db, events)
    system.kill("source", ground.GO)
    assert wait_until(lambda: journal.depth() < len(events), PATIENCE_S, 0.001)
    started, left = time.perf_counter(), journal.depth()
    assert wait_until(lambda: not journal.pending(1), PATIENCE_S, 0.02)
    seconds = time.perf_counter() - started
    assert system.pids("source") == pids
    client.close()
    return seconds * len(events) / left


def fill(db: Database[Document], events: list[Envelope]) -> None:
    """Put ``events`` into the journal of ``db``, one in each entry, to be published."""
    entries = [
        {
            "_id": f"bench:{event.id}", "at": now(), "order": order, "project": event.project, "matter": event.matter,
            "correlation": event.correlation, "actor": event.actor, "events": [event.to_wire()], "pending": True,
        }
        for order, event in enumerate(events)
    ]  # fmt: skip
    for start in range(0, len(entries), _CHUNK):
        db[JOURNAL.name].insert_many(entries[start : start + _CHUNK])


if __name__ == "__main__":
    main()
