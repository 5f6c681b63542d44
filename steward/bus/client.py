"""Calls from outside a service: for the CLI and for tests. Plain and synchronous; needs no eventlet."""

from __future__ import annotations

import json
import time
from typing import Any

from kombu import Connection, Consumer, Queue

from steward.bus import calls, topology
from steward.bus.postbox import BROKEN
from steward.errors import DeadlineExceeded, Unavailable
from steward.ids import new_id
from steward.settings import Settings
from steward.bus.tokens import own_token

OPERATOR = "operator"


class Client:
    """Calls services as the operator of this installation. A context manager."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or Settings.from_env()
        self._bus: Connection | None = None

    def __enter__(self) -> Client:
        try:
            self._bus = topology.connection(self._settings.amqp_uri)
            self._bus.connect()
            self._address = new_id()
            self._queue = Queue(
                f"rpc.reply-operator-{self._address}",
                exchange=topology.rpc_exchange(),
                routing_key=self._address,
                exclusive=True,
                auto_delete=True,
            )(self._bus.default_channel)
            self._queue.declare()
        except BROKEN as error:
            raise Unavailable("the broker is away") from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._bus is not None:
            self._bus.release()

    def call(self, service: str, method: str, key: str | None = None, within_s: float | None = None, **kwargs: Any) -> Any:
        """The answer of ``service.method(**kwargs)``; ``key`` makes repeating it harmless.

        Raises the callee's typed error, DeadlineExceeded, or Unavailable without a broker.
        """
        assert self._bus is not None
        within_s = within_s or calls.declared_call(service, method).deadline_s
        deadline, call_id = time.time() + within_s, new_id()
        headers = {calls.TOKEN: own_token(OPERATOR), calls.CORRELATION: call_id, calls.DEADLINE: str(deadline)}
        if key:
            headers |= {calls.KEY: key}
        answers: list[dict[str, Any]] = []
        try:
            with Consumer(
                self._bus.default_channel, [self._queue], no_ack=True, auto_declare=False,
                on_message=lambda message: answers.append(_mine(message, call_id)),
            ):
                self._bus.Producer().publish(
                    {"args": [], "kwargs": kwargs},
                    exchange="nameko-rpc",
                    routing_key=f"{service}.{method}",
                    serializer="json",
                    headers=headers,
                    reply_to=self._address,
                    correlation_id=call_id,
                )
                while not any(answers):
                    if time.time() > deadline:
                        raise DeadlineExceeded(f"{service} did not answer in time")
                    _drain(self._bus, 0.2)
        except BROKEN as error:
            raise Unavailable("the broker is away") from error
        answer = next(answer for answer in answers if answer)
        if answer.get("error"):
            raise calls.error_in(answer["error"])
        return answer["result"]


def _mine(message: Any, call_id: str) -> dict[str, Any]:
    return json.loads(message.body) if message.properties.get("correlation_id") == call_id else {}


def _drain(bus: Connection, timeout: float) -> None:
    try:
        bus.drain_events(timeout=timeout)
    except TimeoutError:
        return


def call(service: str, method: str, key: str | None = None, within_s: float | None = None, **kwargs: Any) -> Any:
    """One call as the operator, on a connection of its own; see :meth:`Client.call`."""
    with Client() as client:
        return client.call(service, method, key, within_s, **kwargs)
