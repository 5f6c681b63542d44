"""The consumer: a handler that makes one store write, beside a bare nameko event handler that makes the same write.

``python -m bench.consumer [--events 1500]``; against MongoDB: ``STEWARD_MONGO_URI=… python -m bench.consumer``.

Each is held while its queue is filled, and let go. Ours is handled once whatever happens: its write and the mark that the
event has been handled commit together, and it is acknowledged after that. The bare one acknowledges whatever happens.
"""

from __future__ import annotations

import signal
import time
from contextlib import closing

import click

from bench import bare, ground
from steward.store.client import connect, database
from steward.testing.system import System

AIM = 0.50


@click.command()
@click.option("--events", default=1_500, show_default=True)
def main(events: int) -> None:
    """Measure and print."""
    with ground.running(["source", "sink"]) as system:
        ours = drained(system, events)
        limit = _bare(system, events)
    ground.tell(
        f"Consumer, {events} events, one store write each",
        [
            ("a handler of ours", f"{ours:.0f} events/s"),
            ("limit: a bare nameko event handler", f"{limit:.0f} events/s"),
            ("ratio", f"{ours / limit:.2f} (aim {AIM:.2f})"),
        ],
    )
    ground.verdict(ours >= AIM * limit)


def drained(system: System, events: int) -> float:
    """How many events a second the sink handles that waited for it."""
    told = ground.told(events)
    system.kill("sink", ground.STOP)
    ground.publish(system.settings.amqp_uri, told, "source.events", "told")
    system.kill("sink", ground.GO)
    started = time.time()
    with closing(connect(system.settings.mongo_uri)) as client:
        return ground.per_second(ground.seen(database(client, "sink"), told).values(), started)


def _bare(system: System, events: int) -> float:
    told = ground.told(events)
    with bare.handler(system.environ, "one_write") as process, closing(connect(system.settings.mongo_uri)) as client:
        process.send_signal(signal.SIGSTOP)
        ground.publish(system.settings.amqp_uri, told, "source.events", bare.EVENT)
        process.send_signal(signal.SIGCONT)
        started = time.time()
        return ground.per_second(ground.seen(client[bare.DATABASE], told).values(), started)


if __name__ == "__main__":
    main()
