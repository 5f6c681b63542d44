"""What a unit of work did to one aggregate, as the journal tells it for ever: names of fields, and values that say nothing of people."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from steward.store.client import Document
from steward.store.repository import Aggregate

_TOLD = (Enum, bool, int, float, date)
"""Kinds of fields whose values are told: states, counts, moments. A text may hold anything, a name above all."""
_OWN = frozenset({"id", "project", "matter", "version"})


def touched(subject: str, before: Aggregate | None, after: Aggregate, version: int) -> Document:
    """``subject`` came to its ``version``: from which one, which fields changed, and from what to what where that may be told."""
    fields_of = _fields(type(after))
    if before is None:
        changed: list[str] = []
        known = ((name, getattr(after, name)) for name, told in fields_of.items() if told)
        values = {name: [None, _plain(value)] for name, value in known if value is not None}
    else:
        changed = [name for name in fields_of if getattr(before, name, None) != getattr(after, name)]
        values = {name: [_plain(getattr(before, name, None)), _plain(getattr(after, name))] for name in changed if fields_of[name]}
    row: Document = {"subject": subject, "before": version - 1 or None, "after": version}
    return row | ({"fields": sorted(changed)} if changed else {}) | ({"values": values} if values else {})


@cache
def _fields(kind: type[Any]) -> dict[str, bool]:
    """The fields of an aggregate's type, and whether their values may be told."""
    try:
        hints = get_type_hints(kind)
    except NameError:  # a type that is known to checkers alone: then nothing is told
        hints = {}
    return {field.name: _may_be_told(hints.get(field.name)) for field in fields(kind) if field.name not in _OWN}


def _may_be_told(hint: Any) -> bool:
    if get_origin(hint) in (Union, UnionType):
        return all(inner is type(None) or _may_be_told(inner) for inner in get_args(hint))
    return isinstance(hint, type) and issubclass(hint, _TOLD)


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, date) else value
