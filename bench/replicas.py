"""Replicas: a handler whose far side is slow goes as many times faster as there are replicas of it.

``python -m bench.replicas [--each 80]``; against MongoDB: ``STEWARD_MONGO_URI=… python -m bench.replicas``.

What limits it is how many events may wait for the far side at once: each replica's share. Neither broker, store nor
processor is busy, so the ideal is the number of replicas itself.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import click
from rich.console import Console
from rich.table import Table

from bench import ground
from steward.local.part import http_probe
from steward.local.ports import LOOPBACK, free_port
from steward.plugins import installed_services
from steward.settings import inherited
from steward.store.client import connect, database
from steward.testing.system import System
from steward.testing.waiting import eventually

COUNTS = (1, 2, 4)
FAR_SIDE_S = 0.4
AIM = 0.85
"""Of the ideal, at the highest count."""


@click.command()
@click.option("--each", default=80, show_default=True, help="Events for each replica.")
def main(each: int) -> None:
    """Measure and print."""
    rates: dict[int, float] = {}
    with ground.running(["source"]) as system, ExitStack() as replicas:
        for count in COUNTS:
            for number in range(max(rates, default=0), count):
                replicas.enter_context(_replica(system, number))
            rates[count] = _handled(system, each * count)
    ideal = installed_services()["sink"].hears[0].prefetch / FAR_SIDE_S
    table = Table(title=f"Replicas, the far side takes {FAR_SIDE_S} s")
    for column in ("replicas", "events/s", "× one replica", "of what the far side allows"):
        table.add_column(column, justify="right")
    for count, rate in rates.items():
        table.add_row(str(count), f"{rate:.1f}", f"{rate / rates[1]:.2f}", f"{rate / ideal / count:.2f}")
    Console().print(table)
    ground.verdict(rates[COUNTS[-1]] >= AIM * COUNTS[-1] * rates[1])


@contextmanager
def _replica(system: System, number: int) -> Iterator[None]:
    """One more process of the sink, ready; gone in the end."""
    port = free_port()
    probe = http_probe(port)
    own = {"PYTHONPATH": str(ground.PLUGINS), "STEWARD_HEALTH": f"{LOOPBACK}:{port}", "STEWARD_REPLICA": str(number)}
    argv = [sys.executable, "-W", "ignore", "-m", "steward", "run", "sink"]
    process = subprocess.Popen(argv, env={**inherited(), **system.environ, **own}, stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: probe().ready, "the replica is ready")
        yield
    finally:
        process.terminate()
        process.wait()


def _handled(system: System, events: int) -> float:
    told = ground.told(events, wait_s=FAR_SIDE_S)
    with closing(connect(system.settings.mongo_uri)) as client:
        started = time.time()
        ground.publish(system.settings.amqp_uri, told, "source.events", "told")
        return ground.per_second(ground.seen(database(client, "sink"), told).values(), started)


if __name__ == "__main__":
    main()
