"""Sending: confirmed in batches, where nothing may be lost; or at once, for calls and answers under a deadline."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Any

import amqp
from amqp import Connection as Link
from amqp import spec
from eventlet.semaphore import Semaphore
from eventlet.timeout import Timeout
from kombu import Connection

from steward.bus import topology
from steward.errors import Unavailable

log = logging.getLogger(__name__)

CONNECT_S = 10.0
CONFIRM_TIMEOUT_S = 5.0
WRITE_TIMEOUT_S = 2.0
_GLANCE_S = 0.001
REFUSED, NOWHERE = "a queue refuses it", "no queue is there for it"
BROKEN = (amqp.exceptions.AMQPError, OSError, AttributeError)
"""AttributeError: py-amqp takes its parts away while a connection closes under a writer."""


@dataclass(frozen=True)
class Outgoing:
    """A message to be sent. ``id`` identifies it to whoever must recognise doubles."""

    exchange: str
    routing_key: str
    body: bytes
    id: str
    headers: dict[str, Any] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    durable: bool = True
    mandatory: bool = False

    def message(self) -> amqp.Message:
        """The message as the wire library wants it."""
        return amqp.Message(
            self.body,
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=2 if self.durable else 1,
            message_id=self.id,
            application_headers=self.headers,
            **self.properties,
        )


class Postbox:
    """One connection for sending, shared by a process's greenthreads, opened when first needed and again when lost.

    A broker that is short of memory or disk reads nothing more from who sends (connection.blocked). Then everything is
    refused at once, and the connection is kept: what is on its way arrives later, and is not sent again and again.
    """

    def __init__(self, uri: str, confirms: bool) -> None:
        self._uri, self._confirms = uri, confirms
        self._lock = Semaphore()
        self._bus: Connection | None = None
        self._link: Link | None = None
        self._channel: Any = None
        self._sent = 0
        self._blocked = False
        self._unconfirmed: dict[int, str] = {}
        self._untaken: dict[str, str] = {}

    def send(self, message: Outgoing) -> None:
        """Hand ``message`` to the broker and wait for nothing. Raises Unavailable when it is away."""
        with self._lock, self._ours() as channel:
            self._drain(0)
            self._refuse_if_blocked()
            self._publish(channel, message)

    def send_all(self, messages: Sequence[Outgoing]) -> dict[str, str]:
        """Send and wait until the broker has answered for everything.

        Needs ``confirms``. Returns the ids of those messages that were not taken, each with the reason: mandatory ones that
        found no queue, and any that a queue refused, being full; another queue may have taken that one nevertheless.
        Raises Unavailable when the broker is away, blocks or stays silent: then any of the messages may have arrived.
        """
        with self._lock, self._ours() as channel:
            self._untaken.clear()
            self._drain(0)
            for message in messages:
                self._publish(channel, message)
            self._await_receipts()
            untaken = {message.id: self._untaken[message.id] for message in messages if message.id in self._untaken}
            if REFUSED in untaken.values():
                # In a cluster RabbitMQ's channel goes on asking the node that led the queue when it was opened, dead or not.
                self._drop()
            return untaken

    def tick(self) -> None:
        """Keep the connection alive; to be called every few seconds."""
        with self._lock:
            if self._link is None:
                return
            try:
                with self._ours(even_blocked=True):
                    self._drain(_GLANCE_S)
                    self._link.heartbeat_tick()
            except Unavailable:
                return

    def close(self) -> None:
        """Close the connection; the next send opens another."""
        with self._lock:
            self._drop()

    def _publish(self, channel: Any, message: Outgoing) -> None:
        if self._confirms:
            self._sent += 1
            self._unconfirmed[self._sent] = message.id
        # As channel.basic_publish does, which looks for news from the broker before each message: here once for all of them.
        with channel.connection.transport.having_timeout(WRITE_TIMEOUT_S):
            arguments = (0, message.exchange, message.routing_key, message.mandatory, False)
            channel.send_method(spec.Basic.Publish, "Bssbb", arguments, message.message())

    def _await_receipts(self) -> None:
        deadline = monotonic() + CONFIRM_TIMEOUT_S
        while self._unconfirmed:
            self._refuse_if_blocked()
            left = deadline - monotonic()
            if left <= 0:
                raise Unavailable("the broker confirmed nothing in time")
            self._drain(left)

    def _drain(self, timeout: float) -> None:
        assert self._link is not None
        try:
            self._link.drain_events(timeout=timeout)
        except TimeoutError:
            return

    @contextmanager
    def _ours(self, even_blocked: bool = False) -> Iterator[Any]:
        try:
            if self._channel is None:
                self._connect()
            if self._blocked and not even_blocked:
                self._drain(_GLANCE_S)
                self._refuse_if_blocked()
            yield self._channel
        except Unavailable:
            if not self._blocked:
                self._drop()
            raise
        except BROKEN as error:
            self._drop()
            raise Unavailable("the broker is away") from error
        except BaseException:
            self._drop()
            raise

    def _refuse_if_blocked(self) -> None:
        if self._blocked:
            raise Unavailable("the broker takes nothing at present")

    def _connect(self) -> None:
        # Whoever else sends waits meanwhile: a broker that lets in and then says nothing must not keep them all for ever.
        with Timeout(CONNECT_S, TimeoutError("the broker lets nobody in")):
            self._channel = self._opened()

    def _opened(self) -> Any:
        bus = topology.connection(self._uri)
        self._bus = bus
        bus.connect()
        # Asked for once: in place of a broken one kombu would make another, on which our channel is not.
        self._link = link = bus.connection
        link.on_blocked = partial(self._on_blocked, True)
        link.on_unblocked = partial(self._on_blocked, False)
        channel = link.channel()
        if self._confirms:
            channel.confirm_select()
            channel.events["basic_ack"].add(self._on_ack)
            channel.events["basic_nack"].add(self._on_nack)
        channel.events["basic_return"].add(self._on_return)
        return channel

    def _drop(self) -> None:
        bus, self._bus, self._link, self._channel = self._bus, None, None, None
        self._sent = 0
        self._blocked = False
        self._unconfirmed.clear()
        if bus is not None:
            bus.collect()

    def _on_ack(self, tag: int, multiple: bool) -> None:
        for answered in self._answered(tag, multiple):
            del self._unconfirmed[answered]

    def _on_nack(self, tag: int, multiple: bool) -> None:
        for answered in self._answered(tag, multiple):
            self._untaken[self._unconfirmed.pop(answered)] = REFUSED

    def _answered(self, tag: int, multiple: bool) -> list[int]:
        if not multiple:
            return [tag] if tag in self._unconfirmed else []
        return [unconfirmed for unconfirmed in self._unconfirmed if unconfirmed <= tag]

    def _on_blocked(self, blocked: bool, *_: object) -> None:
        self._blocked = blocked
        log.warning("the broker takes nothing at present" if blocked else "the broker takes messages again")

    def _on_return(self, error: Exception, exchange: str, routing_key: str, message: Any) -> None:
        self._untaken[message.properties.get("message_id", "")] = NOWHERE
