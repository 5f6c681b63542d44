"""Queries: single documents, and pages of them by cursor."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import islice
from operator import attrgetter
from typing import Any, Generic, TypeVar

from pymongo.database import Database

from steward.errors import BadInput, NotFound
from steward.ids import tells_time
from steward.store.client import Document, our_words
from steward.store.due import DueReader
from steward.store.latest import LatestReader
from steward.store.repository import Aggregate, Repository

A = TypeVar("A", bound=Aggregate)

Broken = Callable[[Document, Exception], None]

PAGE_LIMIT = 50
PAGE_LIMIT_MOST = 200


@dataclass(frozen=True)
class Page(Generic[A]):
    """Some aggregates, and the cursor of those that follow, if there are any."""

    items: list[A]
    next: str | None


class Reading:
    """The read side of one service's store; one for a process."""

    def __init__(self, db: Database[Document]) -> None:
        self._db = db
        self._due: dict[tuple[str, str], DueReader] = {}
        self._latest = LatestReader(db)

    def get(self, repository: Repository[A], id: str, project: str | None = None) -> A:
        """The aggregate ``id``. Raises NotFound when there is none in ``project``."""
        with our_words():
            document = self._db[repository.collection].find_one({"_id": id})
        if document is None or project not in (None, document["project"]):
            raise NotFound(f"no {repository.collection} {id!r} here")
        return repository.from_document(document)

    def where(self, repository: Repository[A], query: Mapping[str, Any], limit: int = 1_000) -> list[A]:
        """Aggregates that match ``query``, which an index must serve."""
        with our_words():
            found = self._db[repository.collection].find(query).limit(limit)
            return [repository.from_document(document) for document in found]

    def due(self, repository: Repository[A], field: str, moment: datetime, limit: int, broken: Broken | None = None) -> list[A]:
        """Aggregates whose indexed ``field`` is not after ``moment``, earliest first; see :class:`DueReader`.

        ``broken`` is given each document that is no such aggregate, with the error; without it, the error is raised.
        """
        place = repository.collection, field
        reader = self._due.get(place) or self._due.setdefault(place, DueReader(self._db, *place))
        found = []
        for document in reader.read(moment, limit):
            try:
                found.append(repository.from_document(document))
            except Exception as error:
                if broken is None:
                    raise
                broken(document, error)
        return found

    def plain(self, collection: str, id: str) -> Document | None:
        """The plain document ``id`` of ``collection``, or None."""
        with our_words():
            return self._db[collection].find_one({"_id": id})

    def plain_where(self, collection: str, query: Mapping[str, Any]) -> list[Document]:
        """The plain documents that match ``query``, which an index must serve."""
        with our_words():
            return list(self._db[collection].find(query))

    def count(self, collection: str, query: Mapping[str, Any]) -> int:
        """How many documents match ``query``, which an index must serve."""
        with our_words():
            return self._db[collection].count_documents(query)

    def page(
        self,
        repository: Repository[A],
        query: Mapping[str, Any],
        cursor: str | None = None,
        limit: int = PAGE_LIMIT,
        only: Callable[[A], bool] | None = None,
    ) -> Page[A]:
        """The newest aggregates that match ``query`` after ``cursor``. Raises BadInput for a cursor of no page.

        An index must serve the whole of ``query``, ``_id`` behind it; ``only`` is for what none does and few fail: they are read in vain.
        """
        return self.page_of_any(repository, [query], cursor, limit, only)

    def page_of_any(
        self,
        repository: Repository[A],
        queries: Sequence[Mapping[str, Any]],
        cursor: str | None = None,
        limit: int = PAGE_LIMIT,
        only: Callable[[A], bool] | None = None,
    ) -> Page[A]:
        """As :meth:`page`, of what matches one of ``queries``; nothing may match two. For a few dozen: each is read by itself."""
        limit = max(1, min(limit, PAGE_LIMIT_MOST))
        below = _decode(cursor) if cursor else None
        at_once = limit // max(len(queries), 1) + 1
        newest = merge(*(self.latest(repository, query, below, at_once) for query in queries), key=attrgetter("id"), reverse=True)
        found = (one for one in newest if only is None or only(one))
        items = list(islice(found, limit + 1))
        return Page(items[:limit], cursor_of(items[limit - 1].id) if len(items) > limit else None)

    def latest(self, repository: Repository[A], query: Mapping[str, Any], below: str | None, at_once: int) -> Iterator[A]:
        """What matches ``query``, of ids below ``below``, newest first, for as long as it is asked for more; see :class:`LatestReader`."""
        for document in self._latest.read(repository.collection, query, below, at_once):
            yield repository.from_document(document)

    def newest(self, repository: Repository[A], query: Mapping[str, Any], below: str | None = None, limit: int = PAGE_LIMIT) -> list[A]:
        """The newest aggregates that match ``query``, of those older than the id ``below``: one read, for what matches few."""
        older = {"_id": {"$lt": below}} if below else {}
        with our_words():
            found = self._db[repository.collection].find({**query, **older}).sort("_id", -1).limit(limit)
            return [repository.from_document(document) for document in found]

    def ids(self, repository: Repository[A], query: Mapping[str, Any], limit: int) -> dict[str, list[str]]:
        """Ids of what matches ``query``, at most so many, by project."""
        found: dict[str, list[str]] = {}
        with our_words():
            for document in self._db[repository.collection].find(query, {"project": 1}).limit(limit):
                found.setdefault(document["project"], []).append(document["_id"])
        return found


def cursor_of(id: str) -> str:
    """The cursor of the page that follows the aggregate ``id``."""
    return base64.urlsafe_b64encode(id.encode()).decode().rstrip("=")


def _decode(cursor: str) -> str:
    try:
        last = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        if cursor_of(last) != cursor or not tells_time(last):
            raise ValueError("no id of ours")
    except (binascii.Error, ValueError) as error:
        raise BadInput.of("cursor", "is not one that a page gave") from error
    return last
