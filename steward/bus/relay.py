"""The relay: publishes what the journal holds, in order, until the broker has confirmed it.

What finds no queue is kept and tried again; it holds back only the later events of its own aggregate.
One replica of a service relays at a time; it holds a lease that it renews. Should two ever do it at once, events are
doubled, which inboxes absorb, never lost.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from datetime import timedelta
from time import monotonic
from typing import Any

import eventlet
from eventlet.event import Event as Signal
from eventlet.timeout import Timeout
from nameko.extensions import DependencyProvider

from steward.bus import topology
from steward.bus.held import HeldBack
from steward.bus.postbox import BROKEN, Outgoing, Postbox
from steward.bus.vouching import Voucher
from steward.errors import StewardError, Unavailable
from steward.observe import health, metrics
from steward.plugins import listeners
from steward.spec import ServiceSpec
from steward.store.client import Document
from steward.store.journal import Journal
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
DECLARE_S = 15.0
QUEUES_LOOKED_AT_S = 30.0
"""How often a relay looks whether every queue is still there: of several, only the last one's loss would show in sending."""


class Relay(DependencyProvider):
    """Publishes the events of a service from its journal."""

    store = SharedStore()

    def __init__(self) -> None:
        super().__init__()
        self._wake = Signal()
        self._stopping = False
        self._thread: Any = None
        self._progress = monotonic()
        self._busy_until = self._declare_at = self._tend_at = 0.0
        self._declared = False
        self._held = HeldBack()

    def setup(self) -> None:
        self._spec: ServiceSpec = self.container.service_cls.spec
        self._postbox = Postbox(self.container.config["AMQP_URI"], confirms=True)
        self._listened = listeners(self._spec.name)
        self._voucher = Voucher.ours()
        self.store.on_commit(self.nudge)
        # Not yet started is not stuck: the service waits for its store.
        health.board.alive("relay", lambda: self._thread is None or monotonic() - self._progress < STUCK_AFTER_S)

    def start(self) -> None:
        self._progress = monotonic()
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
        while True:
            self._progress = monotonic()
            stopping = self._stopping
            try:
                if monotonic() >= self._declare_at or self._held.due(monotonic()):
                    self._declare()
                more = lease.hold() and self._publish(self.store.journal)
            except StewardError as error:
                log.warning("relay waits: %s", error)
                self._declare_at, more = 0.0, False
                eventlet.sleep(PAUSE_AFTER_FAILURE_S)
            if stopping:
                break
            if not more:
                self._rest()
                self._tend()
        self._leave(lease)

    def _leave(self, lease: Lease) -> None:
        try:
            lease.give_back()
        except StewardError:
            log.info("the lease runs out by itself")
        self._postbox.close()

    def _rest(self) -> None:
        moment = monotonic()
        pause_s = BUSY_S if moment < self._busy_until else IDLE_S
        if self._held:
            pause_s = min(pause_s, max(self._held.wait_s(moment), BUSY_S))
        with Timeout(pause_s, False):
            self._wake.wait()
        if self._wake.ready():
            self._wake = Signal()

    def _tend(self) -> None:
        """Keep the connection alive while there is nothing to publish: else the broker ends it, and the next event finds out."""
        if monotonic() >= self._tend_at:
            self._tend_at = monotonic() + IDLE_S
            self._postbox.tick()

    def _declare(self) -> None:
        late = Timeout(DECLARE_S, Unavailable("the broker declares nothing in time"))
        try:
            with late, topology.connected(self.container.config["AMQP_URI"]) as bus:
                self._look_for_losses(topology.missing_queues(bus, self._spec))
                topology.declare_publisher(bus, self._spec)
        except BROKEN as error:
            explained = topology.explain(error)
            if isinstance(explained, topology.WrongTopology):
                raise explained from error
            raise Unavailable("the broker is away") from error
        self._declare_at, self._declared = monotonic() + QUEUES_LOOKED_AT_S, True

    def _look_for_losses(self, missing: list[str]) -> None:
        for queue in missing if self._declared else ():
            metrics.QUEUES_GONE.labels(self._spec.name).inc()
            log.error("queue %s was gone, with what waited in it: see `steward republish %s --to %s`", queue, self._spec.name, queue)

    def _publish(self, journal: Journal) -> bool:
        """Publish one page of the outbox. Whether there may be more to do at once."""
        entries = journal.pending(BATCH, self._held.after)
        chosen = self._held.choose(entries)
        self._measure(entries, journal)
        messages = [self._message(event) for entry in chosen for event in entry["events"]]
        untaken = self._postbox.send_all(messages) if messages else {}
        kept = [entry for entry in chosen if any(event["id"] in untaken for event in entry["events"])]
        journal.published({entry["_id"] for entry in chosen} - {entry["_id"] for entry in kept})
        self._count([message for message in messages if message.id not in untaken], kept)
        held = len(self._held)
        self._held.note(entries, chosen, kept, monotonic())
        if messages:
            self._busy_until = monotonic() + CALM_AFTER_S
        return len(entries) == BATCH or len(self._held) < held

    def _count(self, published: list[Outgoing], kept: list[Document]) -> None:
        for name, count in Counter(message.routing_key for message in published).items():
            metrics.PUBLISHED.labels(self._spec.name, name).inc(count)
        if kept:
            metrics.UNROUTABLE.labels(self._spec.name).inc(len(kept))
            log.warning("%d entries found no queue, or a full one, and are kept", len(kept))

    def _message(self, event: Document) -> Outgoing:
        """The message of an event as the journal has it: a CloudEvents document already."""
        name = event["type"].partition(".")[2]
        body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        return self._voucher.message(f"{self._spec.name}.events", name, body, event["id"], name in self._listened)

    def _measure(self, entries: list[Document], journal: Journal) -> None:
        waiting = journal.depth() if self._held else len(entries)
        metrics.OUTBOX_PENDING.labels(self._spec.name).set(waiting)
        since = [moment for moment in (self._held.oldest, *(entry["at"] for entry in entries[:1])) if moment]
        metrics.OUTBOX_AGE.labels(self._spec.name).set(max((now() - min(since)).total_seconds(), 0.0) if since else 0.0)
