"""Milestones: how many entries of a project lie up to which order, as the links of its audit chain and its writers' numbers tell.

Of the embedded store nobody can have "the next 500": it reads whatever a range matches before it sorts or limits. So a
reader must know how much a range holds before it asks, in a crowded minute and behind a year of silence alike. A link tells
how many entries it seals and their latest moment, which never goes back from link to link. What is not sealed yet is
numbered by those who committed it, in all projects together, so each so many-th is looked up. This is a hint and no more:
wherever the milestones stand, and if there are none, each entry is read once; only the cost is another.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime

from pymongo.collection import Collection as Stored

from steward.spec import Collection, Index
from steward.store.client import Document, our_words
from steward.store.writers import WRITERS
from steward.times import microseconds

LINKS = Collection("audit_links", (Index(("project", "n"), unique=True),))
HEADS = Collection("audit_heads")

_FEWEST, _MOST = 5, 50
"""Links that are read at once: the next page wants few, a whole journal many."""
_KNOWN = {"until": 1, "entries": 1}
_STRIDE = 250
"""Numbers of a writer from one milestone to the next where nothing is sealed."""
_GAP = 10
"""Numbers in a row that may be missing, of transactions that failed; behind a wider gap there are no milestones."""


class Milestones:
    """Those of one service's journal."""

    def __init__(self, entries: Stored[Document]) -> None:
        db = entries.database
        self._entries, self._links, self._heads, self._writers = entries, db[LINKS.name], db[HEADS.name], db[WRITERS.name]

    def behind(self, project: str, after: int, step: int) -> Iterator[int]:
        """Orders behind ``after``, rising; from one to the next are ``step`` entries or, if it has more, one link.

        Behind the last link a fixed number of entries of each writer takes the place of ``step``. Raises Unavailable.
        """
        held, mark = 0, after
        for end, count in self._ends(project, after):
            if held and held + count > step:
                yield mark
                held = 0
            held, mark = held + count, end
        if held:
            yield mark
        yield from self._unsealed()

    def before(self, project: str, upper: int, step: int) -> Iterator[int]:
        """Orders below ``upper``, falling, as :meth:`behind`. Raises Unavailable."""
        sealed = self._until(project)
        if upper > sealed:
            yield from (order for order in reversed(self._unsealed()) if sealed < order < upper)
        held = step
        for end, count in self._ends_before(project, upper):
            if held + count > step:
                yield end
                held = 0
            held += count

    def _ends(self, project: str, after: int) -> Iterator[tuple[int, int]]:
        """Of each link that ends behind ``after``: where, and how much it seals."""
        n, count = self._first(project, after), _FEWEST
        while found := self._some(project, n, count):
            yield from ((_end(link), len(link["entries"])) for link in found)
            n, count = n + count, min(2 * count, _MOST)

    def _ends_before(self, project: str, upper: int) -> Iterator[tuple[int, int]]:
        """Of each link that ends before ``upper``, the last first."""
        n, count = self._first(project, upper - 1), _FEWEST
        while found := self._some(project, n - count, count):
            yield from ((_end(link), len(link["entries"])) for link in reversed(found))
            n, count = n - count, min(2 * count, _MOST)

    def _unsealed(self) -> list[int]:
        """Orders among what is not sealed yet, rising."""
        with our_words():
            return sorted(order for writer in self._writers.find() for order in self._strides(writer["_id"], writer["sealed"]))

    def _strides(self, writer: str, sealed: int) -> Iterator[int]:
        """The order of each so many-th entry of ``writer`` behind the number ``sealed``."""
        at: int = sealed + _STRIDE
        while found := list(self._entries.find({"writer": writer, "seq": {"$gte": at, "$lt": at + _GAP}}, {"order": 1, "seq": 1})):
            nearest = min(found, key=lambda entry: int(entry["seq"]))
            yield nearest["order"]
            at = nearest["seq"] + _STRIDE

    def _until(self, project: str) -> int:
        """The order up to which all that is sealed lies."""
        with our_words():
            head = self._heads.find_one({"_id": project})
        return _end(head) if head else 0

    def _first(self, project: str, after: int) -> int:
        """The number of the first link that ends behind ``after``."""
        with our_words():
            head = self._heads.find_one({"_id": project})
        last: int = head["n"] if head else 0
        return 1 + bisect_right(range(1, last + 1), after, key=lambda n: self._end_of(project, n))

    def _end_of(self, project: str, n: int) -> int:
        with our_words():
            link = self._links.find_one({"project": project, "n": n}, _KNOWN)
        return _end(link) if link else 0

    def _some(self, project: str, n: int, count: int) -> list[Document]:
        with our_words():
            return list(self._links.find({"project": project, "n": {"$gte": n, "$lt": n + count}}, _KNOWN).sort("n", 1))


def _end(link: Document) -> int:
    until = link["until"]
    return microseconds(until) if isinstance(until, datetime) else 0
