"""Names of schemas in the documents: ``tickets.TicketView``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from apispec.ext.marshmallow.common import resolve_schema_cls
from marshmallow import Schema


def name_of(schema: Any) -> str:
    """The component name of a marshmallow schema: its service, or package, and its class."""
    resolved = resolve_schema_cls(schema)
    cls: type[Schema] = resolved[0] if isinstance(resolved, list) else resolved
    words = cls.__module__.split(".")
    house = words[1] if words[0] == "services" and len(words) > 1 else words[0]
    name = f"{house}.{cls.__name__}"
    return name if not isinstance(schema, Schema) or not _narrowed(schema) else f"{name}.{'_'.join(_narrowed(schema))}"


def _narrowed(schema: Schema) -> list[str]:
    """What sets this instance apart from its class."""
    return [*sorted(schema.only or ()), *(f"without_{name}" for name in sorted(schema.exclude or ()))]


def references(node: Any) -> Iterator[str]:
    """The component names that ``node`` refers to."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].rpartition("/")[2]
        for inner in node.values():
            yield from references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from references(inner)


def reached(start: Any, schemas: dict[str, Any]) -> set[str]:
    """Every component schema that ``start`` leads to."""
    found: set[str] = set()
    ahead = set(references(start))
    while ahead:
        name = ahead.pop()
        if name in found or name not in schemas:
            continue
        found.add(name)
        ahead |= set(references(schemas[name]))
    return found


def open_up(schemas: dict[str, Any], names: set[str]) -> None:
    """Let ``names`` have members that are not listed: answers and events only ever grow."""
    for name in names:
        if schemas[name].get("additionalProperties") is False:
            del schemas[name]["additionalProperties"]


def tidy(node: Any) -> None:
    """Say what the schemas mean in the standards' own words.

    Descriptions that say nothing and defaults that mean *absent* go; Python's ``\\Z`` is ECMAScript's ``$``.
    """
    if isinstance(node, dict):
        if isinstance(node.get("pattern"), str):
            node["pattern"] = node["pattern"].replace("\\Z", "$").replace("\\A", "^")
        if node.get("description") == "":
            del node["description"]
        if node.get("default") == "" and node.get("minLength", 0) > 0:
            del node["default"]
        for inner in node.values():
            tidy(inner)
    elif isinstance(node, list):
        for inner in node:
            tidy(inner)
