"""Dead letters 死信: what no handler could do, filed in the store with its cause, to be replayed or discarded."""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Callable
from typing import Any

import eventlet
from eventlet.event import Event as Signal
from kombu import Connection, Queue
from nameko.extensions import DependencyProvider
from pymongo.database import Database

from steward.bus import settling, topology
from steward.bus.envelope import Malformed, decode
from steward.bus.intake import Delivery, Intake, Subscription
from steward.bus.outboxes import Confirmed
from steward.bus.postbox import Outgoing, Postbox
from steward.errors import IllegalTransition, NotFound, StewardError
from steward.store.client import Document, our_words
from steward.store.provider import SharedStore
from steward.times import iso, now

log = logging.getLogger(__name__)

COLLECTION = "dead_letters"
LIST_LIMIT = 500
_RETRY_S = 1.0


class DeadLetterShelf:
    """The dead letters of one service."""

    def __init__(self, db: Database[Document], postbox: Callable[[], Postbox]) -> None:
        self._letters, self._postbox = db[COLLECTION], postbox

    def file(self, delivery: Delivery) -> None:
        """Keep a message that was given up, once however often it is delivered."""
        letter = _letter(delivery)
        with our_words():
            self._letters.replace_one({"_id": letter["_id"]}, letter, upsert=True)

    def list(self, state: str = "dead") -> list[dict[str, Any]]:
        """The letters in ``state`` (dead, replayed, discarded), oldest first, without their bodies."""
        with our_words():
            found = self._letters.find({"state": state}).sort("filed_at", 1).limit(LIST_LIMIT)
            return [_view(letter) for letter in found]

    def replay(self, id: str, by: str) -> dict[str, Any]:
        """Give the letter to its handler again. Raises NotFound, IllegalTransition, Unavailable."""
        letter = self._open(id, "replay")
        message = Outgoing("", letter["queue"], letter["body"], letter["message_id"], mandatory=True)
        if self._postbox().send_all([message]):
            raise NotFound(f"queue {letter['queue']} is gone")
        return self._close(letter, "replayed", by, None)

    def discard(self, id: str, by: str, reason: str) -> dict[str, Any]:
        """Close the letter for good, with a reason. Raises NotFound, IllegalTransition."""
        return self._close(self._open(id, "discard"), "discarded", by, reason)

    def _open(self, id: str, command: str) -> Document:
        with our_words():
            letter = self._letters.find_one({"_id": id})
        if letter is None:
            raise NotFound(f"no dead letter {id!r}")
        if letter["state"] != "dead":
            raise IllegalTransition.of(command, letter["state"], [])
        return letter

    def _close(self, letter: Document, state: str, by: str, reason: str | None) -> dict[str, Any]:
        change = {"state": state, "closed_at": now(), "closed_by": by, "reason": reason}
        with our_words():
            self._letters.update_one({"_id": letter["_id"], "state": "dead"}, {"$set": change})
        return _view(letter | change)


def _letter(delivery: Delivery) -> Document:
    headers = delivery.headers
    body = delivery.body.encode() if isinstance(delivery.body, str) else bytes(delivery.body)
    message_id = delivery.properties.get("message_id") or hashlib.sha256(body).hexdigest()[:26]
    queue = headers.get(settling.QUEUE) or headers.get("x-first-death-queue") or "unknown"
    return {
        "_id": hashlib.sha256(f"{queue}:{message_id}".encode()).hexdigest()[:26],
        "state": "dead",
        "queue": queue,
        "message_id": message_id,
        "project": _project_of(body),
        "body": body,
        "error": headers.get(settling.ERROR) or f"broker: {headers.get('x-first-death-reason', 'unknown')}",
        "stack": headers.get(settling.STACK, ""),
        "attempts": headers.get(settling.ATTEMPTS, 0),
        "first_failed": headers.get(settling.FIRST_FAILED),
        "filed_at": now(),
    }


def _project_of(body: bytes) -> str | None:
    """The project that the message is about, if it can be told."""
    try:
        return decode(body).project
    except Malformed:
        return None


def _view(letter: Document) -> dict[str, Any]:
    shown = {
        name: letter.get(name)
        for name in ("state", "queue", "message_id", "project", "error", "stack", "attempts", "first_failed", "closed_by", "reason")
    }
    return {
        "id": letter["_id"],
        **shown,
        "filed_at": iso(letter["filed_at"]),
        "closed_at": iso(letter["closed_at"]) if letter.get("closed_at") else None,
        "body": base64.b64encode(letter["body"]).decode(),
    }


class DeadLetters(DependencyProvider):
    """Files a service's dead letters as they come; gives a worker the :class:`DeadLetterShelf`."""

    intake = Intake()
    store = SharedStore()
    sending = Confirmed()

    def setup(self) -> None:
        self._stop = Signal()
        self._subscription = Subscription(self._declare, self._receive, prefetch=1)
        self.intake.subscribe(self._subscription)

    def stop(self) -> None:
        self._stop.send()

    def _declare(self, bus: Connection) -> Queue:
        queue = topology.dead_queue(self.container.service_name)(bus.default_channel)
        queue.declare()
        return queue

    def _receive(self, delivery: Delivery) -> None:
        eventlet.spawn_n(self._file, delivery)

    def _file(self, delivery: Delivery) -> None:
        while not self._stop.ready():
            try:
                DeadLetterShelf(self.store.database, self._postbox).file(delivery)
            except StewardError as error:
                log.warning("dead letter not filed yet: %s", error)
                eventlet.sleep(_RETRY_S)
            else:
                delivery.ack()
                return

    def _postbox(self) -> Postbox:
        return self.sending.postbox

    def get_dependency(self, worker: Any) -> DeadLetterShelf:
        return DeadLetterShelf(self.store.database, self._postbox)
