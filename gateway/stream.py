"""Where the live stream's events come from: a queue of this process alone, bound to every service's events."""

from __future__ import annotations

import logging
from typing import Any

from kombu import Connection, Queue
from nameko.extensions import DependencyProvider

from gateway import metrics
from gateway.house import House
from gateway.hub import Hub
from gateway.vigil import Vigil
from steward.bus import topology
from steward.bus.envelope import Malformed, decode
from steward.bus.intake import Delivery, Intake, Subscription
from steward.bus.vouching import Voucher
from steward.ids import new_id

_log = logging.getLogger(__name__)
_EVERYTHING = "#"
_MOST_WAITING = 10_000
"""Events that the broker keeps for this process; beyond, the oldest go: the stream is live, not a record."""


class Stream(DependencyProvider):  # type: ignore[misc]
    """Feeds the hub, and gives it to workers. Nothing is acknowledged: what a dead process missed is in the timeline."""

    intake = Intake()
    house = House()
    vigil = Vigil()

    def __init__(self) -> None:
        super().__init__()
        self._name = f"gateway.stream-{new_id()}"

    def setup(self) -> None:
        limits = self.house.front().limits
        self.hub = Hub(limits.stream_ring, limits.stream_queue, limits.stream_clients, limits.stream_clients_each)
        self._sessions = self.house.front().sessions
        self._sessions.on_change(self.hub.end)
        metrics.STREAM_CLIENTS.set_function(lambda: len(self.hub))
        self._voucher = Voucher.ours()
        self.intake.subscribe(Subscription(self._declare, self._receive, prefetch=0, no_ack=True))

    def stop(self) -> None:
        self.hub.close()

    def get_dependency(self, worker: Any) -> Hub:
        return self.hub

    def _declare(self, bus: Connection) -> Queue:
        channel = bus.default_channel
        queue = Queue(self._name, exclusive=True, auto_delete=True, queue_arguments={"x-max-length": _MOST_WAITING})(channel)
        queue.declare()
        for service in self.house.front().specs:
            exchange = topology.events_exchange(service)
            exchange(channel).declare()
            queue.bind_to(exchange, routing_key=_EVERYTHING)
        self._sessions.doubt()  # what was told while nobody listened is asked for now that nothing more is missed
        return queue

    def _receive(self, delivery: Delivery) -> None:
        try:
            event = decode(delivery.body)
            self._voucher.check(delivery.body, delivery.headers)
        except Malformed as error:
            _log.warning("not an event: %s", error)
            return
        self._sessions.hear(event)
        self.hub.publish(event.to_wire())
