"""How an aggregate becomes a document and comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from cattrs.preconf.bson import make_converter

_converter = make_converter()


class Aggregate(Protocol):
    """A frozen dataclass that is loaded, decided upon and saved as one document."""

    @property
    def id(self) -> str: ...
    @property
    def project(self) -> str: ...
    @property
    def version(self) -> int: ...


A = TypeVar("A", bound=Aggregate)


def _nothing(_: Any) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True)
class Repository(Generic[A]):
    """Where aggregates of one type are kept.

    ``derived`` adds fields that only queries need, such as ``next_at``; they are written, never read back.
    """

    collection: str
    type: type[A]
    derived: Callable[[A], Mapping[str, Any]] = _nothing

    def to_document(self, aggregate: A) -> dict[str, Any]:
        """The document of ``aggregate``, its id as ``_id``."""
        document: dict[str, Any] = _converter.unstructure(aggregate)
        document["_id"] = document.pop("id")
        return {**document, **self.derived(aggregate)}

    def from_document(self, document: Mapping[str, Any]) -> A:
        """The aggregate in ``document``."""
        return _converter.structure({**document, "id": document["_id"]}, self.type)
