"""The backlog: how fast what arrived while a service was away is worked off once it is back, and that each has one effect.

``python -m bench.backlog [--events 5000]``; against MongoDB: ``STEWARD_MONGO_URI=… python -m bench.backlog``.

The service is killed and kept from coming back while events arrive; the time runs from the moment it may come back.
"""

from __future__ import annotations

import time
from contextlib import closing

import click

from bench import ground
from steward.store.client import connect, database
from steward.store.journal import JOURNAL
from steward.testing.faults import gone


@click.command()
@click.option("--events", default=5_000, show_default=True)
def main(events: int) -> None:
    """Measure and print."""
    told = ground.told(events)
    with ground.running(["source", "sink"]) as system, closing(connect(system.settings.mongo_uri)) as client:
        with gone(system, "sink"):
            took_s = ground.publish(system.settings.amqp_uri, told, "source.events", "told")
            back = time.time()
        db = database(client, "sink")
        moments = sorted(ground.seen(db, told).values())
        effects, marks = db["heard"].count_documents({}), db[JOURNAL.name].count_documents({})
    ground.tell(
        f"Backlog of {events} events",
        [
            ("arrived while the service was away", f"{events / took_s:.0f} events/s"),
            ("back until the first was handled", f"{moments[0] - back:.1f} s"),
            ("from then on", f"{ground.per_second(moments[1:], moments[0]):.0f} events/s"),
            ("back until the last was handled", f"{moments[-1] - back:.1f} s"),
            ("effects ÷ events", f"{effects / events:.3f}"),
        ],
    )
    ground.verdict(effects == marks == events)


if __name__ == "__main__":
    main()
