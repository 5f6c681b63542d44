"""The audit trail over HTTP: what all services have on record of a project, as one list and as a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from gateway.asking import Asked
from gateway.everywhere import Everybody, chosen
from steward.errors import Unavailable
from steward.spreadsheets import BYTE_ORDER_MARK, as_text
from steward.store.reading import PAGE_LIMIT, PAGE_LIMIT_MOST
from steward.store.trail import Place

COLUMNS = ("at", "service", "how", "call", "by", "behalf", "subjects", "changes", "reason", "events", "kept", "cause", "correlation", "id")

Row = Mapping[str, Any]


def page(asked: Asked, installed: Collection[str], everybody: Everybody) -> dict[str, Any]:
    """One page of all services, the latest first; a cursor names a place among the entries of all of them."""
    services, query = chosen(asked.arguments["query"], installed)
    return _page(asked.arguments["project"], query, services, everybody)


def _page(project: str, query: Mapping[str, Any], services: Collection[str], everybody: Everybody) -> dict[str, Any]:
    answers, missing = everybody("audit", {"project": project, "query": query}, services)
    items = [entry for found in answers.values() for entry in found["items"]]
    items.sort(key=_place, reverse=True)
    limit = int(query.get("limit", PAGE_LIMIT))
    more = len(items) > limit or any(found["next"] for found in answers.values())
    items = items[:limit]
    return {"items": items, "next": _place(items[-1]).cursor() if more and items else None, "missing": missing}


def _place(entry: Row) -> Place:
    return Place(entry["order"], entry["id"], entry["service"])


def export(asked: Asked, installed: Collection[str], everybody: Everybody) -> Iterator[bytes]:
    """The lines of a CSV file of all that is asked for, page by page.

    Raises Unavailable when a service does not answer: the file breaks off rather than lack what nobody would miss.
    """
    services, query = chosen(asked.arguments["query"], installed)
    wanted = {**query, "limit": PAGE_LIMIT_MOST}
    yield (BYTE_ORDER_MARK + _line(COLUMNS)).encode()
    while True:
        found = _page(asked.arguments["project"], wanted, services, everybody)
        if found["missing"]:
            raise Unavailable(f"{', '.join(found['missing'])} did not answer in time")
        if found["items"]:
            yield "".join(_line([_cell(entry[name]) for name in COLUMNS]) for entry in found["items"]).encode()
        if found["next"] is None:
            return
        wanted["cursor"] = found["next"]


def _line(cells: Sequence[str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()


def _cell(value: Any) -> str:
    """``value`` as text that no spreadsheet takes for a formula."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        value = " ".join(value)
    elif isinstance(value, (list, dict)):
        value = json.dumps(value, ensure_ascii=False) if value else ""
    return as_text("" if value is None else str(value))
