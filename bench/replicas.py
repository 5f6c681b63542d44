"""Replicas: a handler whose far side is slow goes as many times faster as there are replicas of it.

``python -m bench.replicas [--each 120]``; against MongoDB: ``STEWARD_MONGO_URI=… python -m bench.replicas``.

What limits it is how many events may wait for the far side at once: each replica's share. Neither broker, store nor
processor is busy, so the ideal is the number of replicas itself.
"""

from __future__ import annotations

import time
from contextlib import closing

import click
from rich.console import Console
from rich.table import Table

from bench import ground
from steward.plugins import installed_services
from steward.store.client import connect, database

COUNTS = (1, 2, 4)
FAR_SIDE_S = 0.4
AIM = 0.85
"""Of the ideal, at the highest count."""


@click.command()
@click.option("--each", default=120, show_default=True, help="Events for each replica.")
def main(each: int) -> None:
    """Measure and print."""
    rates = {count: _handled(count, each * count) for count in COUNTS}
    ideal = installed_services()["sink"].hears[0].prefetch / FAR_SIDE_S
    table = Table(title=f"Replicas, the far side takes {FAR_SIDE_S} s")
    for column in ("replicas", "events/s", "× one replica", "of what the far side allows"):
        table.add_column(column, justify="right")
    for count, rate in rates.items():
        table.add_row(str(count), f"{rate:.1f}", f"{rate / rates[1]:.2f}", f"{rate / ideal / count:.2f}")
    Console().print(table)
    ground.verdict(rates[COUNTS[-1]] >= AIM * COUNTS[-1] * rates[1])


def _handled(count: int, events: int) -> float:
    told = ground.told(events, wait_s=FAR_SIDE_S)
    with ground.running(["source", "sink"], {"sink": count}) as system, closing(connect(system.settings.mongo_uri)) as client:
        started = time.time()
        ground.publish(system.settings.amqp_uri, told, "source.events", "told")
        return ground.per_second(ground.seen(database(client, "sink"), told).values(), started)


if __name__ == "__main__":
    main()
