"""Checking what comes in against a schema, with errors that name the field."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from marshmallow import Schema, ValidationError

from steward import plugins
from steward.errors import BadInput

_TOLD = 3
"""How many fields the sentence names; the list names all."""


@cache
def instance(kind: type[Schema]) -> Schema:
    """The one instance of that class: to make one takes ten times as long as to make a view with it."""
    return kind()


@cache
def schema(dotted: str) -> Schema:
    """The one instance of the schema class that ``dotted`` names."""
    return instance(plugins.load(dotted))


def checked(dotted: str, data: Any) -> Any:
    """``data`` as the schema loads it. Raises BadInput, see :func:`wrong_fields`."""
    try:
        return schema(dotted).load(data)
    except ValidationError as error:
        raise wrong_fields(error.messages) from error


def wrong_fields(messages: Any) -> BadInput:
    """The error for what marshmallow found, one row a field: ``{"field": "unit.label", "message": …}``."""
    errors = [{"field": field, "message": message} for field, message in _flat(messages)]
    return BadInput("; ".join(f"{row['field']}: {row['message']}" for row in errors[:_TOLD]), errors=errors)


def _flat(messages: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(messages, dict):
        for key, inner in messages.items():
            step = "" if key == "_schema" else str(key)
            yield from _flat(inner, ".".join(part for part in (path, step) if part))
    elif isinstance(messages, list):
        for message in messages:
            yield path or "body", str(message)
    else:
        yield path or "body", str(messages)
