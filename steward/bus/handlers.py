"""The entrypoint of events: inbox, retries and dead letters around a plain method."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial, wraps
from time import monotonic
from typing import Any

import eventlet
from marshmallow import INCLUDE
from nameko.extensions import Entrypoint, register_entrypoint

from steward import plugins
from steward.bus import topology
from steward.bus.attempts import attempt
from steward.bus.envelope import Envelope, decode
from steward.bus.gate import Gate, Held
from steward.bus.intake import Delivery, Intake, Subscription
from steward.bus.lanes import Lanes
from steward.bus.outboxes import Confirmed
from steward.bus.retrying import breaker_rules, retry_rules
from steward.bus.settling import Settler
from steward.bus.shares import fair_shares
from steward.bus.suspects import Suspects
from steward.bus.vouching import Voucher
from steward.context import Context, Tries
from steward.observe import health, logs, metrics
from steward.settings import Settings
from steward.spec import Hears, ServiceSpec
from steward.store.committing import AlreadyDone
from steward.times import now
from steward.trust.principals import service_principal
from steward.validation import schema

log = logging.getLogger(__name__)

NOTHING_TO_DO = "nothing to do: "
"""Begins the line, of level DEBUG, that tells of an event which left no entry in the journal; its key follows."""
HELD_S = 1.0
"""How soon it is tried again to pass on what the broker did not take."""


class Handler(Entrypoint):
    """Wakes a method for each event that the spec's ``Hears`` of the same name lists.

    The method gets an :class:`Envelope`, makes one unit of work, and returns. The message is acknowledged after that
    unit has committed; whatever the method raises is settled by :mod:`steward.bus.settling`.
    """

    intake = Intake()
    sending = Confirmed()

    @classmethod
    def decorator(cls, method: Callable[[Any, Envelope], None]) -> Callable[[Any, Envelope], BaseException | None]:
        """Marks ``method`` as the handler of its name."""

        @wraps(method)
        def handle(service: Any, event: Envelope) -> BaseException | None:
            started = monotonic()
            error = _outcome(service, partial(method, service, event))
            _measure(service.spec.name, method.__name__, event, error, monotonic() - started)
            return error

        register_entrypoint(handle, cls())
        return handle

    def setup(self) -> None:
        self.spec: ServiceSpec = self.container.service_cls.spec
        self.hears: Hears = self.spec.handler(self.method_name)
        folder = Settings.from_env().policy
        self.retry = retry_rules(self.spec, self.hears.handler, folder)
        self.gate = Gate(self.spec.name, self.hears.handler, breaker_rules(self.spec, self.hears.handler, folder))
        self.settler = Settler(self.spec.name, self.hears.handler, self.retry, self.sending.postbox)
        self.principal = service_principal(self.spec.name)
        self.voucher = Voucher.ours()
        self.lanes = Lanes()
        self.suspects = Suspects()
        self._stopping = False
        self._underway = health.Underway()
        health.board.alive(f"handler {self.method_name}", self._underway.in_time)
        self.subscription = Subscription(
            declare=lambda bus: topology.declare_handler(bus, self.spec.name, self.hears),
            on_message=self._receive,
            prefetch=self._share(),
        )
        self.intake.subscribe(self.subscription)

    def _share(self) -> int:
        wanted = {hears.handler: hears.prefetch for hears in self.spec.hears}
        return fair_shares(wanted, Settings.from_env().workers)[self.hears.handler]

    def stop(self) -> None:
        self._stopping = True
        self.gate.close()
        self.intake.cancel(self.subscription)

    def _receive(self, delivery: Delivery) -> None:
        try:
            event = decode(delivery.body)
            self.voucher.check(delivery.body, delivery.headers)
            _check(event)
        except Exception as error:
            eventlet.spawn_n(self._pass_on, delivery, error)
            return
        held = Held(delivery, event, self._start, self._settle)
        enter = partial(self.lanes.enter, event.matter, partial(self.gate.enter, held))
        self.suspects.enter(delivery, delivery.in_vain, enter)

    def _start(self, held: Held) -> None:
        event = held.event
        context = Context(
            principal=self.principal,
            now=now(),
            correlation=event.correlation,
            key=f"{self.hears.handler}:{event.id}",
            event=event,
            tries=Tries(self.retry.conflicts, self.retry.immediate),
            how="event",
            doing=self.hears.handler,
        )
        self._underway.begin(held.delivery, self.hears.longest_s)
        self.container.spawn_worker(self, (event,), {}, context_data={"steward": context}, handle_result=partial(self._done, held))

    def _done(self, held: Held, worker: Any, error: BaseException | None, failed: Any) -> tuple[Any, Any]:
        self._underway.end(held.delivery)
        failure = failed[1] if failed else error
        if not self.gate.left(held, failure):
            self._settle(held, failure)
        return None, None

    def _settle(self, held: Held, error: BaseException | None) -> None:
        try:
            self._pass_on(held.delivery, error)
        finally:
            self.lanes.leave(held.event.matter)
            self.suspects.leave(held.delivery)

    def _pass_on(self, delivery: Delivery, error: BaseException | None) -> None:
        """Settle ``delivery``, and hold it while the broker takes nothing: a memory alarm stops what is sent, not what is received.

        What is held counts against the handler's share, so that a handler that fails takes no more than it can pass on.
        """
        while not self.settler.settle(delivery, error) and not delivery.lost and not self._stopping:
            eventlet.sleep(HELD_S)


def _check(event: Envelope) -> None:
    """Raises ValidationError when the data is not what its publisher's schema says; newer fields are let through."""
    publisher = plugins.installed_services().get(event.service)
    if publisher is not None:
        schema(publisher.event(event.name).schema).load(event.data, unknown=INCLUDE)


def _outcome(service: Any, work: Callable[[], None]) -> BaseException | None:
    context: Context = service.context
    logs.bind(correlation=context.correlation, event_id=context.event.id if context.event else None)
    try:
        attempt(work, service.store.recorded, context.tries)
        if not service.store.wrote:
            log.debug("%s%s", NOTHING_TO_DO, context.key)
    except AlreadyDone:
        return None
    except BaseException as error:  # eventlet's Timeout and GreenletExit too: else the message is never settled
        return error
    return None


def _measure(service: str, handler: str, event: Envelope, error: BaseException | None, seconds: float) -> None:
    outcome = "ok" if error is None else type(error).__name__
    metrics.HANDLER_SECONDS.labels(service, handler, outcome).observe(seconds)
    if error is None:
        lag = (now() - event.time).total_seconds()
        metrics.EVENT_LAG_SECONDS.labels(service, handler).observe(max(lag, 0))
