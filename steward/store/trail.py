"""Reading the audit trail: entries of a journal as an auditor reads them, the latest first."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo.database import Database

from steward.errors import BadInput
from steward.store.client import Document, our_words
from steward.store.journal import JOURNAL
from steward.store.milestones import Milestones
from steward.times import iso, microseconds, now

_FIRST_WINDOW = 3_600_000_000
_WIDEN = 8
_AHEAD = timedelta(days=1)
"""An order may lie a little ahead of the clock."""
_TOLD = dict.fromkeys(
    (
        *("order", "at", "actor", "behalf", "how", "doing", "project", "subjects", "touched", "kept", "reason", "cause", "correlation"),
        *("events.type", "events.subject"),
    ),
    1,
)
"""Members of an entry that :func:`row` tells, or makes out."""


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
        self._milestones = Milestones(self._entries)

    def page(self, project: str, query: Mapping[str, Any]) -> dict[str, Any]:
        """Entries of ``project`` that ``query`` (see :class:`steward.bus.auditschemas.Query`) finds. Raises BadInput, Unavailable."""
        limit: int = query["limit"]
        found: list[Document] = []
        for order in self._spans(project, query):
            read = self._read(project, query, order)
            found += [entry for entry in read if _is_wanted(entry, project, query) and _precedes(entry, self._service, query["cursor"])]
            if len(found) > limit:
                break
        items = [row(entry, self._service) for entry in found[:limit]]
        last = found[limit - 1] if len(found) > limit else None
        return {"items": items, "next": Place(last["order"], last["_id"], self._service).cursor() if last else None}

    def _spans(self, project: str, query: Mapping[str, Any]) -> Iterator[dict[str, int]]:
        """Spans of orders, backwards, for the embedded store sorts in memory whatever matches.

        Of all entries, each span ends at a milestone; of one subject's, which are few, and where nothing is sealed, they widen.
        """
        least = _order(query["since"]) if "since" in query else 0
        upper = _order(query["until"]) if "until" in query else _order(now() + _AHEAD)
        if query["cursor"]:
            edge = place_of(query["cursor"]).order
            yield {"$eq": edge}
            upper = min(upper, edge)
        for milestone in () if "subject" in query else self._milestones.before(project, upper, query["limit"]):
            if milestone <= least:
                break
            yield {"$gte": milestone, "$lt": upper}
            upper = milestone
        width = _FIRST_WINDOW
        while upper > least:
            lower = max(upper - width, least)
            yield {"$gte": lower, "$lt": upper}
            upper, width = lower, width * _WIDEN

    def _read(self, project: str, query: Mapping[str, Any], order: dict[str, int]) -> list[Document]:
        """By subject or by project, each of which an index serves; for one condition more, the embedded store would read them all.

        Whole where some of what is found may not be wanted: a subject's entries may be of several projects.
        """
        place: Document = {"subjects": query["subject"]} if "subject" in query else {"project": project}
        every = "$eq" in order or "subject" in query or not _JUDGED.keys().isdisjoint(query)
        with our_words():
            found = self._entries.find({**place, "order": order}, _TOLD).sort([("order", -1), ("_id", -1)])
            return list(found.limit(0 if every else query["limit"] + 1))


def _is_wanted(entry: Document, project: str, query: Mapping[str, Any]) -> bool:
    return entry["project"] == project and all(judged(entry, query[name]) for name, judged in _JUDGED.items() if name in query)


_JUDGED: Mapping[str, Callable[[Document, str], bool]] = {
    "by": lambda entry, by: by in (entry.get("actor"), entry.get("behalf")),
    "call": lambda entry, call: entry.get("doing") == call,
    "how": lambda entry, how: entry.get("how") == how,
}
"""What no index serves, and is looked at in each entry."""


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
