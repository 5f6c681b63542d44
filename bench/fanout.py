"""Fan-out: how soon after an event was published its handler has committed, beside a bare publisher and a bare consumer.

``python -m bench.fanout [--events 400] [--rate 40]``; against MongoDB: ``STEWARD_MONGO_URI=… python -m bench.fanout``.

Events leave one by one at a rate that leaves the machine at rest between them. *From the message* is from its publishing to
its handler's commit; *from the call's answer* begins when the publisher's own commit was answered, and so includes the relay.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import closing

import click
from rich.console import Console
from rich.table import Table

from bench import bare, ground
from bench.load import percentile
from steward.bus.client import Client
from steward.bus.envelope import Envelope
from steward.store.client import connect, database
from steward.store.journal import Journal
from steward.testing.bus import teller
from steward.testing.system import System

AIM = 3.0
BOUNDS_MS = (1, 2, 3, 5, 8, 12, 20, 35, 60, 100, 200)
SHARES = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0))

Latencies = list[float]


@click.command()
@click.option("--events", default=400, show_default=True)
@click.option("--rate", default=40.0, show_default=True)
def main(events: int, rate: float) -> None:
    """Measure and print."""
    with ground.running(["source", "sink"]) as system:
        found = {
            "ours, from the call's answer": _from_the_call(system, events, rate),
            "ours, from the message": _from_the_message(system, events, rate),
            "bare, a transaction of two writes": _bare(system, events, rate, "transaction"),
            "bare, one store write": _bare(system, events, rate, "one_write"),
            "bare, nothing done": _bare(system, events, rate, "nothing"),
        }
    _tell(found)
    middle = {name: percentile(latencies, 0.5) for name, latencies in found.items()}
    ours, least = middle["ours, from the message"], middle["bare, a transaction of two writes"]
    ratio = ours / middle["bare, nothing done"]
    print(f"p50 from the message ÷ p50 of publishing and consuming alone: {ratio:.2f} (aim ≤ {AIM})")
    print(f"… ÷ p50 of consuming with a transaction of two writes, the least that once-only takes: {ours / least:.2f}")
    ground.verdict(ratio <= AIM)


def _from_the_message(system: System, events: int, rate: float) -> Latencies:
    with closing(connect(system.settings.mongo_uri)) as client:
        told = ground.told(events)
        left = _published(system.environ, told, "told", rate)
        return _latencies(left, ground.seen(database(client, "sink"), told))


def _bare(system: System, events: int, rate: float, does: str) -> Latencies:
    with bare.handler(system.environ, does), closing(connect(system.settings.mongo_uri)) as client:
        client.drop_database(bare.DATABASE)
        told = ground.told(events)
        left = _published(system.environ, told, bare.EVENT, rate)
        return _latencies(left, ground.seen(client[bare.DATABASE], told))


def _published(environ: Mapping[str, str], events: list[Envelope], name: str, rate: float) -> dict[str, float]:
    """When each event left, Unix time in seconds, by its id."""
    left: dict[str, float] = {}
    with teller(environ) as producer:

        def send(number: int) -> None:
            event = events[number]
            left[event.id] = time.time()
            producer.publish(
                event.encode(), exchange="source.events", routing_key=name, content_type="application/json",
                content_encoding="utf-8", delivery_mode=2, message_id=event.id,
            )  # fmt: skip

        _paced(len(events), rate, send)
    return left


def _from_the_call(system: System, events: int, rate: float) -> Latencies:
    answered: dict[str, float] = {}
    with Client(system.settings) as operator, closing(connect(system.settings.mongo_uri)) as client:

        def call(_: int) -> None:
            tale = operator.call("source", "tell", project=ground.PROJECT, body={"text": ground.TEXT})
            answered[f"source/{tale['id']}"] = time.time()

        _paced(events, rate / 2, call)
        told = [event for subject in answered for event in Journal(database(client, "source")).about(subject)]
        left = {event.id: answered[event.subject] for event in told}
        return _latencies(left, ground.seen(database(client, "sink"), told))


def _paced(count: int, rate: float, act: Callable[[int], None]) -> None:
    """``act`` for each number at its moment, or as soon as the one before is done."""
    started = time.monotonic()
    for number in range(count):
        time.sleep(max(started + number / rate - time.monotonic(), 0))
        act(number)


def _latencies(left: dict[str, float], seen: dict[str, float]) -> Latencies:
    return [seen[event] - moment for event, moment in left.items()]


def _tell(found: dict[str, Latencies]) -> None:
    table = Table(title="Fan-out, milliseconds")
    table.add_column("")
    for name, _ in SHARES:
        table.add_column(name, justify="right")
    for bound in BOUNDS_MS:
        table.add_column(f"< {bound}", justify="right")
    for name, latencies in found.items():
        shares = (f"{percentile(latencies, share) * 1000:.1f}" for _, share in SHARES)
        below = (f"{sum(latency * 1000 < bound for latency in latencies) / len(latencies):.0%}" for bound in BOUNDS_MS)
        table.add_row(name, *shares, *below)
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
