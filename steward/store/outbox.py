"""Reading the outbox at a cost of what is taken at once, not of all that waits.

The embedded store reads whatever a query matches before it sorts or limits: asked for a whole backlog, each page of 100
would cost as much as all of it, and a long one more than a request may take. So a backlog is asked for up to an order
that moves on with what was found. On MongoDB the same reads are short walks along the index.
"""

from __future__ import annotations

from typing import Any

from pymongo.collection import Collection

from steward.errors import Unavailable
from steward.store.client import Document, our_words
from steward.times import microseconds, now

_NARROWER, _WIDER = 8, 4
_SPARE = 1.5
"""A page is asked for a little wider than the one before, so that one query mostly fills it."""
_NARROWEST = 1_000
"""Microseconds, as all orders."""


class OutboxReader:
    """Pages of what waits to be published, oldest first. One for a process: it remembers how dense the backlog is."""

    def __init__(self, entries: Collection[Document]) -> None:
        self._entries = entries
        self._span: int | None = None
        """How wide a page is, in orders; None: what waits is asked for as a whole."""
        self._from = 0
        """Where the next page is expected to begin; whatever waits before it, committed late or kept, is found all the same."""

    def page(self, limit: int, after: int | None = None) -> list[Document]:
        """The first entries that wait, ``limit`` at most; only those behind order ``after`` if it is given. Raises Unavailable."""
        while True:
            bound = self._bound(after)
            found = self._read(limit, after, bound)
            if len(found) == limit:
                self._from = found[-1]["order"]
                self._span = max(int((self._from - found[0]["order"]) * _SPARE), _NARROWEST)
                return found
            if bound is None:
                self._span = None
                return found
            self._widen(found, bound)

    def _bound(self, after: int | None) -> int | None:
        """Up to which order the page is asked for; None without a bound."""
        if self._span is None:
            return None
        bound = max(self._from, after or 0) + self._span
        return bound if bound < microseconds(now()) else None

    def _read(self, limit: int, after: int | None, bound: int | None) -> list[Document]:
        order = ({} if after is None else {"$gt": after}) | ({} if bound is None else {"$lte": bound})
        query: dict[str, Any] = {"pending": True} | ({"order": order} if order else {})
        try:
            with our_words():
                return list(self._entries.find(query).sort("order", 1).limit(limit))
        except Unavailable:
            self._narrow()  # perhaps too much at once
            raise

    def _widen(self, found: list[Document], bound: int) -> None:
        assert self._span is not None
        self._from = found[0]["order"] if found else bound
        self._span *= _WIDER

    def _narrow(self) -> None:
        self._span = max((self._span or microseconds(now()) - self._from) // _NARROWER, _NARROWEST)
