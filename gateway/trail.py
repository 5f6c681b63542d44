"""The audit trail over HTTP: what all services have on record of a project, as one list and as a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from gateway.asking import Asked
from gateway.everywhere import Everybody, chosen
from gateway.sessions import SERVICE
from steward.errors import Unavailable
from steward.spreadsheets import BYTE_ORDER_MARK, as_text
from steward.store.reading import PAGE_LIMIT, PAGE_LIMIT_MOST
from steward.store.trail import Place

WHO = ("by", "behalf")
NAMED = tuple(f"{member}_name" for member in WHO)
COLUMNS = ("at", "service", "how", "call", *WHO, *NAMED, "subjects", "changes", "reason", "events", "kept", "cause", "correlation", "id")

KNOWS_NAMES = "identity.names"
NAMED_ARE = ("user:", "key:")
NAMES_AT_ONCE = 100
"""Names that identity is asked for in one call."""
ATTEMPTS = 5
"""How often a service is asked for a page of a file; each time as long as for a page that is looked at."""

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

    Raises Unavailable when a service does not answer, asked a few times: the file breaks off rather than lack what nobody would miss.
    """
    services, query = chosen(asked.arguments["query"], installed)
    wanted, everybody = {**query, "limit": PAGE_LIMIT_MOST}, _patient(everybody)
    project = asked.arguments["project"]
    naming = SERVICE in installed and asked.principal.may(KNOWS_NAMES, project)
    yield (BYTE_ORDER_MARK + _line(COLUMNS)).encode()
    while True:
        found = _page(project, wanted, services, everybody)
        if found["items"]:
            names = _names(project, found["items"], everybody) if naming else {}
            rows = [
                {**entry, **{name: names.get(entry[who], "") for who, name in zip(WHO, NAMED, strict=True)}} for entry in found["items"]
            ]
            yield "".join(_line([_cell(row[name]) for name in COLUMNS]) for row in rows).encode()
        if found["next"] is None:
            return
        wanted["cursor"] = found["next"]


def _patient(everybody: Everybody) -> Everybody:
    """As ``everybody``, and nobody is missing: of hundreds of pages one may come too late, from a store that has much to do."""

    def ask(call: str, arguments: Mapping[str, Any], services: Collection[str]) -> tuple[dict[str, Any], list[str]]:
        for _ in range(ATTEMPTS):
            answers, missing = everybody(call, arguments, services)
            if not missing:
                return answers, []
        raise Unavailable(f"{', '.join(missing)} did not answer in time")

    return ask


def _names(project: str, entries: Sequence[Row], everybody: Everybody) -> dict[str, str]:
    """What those are called who did something, as far as they are known in ``project``. Raises Unavailable."""
    ids = sorted({one for entry in entries for who in WHO if (one := entry[who]) and one.startswith(NAMED_ARE)})
    names: dict[str, str] = {}
    for some in (ids[at : at + NAMES_AT_ONCE] for at in range(0, len(ids), NAMES_AT_ONCE)):
        told, _ = everybody("names", {"project": project, "query": {"by": some}}, (SERVICE,))
        names |= {one["id"]: one["name"] for one in told[SERVICE]["items"]}
    return names


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
