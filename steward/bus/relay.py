"""The relay: publishes what the journal holds, in order, until the broker has confirmed it.

One replica of a service relays at a time; it holds a lease that it renews. Should two ever do it at once, events are
doubled, which inboxes absorb, never lost.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import timedelta
from time import monotonic
from typing import Any

import eventlet
from eventlet.event import Event as Signal
from eventlet.timeout import Timeout
from nameko.extensions import DependencyProvider

from steward.bus import topology
from steward.bus.envelope import Envelope
from steward.bus.postbox import BROKEN, Outgoing, Postbox
from steward.errors import StewardError, Unavailable
from steward.observe import health, metrics
from steward.plugins import listeners
from steward.spec import ServiceSpec
from steward.store.client import Document
from steward.store.journal import Journal, events_of
from steward.store.lease import Lease
from steward.store.provider import SharedStore
from steward.times import now

log = logging.getLogger(__name__)

BATCH = 100
LEASE = timedelta(seconds=6)
BUSY_S, IDLE_S = 0.05, 1.0
"""How soon a relay looks again by itself; commits of its own process wake it at once."""
CALM_AFTER_S = 5.0
PAUSE_AFTER_FAILURE_S = 0.5
STUCK_AFTER_S = 25.0


class Relay(DependencyProvider):
    """Publishes the events of a service from its journal."""

    store = SharedStore()

    def __init__(self) -> None:
        super().__init__()
        self._wake = Signal()
        self._stopping = False
        self._thread: Any = None
        self._progress = monotonic()
        self._busy_until = 0.0

    def setup(self) -> None:
        self._spec: ServiceSpec = self.container.service_cls.spec
        self._postbox = Postbox(self.container.config["AMQP_URI"], confirms=True)
        self._listened = listeners(self._spec.name)
        self.store.on_commit(self.nudge)
        health.board.alive("relay", lambda: monotonic() - self._progress < STUCK_AFTER_S)

    def start(self) -> None:
        self._thread = self.container.spawn_managed_thread(self._run)

    def stop(self) -> None:
        """Publish what is left, if broker and store are there, and give the lease back."""
        self._stopping = True
        self.nudge()
        self._thread.wait()

    def nudge(self) -> None:
        """There is something to publish."""
        if not self._wake.ready():
            self._wake.send()

    def _run(self) -> None:
        lease = Lease(self.store.database, "relay", LEASE)
        declared = False
        while True:
            self._progress = monotonic()
            stopping = self._stopping
            try:
                declared = declared or self._declare()
                published = self._publish(self.store.journal) if lease.hold() else 0
            except StewardError as error:
                log.warning("relay waits: %s", error)
                declared, published = False, 0
                eventlet.sleep(PAUSE_AFTER_FAILURE_S)
            if stopping:
                break
            if published < BATCH:
                self._rest(published)
        self._leave(lease)

    def _leave(self, lease: Lease) -> None:
        try:
            lease.give_back()
        except StewardError:
            log.info("the lease runs out by itself")
        self._postbox.close()

    def _rest(self, published: int) -> None:
        if published:
            self._busy_until = monotonic() + CALM_AFTER_S
        with Timeout(BUSY_S if monotonic() < self._busy_until else IDLE_S, False):
            self._wake.wait()
        if self._wake.ready():
            self._wake = Signal()

    def _declare(self) -> bool:
        try:
            with topology.connected(self.container.config["AMQP_URI"]) as bus:
                topology.declare_publisher(bus, self._spec)
        except BROKEN as error:
            explained = topology.explain(error)
            if isinstance(explained, topology.WrongTopology):
                raise explained from error
            raise Unavailable("the broker is away") from error
        return True

    def _publish(self, journal: Journal) -> int:
        entries = journal.pending(BATCH)
        self._measure(entries)
        if not entries:
            return 0
        unroutable = self._postbox.send_all([self._message(event) for event in _events(entries)])
        kept = {entry["_id"] for entry in entries for event in events_of(entry) if event.id in unroutable}
        journal.published(entry["_id"] for entry in entries if entry["_id"] not in kept)
        for event in _events(entries):
            metrics.PUBLISHED.labels(self._spec.name, event.name).inc()
        if kept:
            metrics.UNROUTABLE.labels(self._spec.name).inc(len(kept))
            raise Unavailable(f"{len(kept)} entries found no queue and are kept")
        return len(entries)

    def _message(self, event: Envelope) -> Outgoing:
        return Outgoing(
            exchange=f"{self._spec.name}.events",
            routing_key=event.name,
            body=event.encode(),
            id=event.id,
            mandatory=event.name in self._listened,
        )

    def _measure(self, entries: list[Document]) -> None:
        metrics.OUTBOX_PENDING.labels(self._spec.name).set(len(entries))
        age = (now() - entries[0]["at"]).total_seconds() if entries else 0.0
        metrics.OUTBOX_AGE.labels(self._spec.name).set(max(age, 0.0))


def _events(entries: Iterable[Document]) -> list[Envelope]:
    return [event for entry in entries for event in events_of(entry)]
