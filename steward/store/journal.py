"""The journal: one entry a unit of work, which is its inbox mark, its outbox and its history at once.

An entry's ``_id`` is the key under which the work was asked for: the handler and the event's id, or the caller's
idempotency key. So the same request can be recorded only once, together with its effect (inbox). Its ``events`` are
published by the relay while ``pending`` is there (outbox). And because entries stay, ``matter`` finds everything
that a ticket caused (history).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pymongo.database import Database

from steward.bus.envelope import Envelope, from_wire
from steward.spec import Collection, Index
from steward.store import windows
from steward.store.client import Document, our_words
from steward.store.milestones import Milestones
from steward.store.outbox import OutboxReader

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


class Journal:
    """One service's journal."""

    def __init__(self, db: Database[Document]) -> None:
        self._entries = db[JOURNAL.name]
        self._outbox = OutboxReader(self._entries)
        self._milestones = Milestones(db)

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
        """Entries of ``project`` whose ``order`` is ``after`` or greater, oldest first."""
        return self._first(project, after, _END, limit)

    def span(self, project: str, first: int, last: int, limit: int) -> list[Document]:
        """Entries of ``project`` with events whose ``order`` is from ``first`` to ``last``, both included, oldest first."""
        return self._first(project, first, last, limit, lambda entry: bool(entry["events"]))

    def _first(self, project: str, first: int, last: int, limit: int, wanted: Callable[[Document], bool] | None = None) -> list[Document]:
        found: list[Document] = []
        milestones = self._milestones.behind(project, first - 1, windows.STEP)
        for piece in windows.pages(self._entries, {"project": project}, first - 1, last, milestones):
            found += filter(wanted, piece)
            if len(found) >= limit:
                break
        return found[:limit]

    def projects(self) -> list[str]:
        """The projects of which there are entries."""
        with our_words():
            return sorted(project for project in self._entries.distinct("project") if project)


def events_of(entry: Document) -> list[Envelope]:
    """The events recorded in ``entry``."""
    return [from_wire(document) for document in entry["events"]]
