"""Reading the audit trail: entries of a journal as an auditor reads them, the latest first."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo.database import Database

from steward.errors import BadInput
from steward.store.client import Document, our_words
from steward.store.journal import JOURNAL
from steward.times import iso, microseconds, now

_FIRST_WINDOW = 3_600_000_000
_WIDEN = 8
_AHEAD = timedelta(days=1)
"""An order may lie a little ahead of the clock."""


@dataclass(frozen=True, order=True)
class Place:
    """Where an entry stands among those of all services."""

    order: int
    id: str
    service: str

    def cursor(self) -> str:
        """The cursor of what follows."""
        return base64.urlsafe_b64encode("\0".join((str(self.order), self.service, self.id)).encode()).decode().rstrip("=")


def place_of(cursor: str) -> Place:
    """The place that :meth:`Place.cursor` wrote. Raises BadInput."""
    try:
        order, service, key = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().split("\0")
        place = Place(int(order), key, service)
        if place.cursor() != cursor or not 0 <= place.order < 2**62:
            raise ValueError("not one of ours")
    except (binascii.Error, ValueError) as error:
        raise BadInput.of("cursor", "is not one that a page gave") from error
    return place


class Trail:
    """The trail of one service."""

    def __init__(self, db: Database[Document], service: str) -> None:
        self._entries, self._service = db[JOURNAL.name], service

    def page(self, project: str, query: Mapping[str, Any]) -> dict[str, Any]:
        """Entries of ``project`` that ``query`` (see :class:`steward.bus.auditschemas.Query`) finds. Raises BadInput, Unavailable."""
        limit: int = query["limit"]
        wanted = _wanted(project, query)
        found: list[Document] = []
        for order in self._spans(query):
            read = self._read(wanted, order, limit + 1)
            found += [entry for entry in read if entry["project"] == project and _precedes(entry, self._service, query["cursor"])]
            if len(found) > limit:
                break
        items = [row(entry, self._service) for entry in found[:limit]]
        last = found[limit - 1] if len(found) > limit else None
        return {"items": items, "next": Place(last["order"], last["_id"], self._service).cursor() if last else None}

    def _spans(self, query: Mapping[str, Any]) -> Iterator[dict[str, int]]:
        """Spans of orders, backwards, that widen: the embedded store sorts in memory whatever matches."""
        least = _order(query["since"]) if "since" in query else 0
        upper = _order(query["until"]) if "until" in query else _order(now() + _AHEAD)
        if query["cursor"]:
            edge = place_of(query["cursor"]).order
            yield {"$eq": edge}
            upper = min(upper, edge)
        width = _FIRST_WINDOW
        while upper > least:
            lower = max(upper - width, least)
            yield {"$gte": lower, "$lt": upper}
            upper, width = lower, width * _WIDEN

    def _read(self, wanted: Document, order: dict[str, int], limit: int) -> list[Document]:
        every = "$eq" in order or "subjects" in wanted  # which of one moment come next, and which are of the project, is found out here
        most = 0 if every else limit
        with our_words():
            return list(self._entries.find({**wanted, "order": order}).sort([("order", -1), ("_id", -1)]).limit(most))


def _wanted(project: str, query: Mapping[str, Any]) -> Document:
    """By subject or by project, each of which an index serves; the rest is looked at one by one."""
    wanted: Document = {"subjects": query["subject"]} if "subject" in query else {"project": project}
    if "by" in query:
        wanted["$or"] = [{"actor": query["by"]}, {"behalf": query["by"]}]
    if "call" in query:
        wanted["doing"] = query["call"]
    if "how" in query:
        wanted["how"] = query["how"]
    return wanted


def _precedes(entry: Document, service: str, cursor: str | None) -> bool:
    return not cursor or Place(entry["order"], entry["_id"], service) < place_of(cursor)


def _order(moment: datetime) -> int:
    return max(microseconds(moment), 0)


def row(entry: Document, service: str) -> dict[str, Any]:
    """``entry`` as :class:`steward.bus.auditschemas.Entry` tells it. Neither its events' data nor its answer is in it."""
    touched = entry.get("touched") or []
    return {
        "service": service,
        "id": entry["_id"],
        "order": entry["order"],
        "at": iso(entry["at"]),
        "by": entry.get("actor") or "",
        "behalf": entry.get("behalf"),
        "how": entry.get("how") or None,
        "call": entry.get("doing") or None,
        "project": entry.get("project"),
        "subjects": entry.get("subjects") or list(dict.fromkeys(event["subject"] for event in entry["events"])),
        "changes": [{"fields": [], "values": {}, **change} for change in touched],
        "kept": entry.get("kept") or {},
        "events": [event["type"] for event in entry["events"]],
        "reason": entry.get("reason"),
        "cause": entry.get("cause"),
        "correlation": entry.get("correlation"),
    }
