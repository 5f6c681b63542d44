"""A long journal, read whole: what that takes of the memory of the service that is asked, and how long.

``python -m bench.journal [--entries 30000] [--times 2]``; against MongoDB: ``STEWARD_MONGO_URI=… python -m bench.journal``.

The journal is filled past the service, with entries as a call leaves them, and sealed by the service itself. It is read as
the account of a replay reads it, as the export of the audit trail does, and as ``steward audit verify`` does, which reads
the store itself, in a process of its own.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime

import click
import httpx
from pymongo.database import Database

from bench import ground
from steward.bus.client import OPERATOR, Client
from steward.bus.tokens import own_token
from steward.ids import new_id
from steward.local.processes import wait_until
from steward.replay.ledger import read_journal
from steward.store.client import Document, connect, database
from steward.store.journal import JOURNAL
from steward.store.writers import WRITERS
from steward.testing.system import System
from steward.times import now, truncate

SERVICE = "source"
MOST_MIB = 32
"""What a service may grow by while it is asked: a page or two, not the journal."""
PATIENCE_S = 300.0
_CHUNK = 1_000
_APART_US = 20_000
_SAMPLE_S = 0.02
_MIB = 2**20
_ANSWER = "s" * 900
"""As long as what a ticket's raising answers, sealed."""


@click.command()
@click.option("--entries", default=30_000, show_default=True)
@click.option("--times", default=2, show_default=True, help="How often it is read by each.")
def main(entries: int, times: int) -> None:
    """Measure and print."""
    with ground.running([SERVICE]) as system, closing(connect(system.settings.mongo_uri)) as client, Client() as asking:
        _tell("at rest", f"{_rss_mib(system):.0f} MiB")
        _fill(database(client, SERVICE), entries)
        before = _rss_mib(system)
        _tell("when all is sealed", f"{before:.0f} MiB")
        ways: Mapping[str, Callable[[], int]] = {
            "read for an account": lambda: len(read_journal(asking, SERVICE, ground.PROJECT)),
            "exported": lambda: _exported(system),
        }
        most = max(_measured(system, name, ways[name], entries) for _ in range(times) for name in ways)
        _verified(entries)
    ground.verdict(most - before <= MOST_MIB)


def _tell(name: str, figures: str) -> None:
    click.echo(f"{name}: {figures}")


def _fill(db: Database[Document], count: int) -> None:
    """Entries that have been published; returns when the service has sealed them."""
    writer = new_id()
    db[WRITERS.name].insert_one({"_id": writer, "since": now(), "sealed": 0})
    began = int(now().timestamp() * 1_000_000) - count * _APART_US
    for start in range(0, count, _CHUNK):
        numbers = range(start, min(start + _CHUNK, count))
        db[JOURNAL.name].insert_many([_entry(number, began + number * _APART_US, writer) for number in numbers])
    assert wait_until(lambda: db[WRITERS.name].count_documents({"_id": writer, "sealed": count}) == 1, PATIENCE_S, 0.5)


def _entry(number: int, order: int, writer: str) -> Document:
    (event,) = ground.told(1)
    at = truncate(datetime.fromtimestamp(order / 1_000_000, UTC))
    return {
        "_id": f"call:bench:{event.id}", "at": at, "order": order, "project": event.project, "matter": event.matter,
        "correlation": event.correlation, "actor": event.actor, "how": "call", "doing": "tell", "events": [event.to_wire()],
        "fingerprint": event.id * 2, "answer": _ANSWER, "subjects": [event.subject], "writer": writer, "seq": number + 1,
        "touched": [{"subject": event.subject, "before": 0, "after": 1, "fields": ["text", "version"], "values": {"version": [0, 1]}}],
    }  # fmt: skip


def _exported(system: System) -> int:
    """How many lines the export has, without its heading."""
    address = f"{system.url}/v1/projects/{ground.PROJECT}/audit/export"
    headers = {"Authorization": f"Bearer {own_token(OPERATOR)}"}
    with httpx.stream("GET", address, params={"service": SERVICE}, headers=headers, timeout=PATIENCE_S) as answer:
        answer.raise_for_status()
        return sum(1 for _ in answer.iter_lines()) - 1


def _measured(system: System, name: str, read: Callable[[], int], entries: int) -> float:
    """Tell how long ``read`` takes, and what memory the service has meanwhile; the most, in MiB."""
    with _sampled(system) as samples:
        started = time.perf_counter()
        found = read()
        took = time.perf_counter() - started
    assert found >= entries, f"{name}: {found} of {entries}"
    _tell(name, f"{took:.1f} s, at most {max(samples):.0f} MiB, afterwards {samples[-1]:.0f} MiB")
    return max(samples)


@contextmanager
def _sampled(system: System) -> Iterator[list[float]]:
    """Resident memory of the service, in MiB, as long as it is asked; the last sample is of afterwards."""
    samples, ended = [_rss_mib(system)], threading.Event()

    def sample() -> None:
        while not ended.wait(_SAMPLE_S):
            samples.append(_rss_mib(system))

    sampling = threading.Thread(target=sample)
    sampling.start()
    try:
        yield samples
    finally:
        ended.set()
        sampling.join()
        samples.append(_rss_mib(system))


def _rss_mib(system: System) -> float:
    (row,) = system.rows(SERVICE)
    assert row.process is not None
    return row.process.rss_bytes() / _MIB


def _verified(entries: int) -> None:
    """Tell how long the proof takes, and the most memory that its process had."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "steward", "audit", "verify", "--service", SERVICE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    took = time.perf_counter() - started
    assert done.returncode == 0 and f"{entries} entries" in done.stderr, done.stdout + done.stderr
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    _tell("verified", f"{took:.1f} s, at most {most:.0f} MiB in its own process")


if __name__ == "__main__":
    main()
