"""What all services keep of one kind, as one list: dead letters, approvals."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from gateway.asking import Asked
from steward.errors import NotFound
from steward.store.reading import PAGE_LIMIT, cursor_of

Everybody = Callable[[str, dict[str, Any], Collection[str]], tuple[dict[str, Any], list[str]]]
"""Calls each of some services: its answer by name, and those that did not answer."""


def chosen(given: Mapping[str, Any], installed: Collection[str]) -> tuple[Collection[str], dict[str, Any]]:
    """The services that are meant, one or all, and the rest of ``given``. Raises NotFound."""
    rest = dict(given)
    only = rest.pop("service", None)
    if only is not None and only not in installed:
        raise NotFound(f"no service {only!r}")
    return [only] if only else installed, rest


def page(asked: Asked, installed: Collection[str], everybody: Everybody) -> dict[str, Any]:
    """One page of all services: ids begin with times, so that one cursor does for all. The operation is named like the call."""
    services, query = chosen(asked.arguments["query"], installed)
    answers, missing = everybody(asked.operation.id, {**asked.arguments, "query": query}, services)
    items = [{"service": service, **one} for service, found in answers.items() for one in found["items"]]
    items.sort(key=lambda one: one["id"], reverse=True)
    limit = int(query.get("limit", PAGE_LIMIT))
    more = len(items) > limit or any(found["next"] for found in answers.values())
    items = items[:limit]
    return {"items": items, "next": cursor_of(items[-1]["id"]) if more and items else None, "missing": missing}
