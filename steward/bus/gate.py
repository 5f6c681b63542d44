"""The gate of a handler: it is shut while a part that the handler needs is away, so that no attempt is made for nothing.

Without it, every message would find the part away by itself, wait out a time-out, and be sent through the delay queues
again and again, by the thousand. Shut, the handler keeps what it has in hand (at most its prefetch, for the broker gives
no more), everything else stays in the queue, and one message at a time is tried until the part is back.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import eventlet

from steward.breaker import Breaker
from steward.bus.envelope import Envelope
from steward.bus.failures import absent
from steward.bus.intake import Delivery
from steward.bus.retrying import BreakerRules
from steward.observe import health, metrics

log = logging.getLogger(__name__)


@dataclass(eq=False)
class Held:
    """One message in hand: how its work is started, and how it is settled with an error, or with none."""

    delivery: Delivery
    event: Envelope
    start: Callable[[Held], None]
    settle: Callable[[Held, BaseException | None], None]
    since: float = field(default_factory=monotonic)


class Gate:
    """Lets a handler's messages through, or holds them."""

    def __init__(self, service: str, handler: str, rules: BreakerRules) -> None:
        self._name, self._rules = f"{service}.{handler}", rules
        self._breaker = Breaker(rules.failures, rules.probe_s)
        self._held: deque[Held] = deque()
        self._timer: Any = None
        self._reason: BaseException | None = None
        metrics.BREAKER_OPEN.labels(service, handler).set_function(lambda: self._breaker.open)
        metrics.BREAKER_HELD.labels(service, handler).set_function(lambda: len(self._held))
        health.board.detail(f"breaker {handler}", self.told)

    def told(self) -> str:
        """Its state in words."""
        if not self._breaker.open:
            return "closed"
        return f"open: {self._reason}; {len(self._held)} in hand, next try in {self._breaker.wait_s(monotonic()):.0f} s"

    def enter(self, held: Held) -> None:
        """Start the work on ``held``, now or when the part is back."""
        if self._breaker.open:
            self._held.append(held)
            self._await_probe()
        else:
            held.start(held)

    def left(self, held: Held, error: BaseException | None) -> bool:
        """The work on ``held`` has ended with ``error``. Whether it is kept in hand to be tried again, so must not be settled."""
        if error is None or not absent(error):
            self._reopen()
            return False
        shut = self._breaker.open
        self._breaker.away(monotonic())
        self._reason = error
        if not self._breaker.open:
            return False
        if not shut:
            log.warning("%s takes no more: %s", self._name, error)
        self._held.append(held)  # at the end: should it be this message's fault alone, the next probe is another one
        self._give_back(error)
        self._await_probe()
        return True

    def close(self) -> None:
        """Try nothing more: the broker gives what is in hand to somebody else once the connection is closed."""
        if self._timer is not None:
            self._timer.cancel()
        self._held.clear()

    def _reopen(self) -> None:
        if self._breaker.open:
            log.warning("%s takes messages again", self._name)
        self._breaker.well()
        while self._held and not self._breaker.open:
            self._start(self._held.popleft())

    def _await_probe(self) -> None:
        if self._timer is None and self._held:
            self._timer = eventlet.spawn_after(self._breaker.wait_s(monotonic()), self._probe)

    def _probe(self) -> None:
        self._timer = None
        if self._held and self._breaker.may(monotonic()):
            self._start(self._held.popleft())
        elif not self._breaker.probing:
            self._await_probe()

    def _start(self, held: Held) -> None:
        if held.delivery.lost:  # with the connection on which it came: it comes again on the next one
            held.settle(held, None)
            self._breaker.undecided()
            self._await_probe()
        else:
            held.start(held)

    def _give_back(self, error: BaseException) -> None:
        """What has been in hand for long waits on in the broker, which takes a message away from who holds it for hours."""
        overdue = [held for held in self._held if monotonic() - held.since > self._rules.hold_s]
        for held in overdue:
            self._held.remove(held)
            eventlet.spawn_n(held.settle, held, error)
