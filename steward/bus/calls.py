"""Calling other services: nameko's wire format, with deadlines, signed callers and typed errors.

A caller never waits longer than its deadline, nor longer than whoever waits for the caller itself: what is left of the
time of a call bounds the calls that are made to answer it, and so on through all of them. Entries of calls that ended,
however they ended, are gone.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from eventlet.event import Event as Signal
from eventlet.timeout import Timeout
from kombu import Connection, Queue
from nameko.extensions import DependencyProvider, SharedExtension

from steward.bus import topology
from steward.bus.intake import Delivery, Intake, Subscription
from steward.bus.outboxes import Unconfirmed
from steward.bus.postbox import Outgoing
from steward.bus.standard import STANDARD_CALLS
from steward.bus.tokens import own_token
from steward.context import Context
from steward.errors import DeadlineExceeded, NotFound, StewardError, Unavailable, from_wire
from steward.ids import new_id
from steward.observe import metrics
from steward.plugins import installed_services
from steward.spec import Call

REPLY_QUEUE_EXPIRES_MS = 60_000

TOKEN = "steward.token"
CORRELATION = "steward.correlation"
KEY = "steward.key"
FINGERPRINT = "steward.fingerprint"
IF_MATCH = "steward.if_match"
DEADLINE = "steward.deadline"
BEHALF = "steward.behalf"
"""For whom a service asks in its own name; believed of services alone."""


def declared_call(service: str, name: str) -> Call:
    """The call ``name`` of an installed service. Raises NotFound when there is none such."""
    spec = installed_services().get(service)
    try:
        return STANDARD_CALLS.get(name) or spec.call(name)  # type: ignore[union-attr]
    except (KeyError, AttributeError) as error:
        raise NotFound(f"no call {service}.{name}") from error


class Replies(SharedExtension):
    """Sends calls and gives each answer to whoever waits for it."""

    intake = Intake()
    sending = Unconfirmed()

    def __init__(self) -> None:
        super().__init__()
        self._address = new_id()
        self._waiting: dict[str, Signal] = {}
        self._subscription: Subscription | None = None

    @property
    def waiting(self) -> int:
        """How many calls wait for their answer."""
        return len(self._waiting)

    def setup(self) -> None:
        if self._subscription is None:
            self._subscription = Subscription(self._declare, self._receive, prefetch=0, no_ack=True)
            self.intake.subscribe(self._subscription)
            self.intake.on_loss(self._lose)
            metrics.CALLS_WAITING.labels(self.container.service_name).set_function(lambda: self.waiting)

    def _lose(self) -> None:
        """Whoever waits is told at once: the answer might have been in what was lost."""
        for signal in self._waiting.values():
            signal.send_exception(Unavailable("the broker went away"))
        self._waiting.clear()

    def _declare(self, bus: Connection) -> Queue:
        queue = Queue(
            f"rpc.reply-{self.container.service_name}-{self._address}",
            exchange=topology.rpc_exchange(),
            routing_key=self._address,
            queue_arguments={"x-expires": REPLY_QUEUE_EXPIRES_MS},
        )(bus.default_channel)
        queue.declare()
        return queue

    def _receive(self, delivery: Delivery) -> None:
        signal = self._waiting.pop(delivery.properties.get("correlation_id", ""), None)
        if signal is not None:
            signal.send(delivery.body)

    def call(self, service: str, method: str, kwargs: dict[str, Any], headers: dict[str, Any], within_s: float) -> Any:
        """The answer of ``service.method(**kwargs)``.

        Raises the callee's typed error, DeadlineExceeded after ``within_s`` seconds, Unavailable without a broker.
        """
        if not self.intake.answering:
            raise Unavailable("the broker is away")
        call_id, signal = new_id(), Signal()
        headers = {name: value for name, value in headers.items() if value is not None}
        self._waiting[call_id] = signal
        try:
            with Timeout(within_s, DeadlineExceeded(f"{service} did not answer in time")):
                self.sending.postbox.send(self._request(service, method, kwargs, headers, within_s, call_id))
                answer = json.loads(signal.wait())
        finally:
            self._waiting.pop(call_id, None)
        if answer.get("error"):
            raise error_in(answer["error"])
        return answer["result"]

    def _request(
        self, service: str, method: str, kwargs: dict[str, Any], headers: dict[str, Any], within_s: float, call_id: str
    ) -> Outgoing:
        return Outgoing(
            exchange="nameko-rpc",
            routing_key=f"{service}.{method}",
            body=json.dumps({"args": [], "kwargs": kwargs}, ensure_ascii=False).encode(),
            id=call_id,
            headers={**headers, DEADLINE: str(time.time() + within_s)},
            properties={
                "reply_to": self._address,
                "correlation_id": call_id,
                "expiration": str(max(int(within_s * 1000), 1)),
            },
            durable=False,
        )


def error_in(error: dict[str, Any]) -> StewardError:
    if "steward" in error:
        return from_wire(error["steward"])
    return StewardError("the service failed", remote=error.get("exc_type", ""))


def time_left(within_s: float, deadline: float | None) -> float:
    """``within_s``, or what is left until ``deadline`` (Unix time) if that is less. Raises DeadlineExceeded when nothing is."""
    left = within_s if deadline is None else min(within_s, deadline - time.time())
    if left <= 0:
        raise DeadlineExceeded("whoever asked waits no longer")
    return left


@dataclass(frozen=True)
class _Method:
    """One call of one other service, made in its own name by the service that holds it."""

    remote: RemoteServices
    service: str
    name: str

    def __call__(self, **kwargs: Any) -> Any:
        return self.remote.call(self.service, self.name, kwargs, principal_token=self.remote._own_token())


@dataclass(frozen=True)
class _Target:
    remote: RemoteServices
    service: str

    def __getattr__(self, name: str) -> _Method:
        return _Method(self.remote, self.service, name)


class RemoteServices:
    """``remote.tickets.caller(project=…, ticket=…)`` calls another service as this one.

    Raises what the callee raises, DeadlineExceeded, Unavailable, or NotFound for a call that is not declared.
    """

    def __init__(self, replies: Replies, service: str, correlation: str, deadline: float | None = None, behalf: str | None = None) -> None:
        self._replies, self._service, self._correlation, self._deadline = replies, service, correlation, deadline
        self._behalf = behalf

    def __getattr__(self, service: str) -> _Target:
        return _Target(self, service)

    def _own_token(self) -> str:
        """The token with which the service speaks for itself."""
        return own_token(self._service)

    def call(
        self,
        service: str,
        method: str,
        kwargs: dict[str, Any],
        *,
        principal_token: str | None = None,
        correlation: str | None = None,
        key: str | None = None,
        fingerprint: str | None = None,
        if_match: int | None = None,
        deadline_s: float | None = None,
    ) -> Any:
        """Call on behalf of somebody else: the gateway's way. ``key`` is the caller's idempotency key.

        ``deadline_s``: how long to wait, instead of what the call's spec says; never longer than one's own caller waits.
        """
        headers = {
            TOKEN: principal_token,
            CORRELATION: correlation or self._correlation,
            KEY: key,
            FINGERPRINT: fingerprint,
            IF_MATCH: if_match,
            BEHALF: self._behalf,
        }
        within_s = deadline_s or declared_call(service, method).deadline_s
        return self._replies.call(service, method, kwargs, headers, time_left(within_s, self._deadline))


class Remote(DependencyProvider):
    """Gives a worker its :class:`RemoteServices`."""

    replies = Replies()

    def get_dependency(self, worker: Any) -> RemoteServices:
        context: Context | None = worker.data.get("steward")
        if context is None:
            return RemoteServices(self.replies, self.container.service_name, new_id())
        return RemoteServices(self.replies, self.container.service_name, context.correlation, context.deadline, context.asker)
