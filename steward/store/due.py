"""Finding what is due, at a cost of what is taken at once, not of all that is due.

The embedded store reads whatever a query matches before it sorts or limits, so a backlog must not be asked for whole.
A reader therefore goes through time in windows, from the earliest that may be due on, and makes them as wide as
they are sparse. On MongoDB the same reads are short walks along the index.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.database import Database

from steward.errors import Unavailable
from steward.store.client import Document, our_words

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_NARROWEST, _WIDEST = timedelta(milliseconds=10), timedelta(days=100_000)
_NARROWER = 8
_WIDER = 4


class DueReader:
    """Reads documents of one collection by an indexed moment, earliest first. One for a process: it remembers how far it is."""

    def __init__(self, db: Database[Document], collection: str, field: str) -> None:
        self._documents, self._field = db[collection], field
        self._low, self._width = _BEGINNING, _WIDEST

    def read(self, moment: datetime, limit: int) -> list[Document]:
        """At most ``limit`` documents that are due at ``moment``. Raises Unavailable.

        What was written late, due before the place that is reached, comes first.
        """
        found = self._window(_BEGINNING, self._low, limit)
        while not found and self._low < moment:
            high = self._low + min(self._width, moment - self._low)
            if found := self._window(self._low, high, limit):
                self._fit(found, limit)
            else:
                self._low, self._width = high, min(self._width * _WIDER, _WIDEST)
        return found

    def _window(self, after: datetime, until: datetime, limit: int) -> list[Document]:
        span: dict[str, Any] = {self._field: {"$gt": after, "$lte": until}}
        try:
            with our_words():
                return list(self._documents.find(span).sort(self._field, 1).limit(limit))
        except Unavailable:
            self._width = max((until - after) / _NARROWER, _NARROWEST)  # perhaps too much at once
            raise

    def _fit(self, found: list[Document], limit: int) -> None:
        first, last = found[0][self._field], found[-1][self._field]
        self._low = first - timedelta(milliseconds=1)
        if len(found) == limit:
            self._width = max(last - first, _NARROWEST)


def put_off(db: Database[Document], collection: str, id: str, field: str, version: int | None, until: datetime) -> bool:
    """The document ``id`` is not read as due before ``until``. False when it has another ``version`` by now, or is not due at all.

    Its version stays: who saves the aggregate next sets ``field`` as it ought to be. Raises Unavailable.
    """
    seen = {"_id": id, "version": version, field: {"$exists": True}}
    with our_words():
        return db[collection].update_one(seen, {"$set": {field: until}}).matched_count > 0
