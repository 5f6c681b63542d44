"""Answering calls: who asks, may they, is it well formed, was it asked before; then the method, then the answer."""

from __future__ import annotations

import base64
import binascii
import inspect
import json
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from time import monotonic
from typing import Any, TypeVar

import eventlet
from eventlet.hubs import get_hub
from kombu import Connection, Queue
from nameko.exceptions import serialize
from nameko.extensions import Entrypoint, SharedExtension, register_entrypoint

from steward.bus import calls, topology
from steward.bus.attempts import attempt
from steward.bus.intake import Delivery, Intake, Subscription
from steward.bus.outboxes import Unconfirmed
from steward.bus.postbox import Outgoing
from steward.bus.reads import recorded
from steward.context import Context
from steward.errors import BadInput, IdempotencyMismatch, NotFound, StewardError, Unavailable
from steward.ids import new_id
from steward.observe import health, logs, metrics
from steward.settings import Settings
from steward.spec import PUBLIC, Call
from steward.store.committing import AlreadyDone
from steward.times import now
from steward.trust.principals import COMPANY, SERVICE, Principal, verify
from steward.validation import checked

log = logging.getLogger(__name__)

PREFETCH = 32
ANSWER_SHARE = 0.3
"""Of a caller's time, kept for the answer's way back."""
LONGEST_S = 3_600.0
_TEXT = (str, "str")
"""How a method says that an argument is a text, with and without postponed annotations."""
T = TypeVar("T")
NOBODY = Principal(id="nobody")


@dataclass(frozen=True)
class Answer:
    """What is told to the caller: a result, or an error."""

    result: Any = None
    error: BaseException | None = None

    def encode(self) -> bytes:
        """The reply's body; a result that JSON cannot hold becomes an error."""
        try:
            return json.dumps({"result": self.result, "error": self._error()}, ensure_ascii=False).encode()
        except (TypeError, ValueError, RecursionError) as error:
            return Answer(error=StewardError(f"the answer cannot be written: {error}")).encode()

    def _error(self) -> dict[str, Any] | None:
        if self.error is None:
            return None
        known = self.error if isinstance(self.error, StewardError) else StewardError("the service failed")
        return {**serialize(known), "exc_args": [known.detail], "steward": known.to_wire()}


