"""Writers: each process numbers what it commits, so that what is new in a journal is found without a mark on each entry.

A process commits one transaction at a time, so entries of one writer are committed in the order of their numbers, and
whoever has read up to a number has missed nothing before it. When it is not known whether a transaction was committed,
it may yet be: the process goes on under another name, so that the order still holds of each. No clock takes part in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic

from pymongo.collection import Collection as Stored
from pymongo.database import Database

from steward.ids import new_id
from steward.spec import Collection
from steward.store.client import Document, our_words
from steward.times import now

WRITERS = Collection("writers")
RENAMED_S = 3_600.0
"""A process takes another name after so long, so that old names can be forgotten."""
PAGE = 250
"""Entries of one writer that are read at once."""


class Writer:
    """The name under which a process commits, and how far it has counted."""

    def __init__(self, db: Database[Document]) -> None:
        self._writers = db[WRITERS.name]
        self._name, self._seq, self._since = "", 0, 0.0

    def stamp(self, entry: Document) -> None:
        """Number ``entry``, right before the statement that inserts it. Raises Unavailable."""
        if not self._name or monotonic() - self._since > RENAMED_S:
            self._introduce(new_id())
        self._seq += 1
        entry["writer"], entry["seq"] = self._name, self._seq

    def doubt(self) -> None:
        """It is not known what became of the last transaction."""
        self._name = ""

    def _introduce(self, name: str) -> None:
        with our_words():
            self._writers.insert_one({"_id": name, "since": now(), "sealed": 0})
        self._name, self._seq, self._since = name, 0, monotonic()


def numbered(entries: Stored[Document], writer: str, after: int) -> list[Document]:
    """The first entries of ``writer`` whose number is greater than ``after``, :data:`PAGE` at most."""
    for most in ({"$lte": after + PAGE}, {}):  # up to a bound first: the embedded store reads whatever matches before it limits
        query = {"writer": writer, "seq": {"$gt": after, **most}}
        if found := list(entries.find(query).sort("seq", 1).limit(PAGE)):
            return found
    return []


def unsealed(entries: Stored[Document], writer: Document) -> Iterator[Document]:
    """What ``writer`` has committed and is in no link yet, in order."""
    after: int = writer["sealed"]
    while found := numbered(entries, writer["_id"], after):
        yield from found
        after = found[-1]["seq"]
