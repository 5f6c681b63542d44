"""What benches stand on: broker and store of their own, the services that they name, and events of a known size."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import amqp
from kombu import Connection
from pymongo.database import Database
from rich.console import Console
from rich.table import Table

from steward.bus.envelope import Envelope
from steward.bus.vouching import Voucher
from steward.ids import new_id
from steward.local.processes import wait_until
from steward.settings import adopted, inherited
from steward.store.client import Document
from steward.testing.system import System, running_system
from steward.times import now

PLUGINS = Path(__file__).with_name("plugins")
sys.path.insert(0, str(PLUGINS))  # installs the bench services for this process, as a package manager would

PROJECT = "yh"
TEXT = "the lamp at the gate is out, and has been since the storm of last night; " * 4
BATCH = 100
"""Messages that a bare publisher sends before it waits for their confirms, as the relay does."""
STOP, GO = signal.SIGSTOP, signal.SIGCONT
"""Holds a process while its work is heaped up, and lets it go."""
_LOOK_S = 0.5
_FAR_SIDES = ("STEWARD_MONGO_URI", "STEWARD_AMQP_URI")


@contextmanager
def running(
    services: Iterable[str] | None = (), replicas: Mapping[str, int] | None = None, env: Mapping[str, str] | None = None
) -> Iterator[System]:
    """A system with only ``services`` beside broker, store and gateway, its settings being this process's meanwhile.

    None: with all that are installed. The store is the embedded one, or what ``STEWARD_MONGO_URI`` names; likewise the broker.
    """
    given = {name: value for name, value in inherited().items() if name in _FAR_SIDES and value}
    with (
        tempfile.TemporaryDirectory() as folder,
        running_system(Path(folder), replicas, services, {"PYTHONPATH": str(PLUGINS), **given, **(env or {})}) as system,
        adopted(system.environ),
    ):
        yield system


def told(count: int, wait_s: float = 0.0) -> list[Envelope]:
    """``count`` events as the source publishes them, each about a tale of its own."""
    return [_told(new_id(), wait_s) for _ in range(count)]


def _told(tale: str, wait_s: float) -> Envelope:
    return Envelope(
        id=new_id(), type="source.told", subject=f"source/{tale}", time=now(), data={"text": TEXT, "wait_s": wait_s},
        project=PROJECT, matter=f"source/{tale}", version=1, actor="service:operator", correlation=new_id(),
    )  # fmt: skip


def publish(uri: str, events: Sequence[Envelope], exchange: str, routing_key: str) -> float:
    """Seconds that a bare publisher takes: persistent, mandatory, confirmed in batches, nothing else."""
    voucher = Voucher.ours()
    messages = [(event.id, body, voucher.headers(body)) for event, body in ((event, event.encode()) for event in events)]
    with Connection(uri) as bus:
        channel = bus.channel()
        channel.confirm_select()
        unconfirmed: set[int] = set()
        channel.events["basic_ack"].add(lambda tag, multiple: _confirmed(unconfirmed, tag, multiple))
        started = time.perf_counter()
        for number, (message_id, body, headers) in enumerate(messages, 1):
            unconfirmed.add(number)
            message = amqp.Message(
                body, content_type="application/json", delivery_mode=2, message_id=message_id, application_headers=headers
            )
            channel._basic_publish(message, exchange=exchange, routing_key=routing_key, mandatory=True)
            if number % BATCH == 0 or number == len(messages):
                while unconfirmed:
                    bus.drain_events(timeout=30)
        return time.perf_counter() - started


def _confirmed(unconfirmed: set[int], tag: int, multiple: bool) -> None:
    if multiple:
        unconfirmed.difference_update([early for early in unconfirmed if early <= tag])
    else:
        unconfirmed.discard(tag)


def seen(db: Database[Document], events: Sequence[Envelope], within_s: float = 300.0) -> dict[str, float]:
    """When each of ``events`` was done with, as its handler wrote down: Unix time in seconds, by the event's id.

    Raises AssertionError when that does not become true of all.
    """
    wanted = {event.id for event in events}
    before = db["seen"].count_documents({"event": {"$nin": list(wanted)}})
    wait_until(lambda: db["seen"].estimated_document_count() >= before + len(wanted), within_s, _LOOK_S)
    found = {row["event"]: float(row["at"]) for row in db["seen"].find() if row["event"] in wanted}
    assert found.keys() == wanted, f"{len(wanted) - len(found)} events were not handled"
    return found


def per_second(moments: Iterable[float], since: float) -> float:
    """How many a second came about from ``since`` on until the last."""
    ordered = sorted(moments)
    return len(ordered) / (ordered[-1] - since)


def processor_s(system: System) -> Mapping[str, float]:
    """Seconds of processor time that each process has used: what a machine that others use too leaves comparable."""
    tick = os.sysconf("SC_CLK_TCK")
    found: dict[str, float] = defaultdict(float)
    for row in system.roster().rows:
        if row.process:
            fields = Path(f"/proc/{row.process.pid}/stat").read_text().rpartition(")")[2].split()
            found[row.name] += (int(fields[11]) + int(fields[12])) / tick
    return found


def tell(title: str, rows: Iterable[tuple[str, str]]) -> None:
    """Print a table of two columns."""
    table = Table(title=title, show_header=False)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def verdict(good: bool) -> None:
    """End the process with 0 when the aim is met, else 1."""
    sys.exit(0 if good else 1)
