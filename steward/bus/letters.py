"""A dead letter as it is kept, how one is made of a message, and how many are found."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from steward.bus import settling
from steward.bus.envelope import Envelope, Malformed, decode
from steward.bus.intake import Delivery
from steward.bus.standard import DEAD_LETTERS
from steward.bus.vouching import MAC
from steward.ids import id_at, time_of
from steward.store.client import Document
from steward.store.repository import Repository
from steward.times import iso
from steward.trust.principals import EVERYWHERE

DEAD, REPLAYED, DISCARDED = "dead", "replayed", "discarded"
_TIME, _LENGTH = 10, 26


@dataclass(frozen=True)
class Deed:
    """What somebody did with a letter; ``old`` and ``new`` are the bodies before and after an edit."""

    at: datetime
    by: str
    did: str
    reason: str | None = None
    old: bytes | None = None
    new: bytes | None = None


@dataclass(frozen=True)
class Letter:
    """A message that was given up. ``death`` names this giving up; a letter that is replayed may die again.

    ``project`` is empty where it cannot be told.
    """

    id: str
    state: str
    queue: str
    message_id: str
    project: str
    body: bytes
    error: str
    stack: str
    attempts: int
    first_failed: str
    last_failed: str
    filed_at: datetime
    death: str
    deaths: int = 1
    type: str | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    reason: str | None = None
    history: tuple[Deed, ...] = ()
    mac: str | None = None
    version: int = 0

    @property
    def headers(self) -> dict[str, Any]:
        """What it is sent with when it is replayed: who vouched for it, if anybody did."""
        return {MAC: self.mac} if self.mac else {}


LETTERS = Repository(DEAD_LETTERS.name, Letter)


def made_of(delivery: Delivery, now: datetime) -> Document:
    """The document of a message that was given up; the same id for the same message of the same queue."""
    headers, body = delivery.headers, raw(delivery.body)
    message_id = delivery.properties.get("message_id") or hashlib.sha256(body).hexdigest()[:_LENGTH]
    queue = _said(headers, settling.QUEUE) or _said(headers, "x-first-death-queue") or "unknown"
    event = _event(body)
    last_failed = _said(headers, settling.LAST_FAILED) or iso(now)
    died = f"{queue}:{message_id}:{headers.get(settling.LAST_FAILED)}:{headers.get('x-death')}"
    return {
        "_id": letter_id(queue, message_id),
        "state": DEAD,
        "queue": queue,
        "message_id": message_id,
        "project": event.project if event else "",
        "type": event.type if event else None,
        "body": body,
        "mac": _said(headers, MAC),
        "error": _said(headers, settling.ERROR) or f"broker: {headers.get('x-first-death-reason', 'unknown')}",
        "stack": _said(headers, settling.STACK) or "none: it was the broker that gave it up",
        "attempts": _tries(headers),
        "first_failed": _said(headers, settling.FIRST_FAILED) or last_failed,
        "last_failed": last_failed,
        "filed_at": now,
        "death": _hash(died),
        "closed_at": None,
        "closed_by": None,
        "reason": None,
    }


def _said(headers: Mapping[str, Any], name: str) -> str | None:
    """What a header says; one that is no text, from whoever may write to our queues, says nothing."""
    value = headers.get(name)
    return value if isinstance(value, str) and value else None


def _tries(headers: Mapping[str, Any]) -> int:
    """How often it was tried, as we counted, or the broker; at least once, for it came here."""
    counted = (headers.get(name) for name in (settling.ATTEMPTS, "x-delivery-count"))
    return next((count for count in counted if isinstance(count, int) and count > 0), 1)


def letter_id(queue: str, message_id: str) -> str:
    """The id of a letter. It begins with the time in the message's id, if that is one of ours, so that pages are in order."""
    try:
        begins = id_at(time_of(message_id))[:_TIME] if len(message_id) >= _LENGTH else "0" * _TIME
    except (ValueError, OverflowError, OSError):
        begins = "0" * _TIME
    return begins + _hash(f"{queue}:{message_id}")[: _LENGTH - _TIME]


def wanted(filter: Mapping[str, Any], service: str, projects: set[str], state: str = DEAD) -> Document:
    """The query for the letters that ``filter`` (as its schema loads it) finds in ``projects``."""
    query: Document = {"state": state}
    if "handler" in filter:
        query["queue"] = f"{service}.{filter['handler']}"
    if "type" in filter:
        query["type"] = filter["type"]
    if "error" in filter:
        query["error"] = {"$regex": re.escape(filter["error"]), "$options": "i"}
    span = {sign: filter[name] for name, sign in (("since", "$gte"), ("until", "$lt")) if name in filter}
    if span:
        query["filed_at"] = span
    allowed = None if EVERYWHERE in projects else projects
    if "project" in filter:
        allowed = {filter["project"]} if allowed is None else allowed & {filter["project"]}
    if allowed is not None:
        query["project"] = {"$in": sorted(allowed)}
    return query


def shown(letter: Letter) -> dict[str, Any]:
    """``letter`` as :class:`steward.bus.deadschemas.WholeLetter` tells it."""
    return {
        **vars(letter),
        "project": letter.project or None,
        "event": _object(letter.body),
        "body": base64.b64encode(letter.body).decode(),
        "history": [vars(deed) | {"old": _text(deed.old), "new": _text(deed.new)} for deed in letter.history],
    }


def raw(body: bytes | str) -> bytes:
    """The bytes of a message's body."""
    return body.encode() if isinstance(body, str) else bytes(body)


def _event(body: bytes) -> Envelope | None:
    try:
        return decode(body)
    except Malformed:
        return None


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _text(body: bytes | None) -> str | None:
    return None if body is None else body.decode(errors="replace")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]
