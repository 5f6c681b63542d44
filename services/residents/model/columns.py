"""What a project has said of the headers of its rosters, so that it is said once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from steward.errors import BadInput
from steward.facts import Decision


@dataclass(frozen=True)
class Meaning:
    """A header, in its plain form, and the field that its column holds; empty: the column is left out."""

    header: str
    field: str


@dataclass(frozen=True)
class Columns:
    """The headers 表头 of one project's rosters that are its own. ``id`` is the project's."""

    id: str
    project: str
    meanings: tuple[Meaning, ...] = ()
    version: int = 0


def map_columns(state: Columns, wanted: Mapping[str, str | None], fields: Collection[str], most: int) -> Decision[Columns]:
    """Say anew what all headers mean; None: the column is left out. Raises BadInput (columns)."""
    if len(wanted) > most:
        raise BadInput.of("columns", f"are more than {most}")
    for header, field in wanted.items():
        if not header:
            raise BadInput.of("columns", "has a header that is empty")
        if field is not None and field not in fields:
            raise BadInput.of(f"columns.{header}", f"is none of {', '.join(fields)}")
    meanings = tuple(Meaning(header, field or "") for header, field in sorted(wanted.items()))
    return Decision(replace(state, meanings=meanings))
