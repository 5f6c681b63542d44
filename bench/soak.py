"""Soak: an even load for a long time, and what becomes of the memory of each process.

``python -m bench.soak [--minutes 30] [--rate 2]``; against MongoDB: ``STEWARD_MONGO_URI=… python -m bench.soak``.

The slope is that of the straight line through the samples of the second half of the time, when what a process keeps for
good has been kept. Everything that was acknowledged is accounted for in the end.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.table import Table

from bench import ground
from bench.intake import Desk
from steward.bus.client import Client
from steward.cli.demo import OPENED, open_project
from steward.testing.memory import Memory, Trend
from steward.testing.system import System

SAMPLE_S = 5.0
WARM = 20
OURS_MIB_MIN = 0.25
"""The steepest slope that is let pass, of our own processes; broker and store fill caches of a set size."""
THEIRS = ("broker", "broker-names", "store")


@click.command()
@click.option("--minutes", default=30.0, show_default=True)
@click.option("--rate", default=2.0, show_default=True, help="Tickets a second.")
def main(minutes: float, rate: float) -> None:
    """Measure and print."""
    memory = Memory()
    with ground.running(None) as system:
        os.environ.update(system.environ)
        with Client() as client:
            open_project(client, OPENED)
            desk = Desk(system.url, client, callers=4)
            desk.run("warm", WARM)
            with _sampled(system, memory, time.monotonic() + minutes * 30):
                raised = desk.raised("soak", int(minutes * 60 * rate), rate)
            _tell(memory.trends())
            run = desk.at_rest(raised)
        restarts = sum(row.restarts for row in system.roster().rows)
    Console().print(f"{len(run.tickets)} tickets acknowledged, none lost, none doubled; {restarts} restarts")
    steep = [trend.name for trend in memory.trends() if trend.slope_mib_min > OURS_MIB_MIN and not trend.name.startswith(THEIRS)]
    ground.verdict(not steep and not restarts)


@contextmanager
def _sampled(system: System, memory: Memory, begin: float) -> Iterator[None]:
    """Note the memory of each process from ``begin`` on, under load alone: the account that follows reads all journals at once."""
    ended = threading.Event()

    def sample() -> None:
        while not ended.wait(SAMPLE_S):
            if time.monotonic() > begin:
                memory.sample(system)

    sampling = threading.Thread(target=sample)
    sampling.start()
    try:
        yield
    finally:
        ended.set()
        sampling.join()


def _tell(trends: list[Trend]) -> None:
    table = Table(title="Memory")
    for column in ("process", "MiB, 3rd quarter", "MiB, 4th quarter", "slope MiB/min"):
        table.add_column(column, justify="right")
    for trend in trends:
        table.add_row(trend.name, f"{trend.first_half_mib:.1f}", f"{trend.second_half_mib:.1f}", f"{trend.slope_mib_min:+.3f}")
    Console().print(table)


if __name__ == "__main__":
    main()
