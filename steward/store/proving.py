"""What the proof of audit chains reads: straight from a service's store, past the service, in pieces of bounded size."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pymongo
from pymongo.database import Database

from steward.plugins import installed_services
from steward.settings import Settings
from steward.store.chains import head_of
from steward.store.client import Document, connect, database, our_words
from steward.store.journal import JOURNAL
from steward.store.keys import StoredKeys
from steward.store.milestones import HEADS, LINKS, Milestones
from steward.store.windows import STEP, Walk
from steward.trust.chain import Anchor, Chain, Head, Key, Unreadable, anchored, link_of
from steward.trust.proof import Fault, Known, verified

_LINKS_AT_ONCE = 50
_EVER = 2**62
_ALL_S = 600.0
"""Seconds in which the store may go through a whole journal."""


class Records:
    """The chains and the journal of one service."""

    def __init__(self, db: Database[Document], service: str) -> None:
        self._entries, self._links, self._heads = db[JOURNAL.name], db[LINKS.name], db[HEADS.name]
        self._milestones = Milestones(self._entries)
        self._service = service
        self.links_read = self.entries_read = 0

    def chains(self) -> list[Chain]:
        """Every chain that there is, or ought to be. Raises Unavailable.

        The embedded store reads all entries for it: whoever puts one into a journal may name any project.
        """
        with our_words(), pymongo.timeout(_ALL_S):
            found = {head["_id"] for head in self._heads.find({}, {"_id": 1})}
            found |= {*self._links.distinct("project"), *self._entries.distinct("project")}
        return sorted({Chain(self._service, str(project or "")) for project in found})

    def newest(self) -> datetime | None:
        """When the service's newest link was made; None when there is none."""
        with our_words():
            moments = [head["at"] for head in self._heads.find({}, {"at": 1})]
            any_link = self._links.find_one({})
        return max(moments, default=any_link["at"] if any_link else None)

    def head(self, chain: Chain) -> Head | None:
        """Where the store says that ``chain`` ends."""
        with our_words():
            document = self._heads.find_one({"_id": chain.project})
        return head_of(document) if document else None

    def links(self, chain: Chain) -> Iterator[Document]:
        """The links of ``chain`` in order."""
        first = 1
        while True:
            found = self._some_links(chain, {"$gte": first, "$lt": first + _LINKS_AT_ONCE})
            if not found:  # the end, or a gap
                found = self._some_links(chain, {"$gte": first})
            if not found:
                return
            self.links_read += len(found)
            yield from found
            first = found[-1]["n"] + 1

    def _some_links(self, chain: Chain, n: dict[str, int]) -> list[Document]:
        with our_words():
            return list(self._links.find({"project": chain.project, "n": n}).sort("n", 1).limit(_LINKS_AT_ONCE))

    def entries(self, chain: Chain) -> Iterator[Document]:
        """The entries of the chain's project: those of an order, then those that have none as it should be."""
        for project in [chain.project] if chain.project else ["", None]:
            milestones = self._milestones.behind(chain.project, -1, STEP)
            for piece in Walk(self._entries, {"project": project}).pieces(-1, _EVER, milestones):
                self.entries_read += len(piece.entries)
                yield from piece.entries
            with our_words():
                yield from self._entries.find({"project": project, "order": {"$not": {"$gte": 0}}})

    def prove(self, key: Key, chain: Chain, known: Known) -> Iterator[Fault]:
        """Every fault of ``chain``. Raises Unavailable."""
        head = self.head(chain)
        with closing(OnDisk()) as named:
            before = self.links_read
            yield from verified(key, chain, self.links(chain), self.entries(chain), replace(known, head=head), named)
        if head is None and self.links_read > before and self.head(chain) is None:
            yield Fault(chain, "headless")

    def anchor(self, key: Key, chain: Chain, now: datetime) -> Anchor | None:
        """The anchor of the chain's end; None where it has none. Raises Unreadable when its end is not genuine."""
        head = self.head(chain)
        if head is None:
            return None
        with our_words():
            document = self._links.find_one({"project": chain.project, "n": head.n})
        if document is None:
            raise Unreadable(f"{chain}: link {head.n} is gone")
        link = link_of(chain, document)
        if link.digest != head.digest or not key.made(link.said(), link.mac):
            raise Unreadable(f"{chain}: link {head.n} is not genuine")
        return anchored(key, chain, head, now)


def faults(settings: Settings, grace: timedelta) -> list[str]:
    """What is wrong in the chains of all installed services, notes left out: for who must know that nothing is. Raises Unavailable."""
    found: list[str] = []
    with closing(connect(settings.mongo_uri)) as client:
        for service in installed_services():
            db = database(client, service)
            records, key = Records(db, service), StoredKeys(db, settings.field_keys).chain_key()
            known = Known(grace, sealing_until=records.newest())
            told = (fault for chain in records.chains() for fault in records.prove(key, chain, known))
            found += [str(fault) for fault in told if not fault.is_note]
    return found


class OnDisk:
    """:class:`steward.trust.proof.Named` in a file that nobody else sees and that goes by itself."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("CREATE TABLE named (id TEXT PRIMARY KEY, n INTEGER, digest TEXT, met INTEGER) WITHOUT ROWID")
        self._db.execute("BEGIN")

    def close(self) -> None:
        """It is needed no more."""
        self._db.close()

    def add(self, id: str, n: int, digest: str) -> int | None:
        """See :class:`steward.trust.proof.Named`."""
        try:
            self._db.execute("INSERT INTO named VALUES (?, ?, ?, 0)", (id, n, digest))
        except sqlite3.IntegrityError:
            return int(self._one("SELECT n FROM named WHERE id = ?", id)[0])
        return None

    def take(self, id: str) -> tuple[int, str] | None:
        """See :class:`steward.trust.proof.Named`."""
        found = self._one("SELECT n, digest FROM named WHERE id = ?", id)
        if not found:
            return None
        self._db.execute("UPDATE named SET met = 1 WHERE id = ?", (id,))
        return int(found[0]), str(found[1])

    def left(self) -> Iterator[tuple[str, int]]:
        """See :class:`steward.trust.proof.Named`."""
        return iter(self._db.execute("SELECT id, n FROM named WHERE met = 0 ORDER BY n, id"))

    def _one(self, statement: str, id: str) -> Any:
        return self._db.execute(statement, (id,)).fetchone()


def anchors_of(chain: Chain, anchors: Iterable[Anchor]) -> tuple[Anchor, ...]:
    """Those of ``anchors`` that are of ``chain``."""
    return tuple(anchor for anchor in anchors if anchor.chain == chain)