class CallDesk(SharedExtension):
    """Receives the calls of a service and hands each to its method."""

    intake = Intake()
    sending = Unconfirmed()

    def __init__(self) -> None:
        super().__init__()
        self._methods: dict[str, Rpc] = {}
        self._subscription: Subscription | None = None
        self.overdue: set[Delivery] = set()
        """Calls whose callers were told that they are not done yet."""

    def register(self, method: Rpc) -> None:
        """Hand calls named like ``method`` to it."""
        self._methods[method.method_name] = method
        if self._subscription is None:
            settings = Settings.from_env()
            self._key, self._broker = settings.token_key, settings.amqp_uri
            self._subscription = Subscription(self._declare, self._receive, PREFETCH)
            self.intake.subscribe(self._subscription)
            # With as many in hand as it may have, all of them stuck, it receives nothing more, ever.
            health.board.alive("answering", lambda: sum(not call.lost for call in self.overdue) < PREFETCH)

    def unregister(self) -> None:
        """Take no more calls."""
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            self.intake.cancel(subscription)

    def _declare(self, bus: Connection) -> Queue:
        queue = topology.rpc_queue(self.container.service_name, self._broker)(bus.default_channel)
        queue.declare()
        return queue

    def _receive(self, delivery: Delivery) -> None:
        if not delivery.properties.get("reply_to"):
            log.warning("refused a call that nobody waits for")
            delivery.ack()
            return
        try:
            if _deadline(delivery) < time.time():
                delivery.ack()
                return
            method, kwargs = self._method_of(delivery), _arguments(delivery)
            context = self._context_of(delivery)
        except Exception as error:
            eventlet.spawn_n(self.answer, delivery, Answer(error=error))
            return
        reply = _Reply(self, delivery, context)
        self.container.spawn_worker(method, (), kwargs, context_data={"steward": context}, handle_result=reply.done)

    def _method_of(self, delivery: Delivery) -> Rpc:
        name = delivery.info.get("routing_key", "").rpartition(".")[2]
        if name not in self._methods:
            raise NotFound(f"no call {name!r}")
        return self._methods[name]

    def _context_of(self, delivery: Delivery) -> Context:
        token, key = _header(delivery, calls.TOKEN, str), _header(delivery, calls.KEY, str)
        principal = verify(token, self._key) if token else NOBODY
        call_id = delivery.properties.get("correlation_id") or new_id()
        name = delivery.info.get("routing_key", "")
        return Context(
            principal=principal,
            now=now(),
            correlation=_header(delivery, calls.CORRELATION, str) or call_id,
            key=f"call:{principal.id}:{name}:{key}" if key else f"call:{call_id}",
            fingerprint=_header(delivery, calls.FINGERPRINT, str),
            if_match=_header(delivery, calls.IF_MATCH, int),
            deadline=_deadline(delivery),
            how="call",
            doing=name.rpartition(".")[2],
            behalf=_behalf(delivery, principal),
        )

    def answer(self, delivery: Delivery, answer: Answer) -> None:
        """Tell the caller, then acknowledge."""
        self.tell(delivery, answer)
        delivery.ack()

    def tell(self, delivery: Delivery, answer: Answer) -> None:
        """Tell the caller; one that cannot be told has its deadline."""
        if answer.error is not None and not isinstance(answer.error, StewardError):
            log.error("a call failed", exc_info=answer.error)
        try:
            self.sending.postbox.send(
                Outgoing(
                    exchange="nameko-rpc",
                    routing_key=delivery.properties["reply_to"],
                    body=answer.encode(),
                    id=new_id(),
                    properties={"correlation_id": delivery.properties.get("correlation_id", "")},
                    durable=False,
                )
            )
        except Unavailable:
            log.warning("an answer could not be sent")


class _Reply:
    """The one answer to a call: the method's, or, when a part that it needs keeps it waiting, that it is not done yet.

    The method is not broken off: asked again under the same key, it has often been done.
    """

    def __init__(self, desk: CallDesk, delivery: Delivery, context: Context) -> None:
        self._desk, self._delivery, self._told = desk, delivery, False
        left_s = min((context.deadline or math.inf) - time.time(), LONGEST_S)
        # Not spawn_after: until its time a cancelled green thread keeps all frames of whoever cancelled it, the answer among them.
        self._timer = get_hub().schedule_call_global(left_s * (1 - ANSWER_SHARE), eventlet.spawn_n, self._late)

    def done(self, worker: Any, answer: Answer | None, failed: Any) -> tuple[Any, Any]:
        """The method has ended."""
        self._timer.cancel()
        self._desk.overdue.discard(self._delivery)
        self._tell(Answer(error=failed[1]) if failed else answer or Answer())
        self._delivery.ack()
        return None, None

    def _late(self) -> None:
        self._desk.overdue.add(self._delivery)
        self._tell(Answer(error=Unavailable("not done yet: a part that is needed does not answer; ask again")))

    def _tell(self, answer: Answer) -> None:
        if not self._told:
            self._told = True
            self._desk.tell(self._delivery, answer)


def _header(delivery: Delivery, name: str, kind: type[T]) -> T | None:
    """What any program on the bus may have written there is looked at before it gets into a journal."""
    value = delivery.headers.get(name)
    if value is not None and not isinstance(value, kind):
        raise BadInput(f"the header {name} is not of type {kind.__name__}")
    return value


def _behalf(delivery: Delivery, principal: Principal) -> str | None:
    """For whom a service asks; from others it is no more than a claim."""
    said = _header(delivery, calls.BEHALF, str)
    return said if principal.id.startswith(SERVICE) and said != principal.id else None


