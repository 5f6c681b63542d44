"""Requests made from the specs: one for each operation, filled with what a project has."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Self, TypeVar
from uuid import uuid4

import httpx
from marshmallow import Schema

from gateway.house import Front
from gateway.limits import Limits
from gateway.operations import Operation
from gateway.routing import names_of
from steward.plugins import installed_services
from steward.testing.samples import accepted, sample
from steward.testing.system import System
from steward.testing.waiting import eventually
from tests.contract.isolation.places import ROSTER, SHARED, Place, every_role

STRANGER = "user:stranger-"
TOGETHER = 6
"""Requests at once: fewer than a service has places."""
AWAY = (429, 503, 504)
KEEPERS = {"letter": "parcels", "approval": "residents"}
"""Whose it is, where all services may have such."""
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Probe:
    """One request: an operation with names for its path, and what it says."""

    operation: Operation
    names: Mapping[str, str]
    body: Mapping[str, Any] | None = None
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.operation.id} ({self.operation.method} {self.operation.path})"

    @property
    def path(self) -> str:
        return re.sub(r"\{(\w+)\}", lambda name: self.names[name[1]], self.operation.path)


@dataclass(frozen=True)
class Told:
    """What came back, without what must differ: names of what was asked for, and the machine's clock."""

    status: int
    text: str
    headers: tuple[tuple[str, str], ...]


@cache
def operations() -> tuple[Operation, ...]:
    """All that the gateway serves."""
    return Front.build(installed_services(), Limits.read(), "k" * 32).router.operations


def guarded() -> list[Operation]:
    """Those for which somebody has to be known, the stream apart: it does not end."""
    return [one for one in operations() if not one.public and one.run != "stream"]


def secret(operation: Operation) -> list[str]:
    """The names in its path that lead to something of one project, the project apart."""
    return [name for name in names_of(operation.path) if name not in ("project", *SHARED)]


def names(operation: Operation, place: Place) -> dict[str, str]:
    """The names in its path, for what ``place`` has. Raises Unfillable."""
    keeper = next((keeper for name, keeper in KEEPERS.items() if f"{{{name}}}" in operation.path), "tickets")
    fixed = {"service": keeper, "id": place.one("tickets", "ticket")}
    service = operation.service or operation.tag
    return {name: fixed.get(name) or place.one(service, name) for name in names_of(operation.path)}


def probe(operation: Operation, place: Place, **more: Any) -> Probe:
    """A request for what ``place`` has, saying all that it may of ``place`` and, in a query, ``more``. Raises Unfillable."""
    body = sample(operation.body, place.values(operation.service)) if operation.body else None
    query = sample(operation.query, more) if operation.query else {}
    return Probe(operation, names(operation, place), body, query)


def references(operation: Operation, schema: type[Schema] | None, place: Place) -> dict[str, Any]:
    """The fields of ``schema`` in which something of ``place`` may be named, with what."""
    if schema is None:
        return {}
    said = accepted(schema, place.values(operation.service))
    return {name: value for name, value in said.items() if name not in SHARED}


class Visitor:
    """Asks as people who have roles in one project, be it by a grant in ``company``, which has no other."""

    def __init__(self, system: System, home: Place, user: str = "", company: str = "") -> None:
        self._key, self._home, self._user, self._company = system.settings.token_key, home, user, company
        self._http = httpx.Client(base_url=system.url, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def raw(self, asked: Probe, roles: tuple[str, ...] = ()) -> httpx.Response:
        """The answer, however busy the machine. Each time as somebody else, so that nobody is told that they ask too much."""

        def ask() -> httpx.Response | None:
            bearer = self._home.token(self._key, roles or every_role(), self._user or f"{STRANGER}{uuid4().hex[:12]}", self._company)
            headers = {"Authorization": f"Bearer {bearer}", "X-Request-Id": "isolation", **asked.headers}
            content = {"content": ROSTER} if asked.operation.upload else {} if asked.body is None else {"json": asked.body}
            answer = self._http.request(asked.operation.method, asked.path, params=asked.query, headers=headers, **content)  # type: ignore[arg-type]
            return None if answer.status_code in AWAY else answer

        found = eventually(ask, str(asked))
        assert found is not None
        return found

    def told(self, asked: Probe, of: Place, roles: tuple[str, ...] = ()) -> Told:
        """What it is told, with the names of what is asked for, those of ``of``, taken out."""
        return plain(self.raw(asked, roles), of)


def plain(answer: httpx.Response, of: Place) -> Told:
    """``answer`` without what must differ."""
    text = without(in_order(answer.text), of)
    kept = sorted(
        (name, without(value, of)) for name, value in answer.headers.items() if name in ("etag", "location", "link", "content-type")
    )
    return Told(answer.status_code, text, tuple(kept))


def in_order(text: str) -> str:
    """JSON with its names in order; anything else, and who asked, as it is."""
    text = re.sub(rf"{STRANGER}[0-9a-f]+|{STRANGER.partition(':')[2]}[0-9a-f]+", "<somebody>", text)
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, sort_keys=True)
    except ValueError:
        return text


def without(text: str, of: Place) -> str:
    """``text`` with each name of ``of`` replaced by what it is a name of."""
    for value, name in sorted(of.marks.items(), key=lambda pair: -len(pair[0])):
        text = text.replace(value, name).replace(json.dumps(value)[1:-1], name)
    return text


def nothing(found: list[str]) -> None:
    """Raises AssertionError with all that was found."""
    assert not found, "\n".join(found)


def all_of(work: Callable[[T], Iterable[R]], many: Iterable[T]) -> list[R]:
    """What ``work`` finds in each of ``many``, some at once."""
    with ThreadPoolExecutor(TOGETHER) as pool:
        return [found for each in pool.map(work, many) for found in each]


def pages(visitor: Visitor, operation: Operation, place: Place, limit: int, most: int = 50) -> Iterator[httpx.Response]:
    """Every page of a list, or the one answer of what has no pages."""
    declared = operation.query().fields if operation.query else {}
    asked = probe(
        operation, place, **({"limit": limit} if "limit" in declared else {}), **({"q": place.said["q"]} if "q" in declared else {})
    )
    for _ in range(most):
        answer = visitor.raw(asked)
        yield answer
        following = answer.json().get("next") if answer.is_success and "json" in answer.headers.get("content-type", "") else None
        if not following:
            return
        asked = replace(asked, query={**asked.query, "cursor": following})
