"""What must be shown for a duty to count as done: a note, a count, photographs, figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from steward.errors import BadInput


class Kind(StrEnum):
    NOTE = "note"
    COUNT = "count"
    PHOTO = "photo"
    FIGURES = "figures"


class Type(StrEnum):
    WHOLE = "whole"
    NUMBER = "number"


@dataclass(frozen=True)
class Figure:
    """One figure of a set: its type and its bounds, both included. Amounts of money are whole fen."""

    name: str
    type: Type = Type.WHOLE
    least: float | None = 0
    most: float | None = None
    optional: bool = False


@dataclass(frozen=True)
class Asked:
    """What is asked for. ``set`` names the set of ``figures`` in policy."""

    kinds: tuple[Kind, ...] = ()
    set: str = ""
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True)
class Given:
    """What is shown. ``photos`` are references to where they are kept, ``figures`` numbers by name."""

    note: str | None = None
    count: int | None = None
    photos: tuple[str, ...] = ()
    figures: dict[str, Any] = field(default_factory=dict)


def check(asked: Asked, given: Given) -> None:
    """Raises BadInput, naming every field that is missing or wrong. More than is asked for is welcome, but for figures."""
    errors = [{"field": f"evidence.{where}", "message": message} for where, message in _wrong(asked, given)]
    if errors:
        raise BadInput("; ".join(f"{row['field']}: {row['message']}" for row in errors), errors=errors)


def _wrong(asked: Asked, given: Given) -> Iterator[tuple[str, str]]:
    missing = {
        Kind.NOTE: ("note", not (given.note or "").strip()),
        Kind.COUNT: ("count", given.count is None),
        Kind.PHOTO: ("photos", not given.photos),
    }
    yield from ((where, "is required") for kind, (where, lacks) in missing.items() if kind in asked.kinds and lacks)
    yield from ((f"figures.{where}", message) for where, message in _wrong_figures(asked.figures, given.figures))


def _wrong_figures(asked: tuple[Figure, ...], given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    known = {figure.name: figure for figure in asked}
    yield from ((name, "is not asked for") for name in given if name not in known)
    for name, figure in known.items():
        if name not in given:
            if not figure.optional:
                yield name, "is required"
        elif figure.type is Type.WHOLE and given[name] != int(given[name]):
            yield name, "must be a whole number"
        elif figure.least is not None and given[name] < figure.least:
            yield name, f"must be {figure.least:g} or more"
        elif figure.most is not None and given[name] > figure.most:
            yield name, f"must be {figure.most:g} or less"
