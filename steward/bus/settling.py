"""What becomes of a message when its handler has ended: the only place where that is decided.

ended well, or done before       acknowledged
transient, something is away,    comes back after a delay, as often as it takes
or another writer in the way
transient, out of order          comes back after growing delays; then a dead letter
any other failure (a defect)     comes back after growing delays; then a dead letter
cannot ever succeed              a dead letter at once
"""

from __future__ import annotations

import logging
import random
import traceback
from dataclasses import dataclass, field
from typing import Any

from steward.bus.failures import away, hopeless
from steward.bus.intake import Delivery
from steward.bus.postbox import Outgoing, Postbox
from steward.bus.retrying import RetryRules
from steward.bus.topology import delayed
from steward.errors import OutOfOrder, Unavailable
from steward.ids import new_id
from steward.observe import metrics
from steward.times import iso, now

log = logging.getLogger(__name__)

ATTEMPTS = "x-steward-attempts"
WAITS = "x-steward-waits"
QUEUE = "x-steward-queue"
ERROR = "x-steward-error"
STACK = "x-steward-stack"
FIRST_FAILED = "x-steward-first-failed"
LAST_FAILED = "x-steward-last-failed"
_OF_THE_BROKER = ("x-death", "x-delivery-count")
"""Headers that tell of the delivery that ends here, not of the one that follows."""
_STACK_CHARACTERS = 4_000
_ERROR_CHARACTERS = 1_000
"""Both travel in headers, which must fit into one frame."""


@dataclass(frozen=True)
class Settler:
    """Settles the deliveries of one handler."""

    service: str
    handler: str
    retry: RetryRules
    postbox: Postbox
    chance: random.Random = field(default_factory=random.Random)

    @property
    def queue(self) -> str:
        """The handler's queue."""
        return f"{self.service}.{self.handler}"

    def settle(self, delivery: Delivery, error: BaseException | None) -> bool:
        """Acknowledge, send back or give up ``delivery``. False when the broker does not take what is to be passed on."""
        try:
            if error is not None:
                self._fail(delivery, error)
        except Unavailable as refusal:
            log.warning("could not pass %s on: %s", self.queue, refusal)
            return False
        delivery.ack()
        return True

    def _fail(self, delivery: Delivery, error: BaseException) -> None:
        failed_at = iso(now())
        attempts = _count(delivery, ATTEMPTS) + (0 if away(error) else 1)
        waits = _count(delivery, WAITS) + (1 if away(error) else 0)
        allowed = len(self.retry.order_s if isinstance(error, OutOfOrder) else self.retry.delays_s)
        if hopeless(error) or attempts > allowed:
            self._give_up(delivery, error, attempts, failed_at)
            return
        delay = self.retry.jittered(self._delay(error, attempts, waits), self.chance)
        log.info("%s comes back in %d s after %s: %s", self.queue, delay, type(error).__name__, error)
        metrics.RETRIES.labels(self.service, self.handler, type(error).__name__).inc()
        exchange, key = delayed(self.queue, delay)
        self._send(delivery, exchange, key, {ATTEMPTS: attempts, WAITS: waits}, failed_at)

    def _delay(self, error: BaseException, attempts: int, waits: int) -> int:
        if away(error):
            return self.retry.away_s[min(waits, len(self.retry.away_s)) - 1]
        if isinstance(error, OutOfOrder):
            return self.retry.order_s[min(attempts, len(self.retry.order_s)) - 1]
        return self.retry.delays_s[attempts - 1]

    def _give_up(self, delivery: Delivery, error: BaseException, attempts: int, failed_at: str) -> None:
        log.error("%s gave up after %d attempts: %s", self.queue, attempts, error, exc_info=error)
        metrics.DEAD.labels(self.service, self.handler, type(error).__name__).inc()
        stack = "".join(traceback.format_exception(error))[-_STACK_CHARACTERS:]
        told = {
            QUEUE: self.queue,
            ATTEMPTS: attempts,
            ERROR: f"{type(error).__name__}: {error}"[:_ERROR_CHARACTERS],
            STACK: stack,
            LAST_FAILED: failed_at,
        }
        self._send(delivery, "", f"{self.service}.dead", told, failed_at)

    def _send(self, delivery: Delivery, exchange: str, routing_key: str, told: dict[str, Any], failed_at: str) -> None:
        headers = {name: value for name, value in delivery.headers.items() if not name.startswith(_OF_THE_BROKER)}
        headers = {FIRST_FAILED: failed_at, **headers, **told}
        body = delivery.body.encode() if isinstance(delivery.body, str) else bytes(delivery.body)
        identity = delivery.properties.get("message_id") or new_id()
        if self.postbox.send_all([Outgoing(exchange, routing_key, body, identity, headers, mandatory=exchange == "")]):
            raise Unavailable(f"queue {routing_key} is gone")


def _count(delivery: Delivery, header: str) -> int:
    """What we have counted before; whatever else somebody may have written there counts as nothing."""
    value = delivery.headers.get(header)
    return value if isinstance(value, int) and value > 0 else 0
