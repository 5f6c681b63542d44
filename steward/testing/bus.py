"""Publishing by hand, as whoever stands in for a service does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kombu import Connection, Producer


@contextmanager
def publisher(uri: str) -> Iterator[Producer]:
    """A producer whose messages the broker has when ``publish`` returns.

    Without such confirms RabbitMQ may lose what a channel sent to a quorum queue shortly before it closed: the news that
    the channel is gone overtakes the message.
    """
    with Connection(uri, transport_options={"confirm_publish": True}) as bus:
        yield bus.Producer()
