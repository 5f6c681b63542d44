"""Receiving: one connection a process, one channel a queue, acknowledged by whoever did the work."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any

import eventlet
from amqp import Connection as Link
from amqp.exceptions import ConsumerCancelled
from eventlet.semaphore import Semaphore
from eventlet.timeout import Timeout
from kombu import Connection, Consumer, Queue
from kombu.message import Message
from nameko.extensions import SharedExtension

from steward.bus import topology
from steward.bus.postbox import BROKEN
from steward.observe import health, metrics

log = logging.getLogger(__name__)

RECONNECT_S = (0.2, 0.5, 1.0, 2.0)
STUCK_AFTER_S = 25.0
_DRAIN_S = 0.5
_SUBSCRIBE_S = 20.0
_CANCEL_POLL_S = 0.01


@dataclass(eq=False)
class Subscription:
    """A queue and what to do with its messages.

    ``declare`` makes the queue on a connection and returns it. ``on_message`` is called in the receiving greenthread:
    it must hand the work on and return. It settles each message through :meth:`Delivery.ack` and its kin.
    """

    declare: Callable[[Connection], Queue]
    on_message: Callable[[Delivery], None]
    prefetch: int
    no_ack: bool = False
    consumer: Consumer = None


class Delivery:
    """One message that was received, to be settled exactly once."""

    def __init__(self, message: Message, lock: Semaphore) -> None:
        self._message, self._lock = message, lock
        self.body: bytes | str = message.body
        self.headers: dict[str, Any] = message.headers or {}
        self.properties: dict[str, Any] = message.properties or {}
        self.info: dict[str, Any] = message.delivery_info or {}

    @property
    def lost(self) -> bool:
        """Whether the connection that it came on is gone: it cannot be settled any more, the broker delivers it again."""
        return self._message.channel is None or self._message.channel.connection is None

    @property
    def redelivered(self) -> bool:
        """Whether somebody may have worked on it before."""
        return bool(self.info.get("redelivered"))

    @property
    def in_vain(self) -> int:
        """How often it was delivered before and not settled, as a quorum queue counts."""
        counted = self.headers.get("x-delivery-count", 0)
        return counted if isinstance(counted, int) else 0

    def ack(self) -> None:
        """It is done."""
        self._settle("ack")

    def reject(self) -> None:
        """It can never be done: to the broker's dead-letter queue."""
        self._settle("reject")

    def requeue(self) -> None:
        """Somebody else shall do it, now."""
        self._settle("requeue")

    def _settle(self, how: str) -> None:
        try:
            with self._lock:
                getattr(self._message, how)()
        except BROKEN as error:
            # The connection it came on is gone, so the broker delivers it again; the inbox absorbs that.
            log.debug("not settled: %s", type(error).__name__)


