"""Calls from outside a service: for the CLI and for tests. Plain and synchronous; needs no eventlet."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from kombu import Consumer, Queue
from kombu.message import Message

from steward.bus import calls, topology
from steward.bus.postbox import BROKEN
from steward.bus.tokens import own_token
from steward.errors import DeadlineExceeded, Unavailable
from steward.ids import new_id
from steward.settings import Settings
from steward.store.reading import PAGE_LIMIT_MOST

OPERATOR = "operator"
_POLL_S = 0.2


class Client:
    """Calls services as the operator of this installation. A context manager."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or Settings.from_env()
        self._address = new_id()
        self._answers: dict[str, dict[str, Any]] = {}
        self._blocked = False

    def __enter__(self) -> Client:
        with _our_words():
            self._bus = topology.connection(self._settings.amqp_uri, heartbeat_s=0)
            self._bus.connect()
            self._bus.connection.on_blocked = partial(self._on_blocked, True)
            self._bus.connection.on_unblocked = partial(self._on_blocked, False)
            queue = Queue(
                f"rpc.reply-{OPERATOR}-{self._address}",
                exchange=topology.rpc_exchange(),
                routing_key=self._address,
                exclusive=True,
                auto_delete=True,
            )
            Consumer(self._bus.default_channel, [queue], no_ack=True, on_message=self._receive).consume()
        return self

    def __exit__(self, *_: object) -> None:
        self._bus.release()

    def _on_blocked(self, blocked: bool, *_: object) -> None:
        self._blocked = blocked

    def _receive(self, message: Message) -> None:
        self._answers[message.properties.get("correlation_id", "")] = json.loads(message.body)

    def call(self, service: str, method: str, key: str | None = None, within_s: float | None = None, **kwargs: Any) -> Any:
        """The answer of ``service.method(**kwargs)``; ``key`` makes repeating it harmless.

        Raises the callee's typed error, DeadlineExceeded, or Unavailable without a broker or when it takes nothing.
        """
        deadline = time.time() + (within_s or calls.declared_call(service, method).deadline_s)
        call_id = new_id()
        headers = {
            calls.TOKEN: own_token(OPERATOR),
            calls.CORRELATION: call_id,
            calls.DEADLINE: str(deadline),
            **({calls.KEY: key} if key else {}),
        }
        with _our_words():
            self._bus.Producer().publish(
                {"args": [], "kwargs": kwargs},
                exchange="nameko-rpc",
                routing_key=f"{service}.{method}",
                serializer="json",
                headers=headers,
                reply_to=self._address,
                correlation_id=call_id,
                expiration=max(deadline - time.time(), 0.001),
            )
            answer = self._wait(call_id, deadline, service)
        if answer.get("error"):
            raise calls.error_in(answer["error"])
        return answer["result"]

    def items(self, service: str, method: str, within_s: float | None = None, **query: Any) -> Iterator[dict[str, Any]]:
        """Every item of a paged call, page after page. Raises as :meth:`call`."""
        cursor: str | None = None
        while True:
            asked = {**query, "limit": PAGE_LIMIT_MOST, **({"cursor": cursor} if cursor else {})}
            page = self.call(service, method, within_s=within_s, query=asked)
            yield from page["items"]
            cursor = page["next"]
            if cursor is None:
                return

    def depth(self, queue: str) -> int:
        """How many messages wait in ``queue``. Raises Unavailable."""
        with _our_words():
            return int(self._bus.default_channel.queue_declare(queue, passive=True).message_count)

    def consumers(self, queue: str) -> int:
        """How many processes are fed from ``queue``. Raises Unavailable."""
        with _our_words():
            return int(self._bus.default_channel.queue_declare(queue, passive=True).consumer_count)

    def _wait(self, call_id: str, deadline: float, service: str) -> dict[str, Any]:
        while call_id not in self._answers:
            if self._blocked:
                raise Unavailable("the broker takes nothing at present: it is short of memory or disk")
            if time.time() > deadline:
                raise DeadlineExceeded(f"{service} did not answer in time")
            try:
                self._bus.drain_events(timeout=_POLL_S)
            except TimeoutError:
                continue
        return self._answers.pop(call_id)


@contextmanager
def _our_words() -> Iterator[None]:
    try:
        yield
    except BROKEN as error:
        raise Unavailable("the broker is away") from error


def call(service: str, method: str, key: str | None = None, within_s: float | None = None, **kwargs: Any) -> Any:
    """One call as the operator, on a connection of its own; see :meth:`Client.call`."""
    with Client() as client:
        return client.call(service, method, key, within_s, **kwargs)
