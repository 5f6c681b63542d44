"""The journal: one entry a unit of work, which is its inbox mark, its outbox and its history at once.

An entry's ``_id`` is the key under which the work was asked for: the handler and the event's id, or the caller's
idempotency key. So the same request can be recorded only once, together with its effect (inbox). Its ``events`` are
published by the relay while ``pending`` is there (outbox). And because entries stay, ``matter`` finds everything
that a ticket caused (history).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pymongo.database import Database

from steward.bus.envelope import Envelope, from_wire
from steward.spec import Collection, Index
from steward.store.client import Document, our_words
from steward.store.milestones import HEADS, Milestones
from steward.store.outbox import OutboxReader
from steward.store.windows import MOST_BYTES, STEP, Walk
from steward.store.writers import WRITERS, unsealed

JOURNAL = Collection(
    "journal",
    (
        Index(("pending", "order"), partial={"pending": True}),
        Index(("matter", "order")),
        Index(("project", "order")),
        Index(("subjects", "order")),
        Index(("writer", "seq")),
    ),
)

_END = 2**60
"""Later than any order, which are microseconds since 1970."""
_TOLD = dict.fromkeys(("order", "at", "matter", "cause", "events", "pending"), 1)
_PUBLISHED = dict.fromkeys(("order", "events"), 1)
_MOST_BYTES = 4 * MOST_BYTES
"""Of entries that are held for one answer, about."""


class Journal:
    """One service's journal."""

    def __init__(self, db: Database[Document]) -> None:
        self._db, self._entries = db, db[JOURNAL.name]
        self._outbox = OutboxReader(self._entries)
        self._milestones = Milestones(self._entries)

    def entry(self, key: str) -> Document | None:
        """What was recorded under ``key``, if anything was."""
        with our_words():
            return self._entries.find_one({"_id": key})

    def pending(self, limit: int, after: int | None = None) -> list[Document]:
        """Entries whose events wait to be published, oldest first; only those behind order ``after`` if it is given."""
        return self._outbox.page(limit, after)

    def depth(self) -> int:
        """How many entries wait to be published."""
        with our_words():
            return self._entries.count_documents({"pending": True})

    def published(self, keys: Iterable[str]) -> None:
        """Take the entries of ``keys`` off the outbox."""
        wanted = list(keys)
        if wanted:  # a relay at rest comes by twenty times a second
            with our_words():
                self._entries.update_many({"_id": {"$in": wanted}}, {"$unset": {"pending": True}})

    def about(self, matter: str) -> list[Envelope]:
        """Every event of ``matter``, in order."""
        with our_words():
            entries = self._entries.find({"matter": matter}).sort("order", 1)
            return [event for entry in entries for event in events_of(entry)]

    def page(self, project: str, after: int, limit: int) -> list[Document]:
        """Entries of ``project`` whose ``order`` is ``after`` or greater, oldest first: what operators are told of them.

        Fewer than ``limit`` do not mean that these are the last: large ones come a few at a time.
        """
        found, _ = self._first(project, after, _END, limit, _TOLD)
        return found[:limit]

    def span(self, project: str, first: int, last: int, limit: int) -> tuple[list[Document], int | None]:
        """The ``events`` of entries of ``project`` whose ``order`` is from ``first`` to ``last``, both included, oldest first.

        Some ``limit`` entries, and the order to go on from; None: there are no more.
        """
        return self._first(project, first, last, limit, _PUBLISHED)

    def _first(self, project: str, first: int, last: int, limit: int, members: Mapping[str, int]) -> tuple[list[Document], int | None]:
        found: list[Document] = []
        size = 0
        walk = Walk(self._entries, {"project": project}, members)
        for piece in walk.pieces(first - 1, last, self._milestones.behind(project, first - 1, STEP)):
            found += piece.entries
            size += piece.size
            if len(found) >= limit or size >= _MOST_BYTES:
                return found, found[-1]["order"] + 1
        return found, None

    def projects(self) -> list[str]:
        """The projects of which there are entries; those of before there were audit chains once they are in one."""
        with our_words():
            found = {end["_id"] for end in self._db[HEADS.name].find({}, {"_id": 1})}
            for writer in self._db[WRITERS.name].find():
                found |= {entry.get("project") for entry in unsealed(self._entries, writer)}
        return sorted(filter(None, found))


def events_of(entry: Document) -> list[Envelope]:
    """The events recorded in ``entry``."""
    return [from_wire(document) for document in entry["events"]]
