"""``steward chaos``: kill every process again and again under load, and account for every ticket."""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from steward import settings
from steward.cli.paper import paper
from steward.local import plan as local
from steward.testing.chaos import Plan, Result, run
from steward.testing.figures import VARIABLE, Figure, keep

_EXAMPLES = 10
_HELD_SHARE = 0.3


@click.command()
@click.option("--seed", type=int, default=20261123, show_default=True, help="Decides requests, victims and moments.")
@click.option("--tickets", type=click.IntRange(1), default=2_000, show_default=True)
@click.option("--kills", type=click.IntRange(1), default=44, show_default=True, help="In all; none is hit twice before all were.")
@click.option("--replicas", multiple=True, metavar="NAME=N", help="How many processes of a service, or of `all`; may be repeated.")
@click.option("--minutes", type=click.FloatRange(0), default=0.0, help="Soak: again and again for so long; some are held, not killed.")
def command(seed: int, tickets: int, kills: int, replicas: tuple[str, ...], minutes: float) -> None:
    """Start a system of its own, raise made-up tickets, and kill -9 its processes one after the other meanwhile.

    Then nothing may be lost, doubled, unexpected, pending, dead, half-written or out of order, and the books of every
    event and handler must balance; else the exit code is 1.
    """
    console = paper()
    counts = {name: count for name, count in local.parse_replicas(replicas, local.service_names()).items() if count > 1}
    folder = Path(tempfile.mkdtemp(prefix="steward-chaos-"))
    console.print(f"seed {seed}, {tickets} tickets, {kills} kills, replicas {counts or 'one of each'}; logs in {folder}")
    plan = Plan(seed, tickets, kills, counts, minutes=minutes, held_share=_HELD_SHARE if minutes else 0.0)
    result = run(folder, plan, console.print)
    show(console, result)
    _publish(result, minutes)
    if result.good:
        shutil.rmtree(folder)
    sys.exit(0 if result.good else 1)


def _publish(result: Result, minutes: float) -> None:
    counts = {kind: len(rows) for kind, rows in result.faults().items()}
    faults = sum(map(len, result.recovery_s.values()))
    steepest = max((trend.slope_mib_min for trend in result.memory), default=0.0)
    values = {"minutes": minutes, "faults": faults, "acknowledged": result.account.acknowledged, **counts, "steepest_mib_min": steepest}
    path = settings.inherited().get(VARIABLE)
    keep(Figure("R24", "steward chaos", values), Path(path) if path else None)


def show(console: Console, result: Result) -> None:
    """Print what was found, and how long each target took to recover."""
    table = Table(title="Chaos", show_header=False)
    table.add_row("acknowledged (201)", str(result.account.acknowledged))
    for kind, rows in result.faults().items():
        table.add_row(kind, str(len(rows)))
    console.print(table)
    for kind, rows in result.faults().items():
        for row in rows[:_EXAMPLES]:
            console.print(f"{kind}: {row}")
    console.print(_books(result))
    console.print(_recovery(result))
    console.print(_memory(result))


def _memory(result: Result) -> Table:
    table = Table("process", "samples", "most, 1st half", "most, 2nd half", "slope", title="Memory")
    for trend in result.memory:
        sizes = (f"{trend.first_half_mib:.1f} MiB", f"{trend.second_half_mib:.1f} MiB", f"{trend.slope_mib_min:+.2f} MiB/min")
        table.add_row(trend.name, str(trend.samples), *sizes)
    return table


def _books(result: Result) -> Table:
    table = Table("event", "handler", "dispatched", "handled", "nothing to do", "dead", "unaccounted", title="Books")
    for one in result.books:
        if one.dispatched:
            row = (one.dispatched, one.handled, one.idle, one.dead, len(one.unaccounted))
            table.add_row(one.event, one.queue, *map(str, row))
    return table


def _recovery(result: Result) -> Table:
    table = Table("target", "kills", "recovery, median", "longest", title="Recovery")
    for target, times in sorted(result.recovery_s.items()):
        table.add_row(target, str(len(times)), f"{statistics.median(times):.1f} s", f"{max(times):.1f} s")
    return table
