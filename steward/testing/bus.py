"""Sending to the broker past our own code, as tests and benches do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kombu import Connection, Producer

from steward.bus.vouching import Voucher


@contextmanager
def publisher(uri: str) -> Iterator[Producer]:
    """A producer whose messages the broker has when ``publish`` returns.

    Without such confirms RabbitMQ may lose what a channel sent to a quorum queue shortly before it closed: the news that
    the channel is gone overtakes the message.
    """
    with Connection(uri, transport_options={"confirm_publish": True}) as bus:
        yield bus.Producer()


class Teller:
    """Publishes bodies of events as a service of the installation that ``environ`` belongs to would, or another that has its key."""

    def __init__(self, producer: Producer, environ: Mapping[str, str]) -> None:
        self._producer, self._voucher = producer, Voucher(environ["STEWARD_TOKEN_KEY"])

    def publish(self, body: bytes, **properties: Any) -> None:
        """As the producer does it, with the mark that vouches for ``body``."""
        self._producer.publish(body, headers=self._voucher.headers(body), **properties)


@contextmanager
def teller(environ: Mapping[str, str]) -> Iterator[Teller]:
    """One whose messages the broker has when ``publish`` returns."""
    with publisher(environ["STEWARD_AMQP_URI"]) as producer:
        yield Teller(producer, environ)
