"""Sealing: what a service has committed gets into the audit chains of its projects, shortly after (see docs/audit.md).

Not within the commit, which would put all commits of a project in a row: a link is made for all that is new, and written
in one transaction with how far each writer is sealed. So a crash anywhere leaves all of it or nothing, and of two
processes that seal at once one is refused. No entry is touched: marking each would cost more than all the rest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pymongo import MongoClient, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import BulkWriteError

from steward.errors import Conflict
from steward.store.client import Document, our_words
from steward.store.journal import JOURNAL
from steward.store.milestones import HEADS, LINKS
from steward.store.sessions import Sessions
from steward.store.writers import PAGE, RENAMED_S, WRITERS, numbered
from steward.trust.chain import Chain, Head, Key, Link, sealed

_ANOTHER_WAS_FIRST = {11000, 112}
"""DuplicateKey and WriteConflict."""
FORGOTTEN_AFTER = timedelta(seconds=RENAMED_S) + timedelta(hours=1)
"""Writers of that age write no more: they took another name, or died."""


@dataclass(frozen=True)
class Batch:
    """What is sealed in one transaction: entries, and which writers' new ones are all among them, up to which number."""

    entries: Sequence[Document]
    writers: Sequence[tuple[str, int, int]] = ()
    """Name, sealed before, sealed with this."""
    adopted: Mapping[str, int] = field(default_factory=dict)
    """Up to which order what was there before there were chains is sealed, by project."""


class Sealing:
    """Makes the links of one service. Any number of processes may try; see :mod:`steward.bus.audit` for whose turn it is."""

    def __init__(self, client: MongoClient[Document], db: Database[Document], sessions: Sessions, service: str, key: Key) -> None:
        self._client, self._db, self._sessions, self._service, self._key = client, db, sessions, service, key
        self._oldest: datetime | None = None

    @property
    def oldest(self) -> datetime | None:
        """The moment of the oldest entry that the last round has read and left for the next one."""
        return self._oldest

    def round(self, now: datetime) -> bool:
        """Seal what is new, a page of each writer at most; whether there may be more. Raises Conflict, Unavailable."""
        with our_words():
            writers = list(self._db[WRITERS.name].find())
            pages = {writer["_id"]: numbered(self._db[JOURNAL.name], writer["_id"], writer["sealed"]) for writer in writers}
        self._forget([writer for writer in writers if not pages[writer["_id"]]], now)
        self._oldest = min((page[0]["at"] for page in pages.values() if page), default=None)
        taken, left = _up_to_horizon(pages)
        progress = [(w["_id"], w["sealed"], taken[w["_id"]][-1]["seq"]) for w in writers if taken[w["_id"]]]
        entries = sorted((entry for page in taken.values() for entry in page), key=lambda entry: entry["at"])
        if entries:
            self.seal(Batch(entries, progress), now)
        self._oldest = left
        return any(after - before > PAGE // 2 for _, before, after in progress)  # numbers have gaps, so a page need not be full

    def _forget(self, idle: Sequence[Document], now: datetime) -> None:
        old = [writer["_id"] for writer in idle if writer["since"] < now - FORGOTTEN_AFTER]
        if old:
            with our_words():
                self._db[WRITERS.name].delete_many({"_id": {"$in": old}})

    def seal(self, batch: Batch, now: datetime) -> None:
        """Write the links of ``batch``, all of them or none. Raises Conflict when another process was first, Unavailable."""
        by_project: dict[str, list[Document]] = defaultdict(list)
        for entry in batch.entries:
            by_project[entry.get("project") or ""].append(entry)
        heads = self.heads(by_project)
        links = [sealed(self._key, Chain(self._service, project), heads[project], mine, now) for project, mine in by_project.items()]
        with our_words(), self._client.start_session() as session:
            self._sessions.note(session)
            with session.start_transaction():
                self._write(links, heads, batch, session)

    def heads(self, projects: Iterable[str]) -> dict[str, Head]:
        """Where the chains of ``projects`` end."""
        wanted = list(projects)
        with our_words():
            found = {document["_id"]: document for document in self._db[HEADS.name].find({"_id": {"$in": wanted}})}
        return {project: head_of(found[project]) if project in found else Head() for project in wanted}

    def _write(self, links: Sequence[Link], heads: Mapping[str, Head], batch: Batch, session: ClientSession) -> None:
        try:
            self._db[LINKS.name].insert_many([link.to_document() for link in links], session=session)
            ends = [self._end(link, heads[link.chain.project], batch.adopted) for link in links]
            done = self._db[HEADS.name].bulk_write(ends, session=session)
        except BulkWriteError as error:
            if {row["code"] for row in error.details["writeErrors"]} <= _ANOTHER_WAS_FIRST:
                raise Conflict("another process has sealed them") from error
            raise
        reached = done.matched_count + done.upserted_count
        moves = [UpdateOne({"_id": name, "sealed": before}, {"$set": {"sealed": after}}) for name, before, after in batch.writers]
        if moves:
            reached += self._db[WRITERS.name].bulk_write(moves, session=session).matched_count
        if reached != len(ends) + len(moves):
            raise Conflict("another process has sealed them")

    def _end(self, link: Link, before: Head, adopted: Mapping[str, int]) -> UpdateOne:
        head = link.head
        change = {"n": head.n, "digest": head.digest, "until": head.until, "at": head.at}
        project = link.chain.project
        if project in adopted:
            change["adopted"] = adopted[project]
        seen = {"_id": project, "n": before.n} if before.n else {"_id": project}
        return UpdateOne(seen, {"$set": change}, upsert=not before.n)


def head_of(document: Document) -> Head:
    """The end of a chain as it is kept."""
    return Head(document["n"], document["digest"], document["until"], document["at"])


def _up_to_horizon(pages: Mapping[str, list[Document]]) -> tuple[dict[str, list[Document]], datetime | None]:
    """Of each page, what is not after the moment up to which all pages are whole, and the oldest that is left.

    So one writer's backlog does not come into the chain before another's older one.
    """
    horizon = min((max(entry["at"] for entry in page) for page in pages.values() if len(page) == PAGE), default=None)
    taken: dict[str, list[Document]] = {}
    left: list[datetime] = [horizon] if horizon else []
    for writer, page in pages.items():
        count = next((place for place, entry in enumerate(page) if horizon and entry["at"] > horizon), len(page))
        taken[writer] = page[:count]
        left += [entry["at"] for entry in page[count:]]
    return taken, min(left, default=None)