def _deadline(delivery: Delivery) -> float:
    try:
        deadline = float(delivery.headers.get(calls.DEADLINE, "inf"))
    except (ValueError, TypeError) as error:
        raise BadInput("the deadline is not a number of seconds") from error
    if math.isnan(deadline):
        raise BadInput("the deadline is not a number of seconds")
    return deadline


def _arguments(delivery: Delivery) -> dict[str, Any]:
    try:
        body = json.loads(delivery.body)
        args, kwargs = body["args"], body["kwargs"]
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput("a call is a JSON object with args and kwargs") from error
    if args or not isinstance(kwargs, dict):
        raise BadInput("arguments are passed by name")
    return kwargs


class Rpc(Entrypoint):
    """Wakes a method for each call of its name, once the caller's right and the arguments are checked."""

    desk = CallDesk()

    @classmethod
    def decorator(cls, method: Callable[..., Any]) -> Callable[..., Answer]:
        """Marks ``method`` as the answer to the call of its name."""
        signature = inspect.signature(method)

        @wraps(method)
        def answer(service: Any, **kwargs: Any) -> Answer:
            started = monotonic()
            result = _answer(service, method, signature, kwargs)
            outcome = "ok" if result.error is None else getattr(result.error, "kind", "defect")
            metrics.CALL_SECONDS.labels(service.name, method.__name__, outcome).observe(monotonic() - started)
            return result

        register_entrypoint(answer, cls())
        return answer

    def setup(self) -> None:
        calls.declared_call(self.container.service_name, self.method_name)
        self.desk.register(self)

    def stop(self) -> None:
        self.desk.unregister()


def _answer(service: Any, method: Callable[..., Any], signature: inspect.Signature, kwargs: dict[str, Any]) -> Answer:
    context: Context = service.context
    logs.bind(correlation=context.correlation, principal=context.principal.id)
    try:
        calls.time_left(LONGEST_S, context.deadline)  # it may have waited for its turn until nobody waits for it any more
        call = calls.declared_call(service.name, method.__name__)
        _check_texts(signature, kwargs)
        if call.permission and call.permission != PUBLIC:
            context.principal.require(call.permission, kwargs.get("project"))
        arguments = _loaded(call, kwargs)
        if call.company:
            context.principal.require(call.permission, COMPANY + arguments["body"][call.company])
        signature.bind(service, **arguments)
    except TypeError as error:
        return Answer(error=BadInput(f"arguments: {error}"))
    except StewardError as error:
        return Answer(error=error)
    work = partial(method, service, **arguments)
    return _once(service, context, partial(recorded, service, call, arguments, work) if call.audited else work)


def _check_texts(signature: inspect.Signature, kwargs: dict[str, Any]) -> None:
    """Raises BadInput. Ids that are no texts would be queries of a store, no project all of them; a company has nothing of its own."""
    for name, parameter in signature.parameters.items():
        if name in kwargs and parameter.annotation in _TEXT and not (isinstance(kwargs[name], str) and kwargs[name]):
            raise BadInput.of(name, "is not a text, or empty")
    if str(kwargs.get("project")).startswith(COMPANY):
        raise BadInput.of("project", "is a company")


def _loaded(call: Call, kwargs: dict[str, Any]) -> dict[str, Any]:
    loaded = dict(kwargs)
    if call.body:
        loaded["body"] = checked(call.body, kwargs.get("body", {}))
    if call.query:
        loaded["query"] = checked(call.query, kwargs.get("query", {}))
    if "content" in kwargs:
        try:
            loaded["content"] = base64.b64decode(kwargs["content"], validate=True)
        except (binascii.Error, TypeError) as error:
            raise BadInput.of("content", "is not base64") from error
    return loaded


def _once(service: Any, context: Context, work: Callable[[], Any]) -> Answer:
    try:
        return Answer(attempt(work, service.store.recorded))
    except AlreadyDone as done:
        if done.fingerprint != context.fingerprint:
            return Answer(error=IdempotencyMismatch("the key was used before, for another request"))
        return Answer(service.sealer.open_answer(done.answer))
    except BaseException as error:  # eventlet's Timeout too: the caller must be told
        return Answer(error=error)