class Intake(SharedExtension):
    """Receives for all subscriptions of a process; survives the loss of the broker."""

    def __init__(self) -> None:
        super().__init__()
        self._subscriptions: list[Subscription] = []
        self._lock = Semaphore()
        self._cancelling: list[Subscription] = []
        self._when_lost: list[Callable[[], None]] = []
        self._stopping = False
        self._bus: Connection | None = None
        self._thread: Any = None
        self._beat = self._heard_at = monotonic()
        self._heard = 0

    @property
    def connected(self) -> bool:
        """Whether the broker is there and every subscription consumes."""
        return self._bus is not None

    @property
    def answering(self) -> bool:
        """Whether the broker is there and has been heard of lately: a silent one is noticed before its connection breaks."""
        return self.connected and monotonic() - self._heard_at < STUCK_AFTER_S

    def subscribe(self, subscription: Subscription) -> None:
        """Receive for ``subscription`` from the next connection on; to be called in ``setup``."""
        self._subscriptions.append(subscription)

    def on_loss(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` whenever the broker is lost."""
        self._when_lost.append(listener)

    def cancel(self, subscription: Subscription) -> None:
        """Take nothing more for ``subscription``; what was received may still be settled.

        The receiving greenthread does it, being the only one that may read from the connection.
        """
        self._subscriptions.remove(subscription)
        if self.connected:
            self._cancelling.append(subscription)
            while self.connected and subscription in self._cancelling:
                eventlet.sleep(_CANCEL_POLL_S)

    def setup(self) -> None:
        health.board.alive("receiving", lambda: self._thread is None or monotonic() - self._beat < STUCK_AFTER_S)
        # The broker says something at least every half heartbeat; one that does not is there and of no use.
        health.board.ready("broker", lambda: self.answering)

    def start(self) -> None:
        if self._thread is None:
            self._beat = monotonic()
            self._thread = self.container.spawn_managed_thread(self._run)

    def stop(self) -> None:
        self._stopping = True
        if self._thread is not None:
            self._thread.wait()

    def kill(self) -> None:
        self._stopping = True

    def _run(self) -> None:
        failures = 0
        while not self._stopping:
            self._beat = monotonic()
            try:
                with topology.connected(self.container.config["AMQP_URI"]) as bus:
                    self._receive(bus)
            except ConsumerCancelled as error:
                self._lose()
                metrics.QUEUES_GONE.labels(self.container.service_name).inc()
                log.error("queue deleted under its consumer, with what waited in it (see `steward republish`): %s", error.reply_text)
            except BROKEN as error:
                failures = 0 if self.connected else failures
                self._lose()
                self._fail_if_final(error)
                log.warning("broker away: %s: %s", type(error).__name__, error)
                eventlet.sleep(RECONNECT_S[min(failures, len(RECONNECT_S) - 1)])
                failures += 1
            else:
                failures = 0
        self._bus = None

    def _lose(self) -> None:
        was_there, self._bus = self.connected, None
        for listener in self._when_lost if was_there else ():
            listener()

    def _fail_if_final(self, error: BaseException) -> None:
        explained = topology.explain(error)
        if isinstance(explained, topology.WrongTopology):
            raise explained from error

    def _receive(self, bus: Connection) -> None:
        with _in_time("the broker declares nothing"):
            topology.declare_delays(bus)
        link = bus.connection  # asked for once: in place of a broken one kombu would make another, on which nothing is consumed
        for subscription in self._subscriptions:
            self._beat = monotonic()
            self._consume(bus, link, subscription)
        self._bus = bus
        log.info("receiving from %d queues", len(self._subscriptions))
        while not self._stopping:
            self._beat = monotonic()
            try:
                link.drain_events(timeout=_DRAIN_S)
            except TimeoutError:
                pass
            while self._cancelling:
                self._cancelling[0].consumer.cancel()
                self._cancelling.pop(0)
            with self._lock:
                link.heartbeat_tick()
            self._listen(link)

    def _listen(self, link: Link) -> None:
        """Note when the broker was heard last, be it a heartbeat."""
        if link.bytes_recv != self._heard:
            self._heard, self._heard_at = link.bytes_recv, monotonic()

    def _consume(self, bus: Connection, link: Link, subscription: Subscription) -> None:
        with _in_time("the broker declares nothing"):
            channel = link.channel()
            channel.basic_qos(0, subscription.prefetch, False)
            queue = subscription.declare(bus)
        subscription.consumer = Consumer(
            channel,
            [queue(channel)],
            no_ack=subscription.no_ack,
            tag_prefix=f"{queue.name} ",
            auto_declare=False,
            on_message=lambda message: self._hand_on(subscription, Delivery(message, self._lock)),
        )
        with _in_time(f"queue {queue.name} cannot be consumed; has it a leader?"):
            subscription.consumer.consume()

    def _hand_on(self, subscription: Subscription, delivery: Delivery) -> None:
        try:
            subscription.on_message(delivery)
        except Exception:
            # A defect of ours that some message brings out; ending with it, process after process would end so.
            log.exception("a message could not be taken")
            if not subscription.no_ack:
                delivery.reject()


def _in_time(otherwise: str) -> Timeout:
    """A broker answers nothing about a queue that has no leader at present; nor does one behind a network that swallows all."""
    return Timeout(_SUBSCRIBE_S, TimeoutError(otherwise))
