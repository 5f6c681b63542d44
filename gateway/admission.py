"""Admission: what the gateway takes on, so that what it takes is answered soon and the rest is told at once to come back.

too many requests of one caller, or of   429, when the caller may come again
a kind that is rarely needed
as many worked on as the service bears   wait a moment for a place, in order of arrival
nobody leaves in that time, or too       503, Retry-After at random within bounds, so that those who
many wait                                were refused together do not come back together

A service that hangs fills its own places and nobody else's.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from time import monotonic

from eventlet import Timeout
from eventlet.event import Event as Signal
from werkzeug.wrappers import Request

from gateway import metrics
from gateway.asking import Identify, address_of
from gateway.limits import Limits
from gateway.operations import Operation
from gateway.pace import Pace
from gateway.rates import Meter, network_of
from steward.errors import NotAuthenticated, Overloaded, Unavailable

_OWN = "gateway"
_SERVED = {200: True, 201: True, 204: True, 304: True, 503: False, 504: False}
"""Answers from which something is learnt about a service: it served, or could not. Other refusals are the caller's."""


@dataclass
class Visit:
    """One request inside; ``status`` is what it was answered with."""

    status: int = 500


class Gate:
    """The places of one service."""

    def __init__(self, service: str, limits: Limits) -> None:
        self._rules = limits.load
        self.pace = Pace(limits.load, monotonic())
        self.in_flight = 0
        self._waiting: deque[Signal] = deque()
        metrics.PLACES.labels(service).set_function(lambda: self.pace.limit)

    def enter(self) -> None:
        """Take a place, or wait for one. Raises Unavailable when there is none in time."""
        if self.in_flight >= int(self.pace.limit) or self._waiting:
            self._wait()
        else:
            self.in_flight += 1
        self.pace.entered(self.in_flight)

    def leave(self) -> None:
        """Give the place to whoever waits the longest, if the limit has room for them."""
        self.in_flight -= 1
        while self._waiting and self.in_flight < int(self.pace.limit):
            self.in_flight += 1
            self._waiting.popleft().send()

    def full(self) -> bool:
        """Whether nobody may even wait."""
        return len(self._waiting) >= self._rules.queue

    def _wait(self) -> None:
        place = Signal()
        self._waiting.append(place)
        try:
            with Timeout(self._rules.queue_s, False):
                place.wait()
        except BaseException:  # whoever waited is gone
            self._give_up(place)
            raise
        if not place.ready():
            self._give_up(place)
            metrics.SHED.labels("late").inc()
            raise refused(self._rules.retry_after_s)

    def _give_up(self, place: Signal) -> None:
        if place.ready():
            self.leave()
        else:
            self._waiting.remove(place)


class Admission:
    """Everything that must be passed before a request is worked on. One for a process."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._meters = {kind: Meter(rate) for kind, rate in limits.rates.items()}
        self._gates: dict[str, Gate] = {}
        self.in_flight = 0

    def count(self, request: Request, operation: Operation, identify: Identify) -> None:
        """Count a request against its caller, or against its address when nobody is known.

        Raises Overloaded, NotAuthenticated.
        """
        try:
            principal, _ = identify(request, operation)
        except NotAuthenticated:
            self._take("address", self._network(request))
            raise
        kind, caller = ("address", self._network(request)) if operation.public else ("caller", principal.id)
        for rate in (operation.rate, kind):
            if rate:
                self._take(rate, caller)

    def _network(self, request: Request) -> str:
        return network_of(address_of(request, self._limits.proxies))

    def _take(self, kind: str, caller: str) -> None:
        wait_s = self._meters[kind].take(caller, monotonic())
        if wait_s:
            metrics.SHED.labels("rate").inc()
            raise Overloaded("too many requests of yours", retry_after_s=ceil(wait_s))

    def turns_away(self, operation: Operation) -> bool:
        """Whether a request would find no place: to be refused at once, before anything is spent on it. Counts those that are."""
        away = operation.metered and (self._full() or self._gate(operation).full())
        if away:
            metrics.SHED.labels("full").inc()
        return away

    def _full(self) -> bool:
        return self.in_flight >= self._limits.in_flight

    @contextmanager
    def place(self, operation: Operation) -> Iterator[Visit]:
        """A place among the requests that are worked on. Raises Unavailable. Opening a stream takes none: it is no load."""
        visit = Visit()
        if not operation.metered:
            yield visit
            return
        if self.turns_away(operation):  # again: others may have come while its body was read
            raise refused(self._limits.load.retry_after_s)
        self.in_flight += 1
        try:
            gate = self._gate(operation)
            gate.enter()
            yield from self._inside(gate, operation, visit)
        finally:
            self.in_flight -= 1

    def _inside(self, gate: Gate, operation: Operation, visit: Visit) -> Iterator[Visit]:
        started = monotonic()
        try:
            yield visit
        finally:
            ended = monotonic()
            if visit.status in _SERVED:
                gate.pace.took(operation.id, ended - started, ended, _SERVED[visit.status])
            gate.leave()

    def _gate(self, operation: Operation) -> Gate:
        service = operation.service or _OWN
        if service not in self._gates:
            self._gates[service] = Gate(service, self._limits)
        return self._gates[service]


def refused(bounds_s: tuple[int, int]) -> Unavailable:
    """What a caller is told who comes too much."""
    return Unavailable("more requests than can be worked on", retry_after_s=random.randint(*bounds_s))
