"""Committing: units of work that wait at the same moment go to the store in one transaction (group commit).

A transaction costs the store about as much as what is in it, and a round trip for each statement. So while one is
under way, whoever else has something to commit waits, and then all of them go together. Each unit stays whole: the
transaction takes effect altogether or not at all, and if it cannot, each unit is tried alone and told its own fate.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NoReturn

import eventlet
from eventlet.event import Event as Signal
from pymongo import InsertOne, MongoClient
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from steward.errors import AlreadyExists, Conflict, Unavailable
from steward.observe import metrics
from steward.store.changes import Change, Operation, Replace
from steward.store.client import Document, our_words
from steward.store.journal import JOURNAL
from steward.store.sessions import Sessions
from steward.store.writers import Writer

TOGETHER = 32
"""Units in one transaction, at most."""
_MANY = 8
"""Replacements that are made as one deletion and one insertion: the embedded store looks its indexes up anew for each replacement,
which costs a quarter of it, and once more for each guard."""


class AlreadyDone(Exception):
    """The work under this key was committed before; ``answer`` and ``fingerprint`` are what was recorded then."""

    def __init__(self, entry: Document) -> None:
        super().__init__(entry["_id"])
        self.answer = entry.get("answer")
        self.fingerprint = entry.get("fingerprint")


@dataclass(frozen=True)
class Unit:
    """What commits together: an entry of the journal and the changes that it stands for."""

    entry: Document
    changes: tuple[Change, ...]

    @property
    def touches(self) -> set[tuple[str, str]]:
        """The documents that it writes."""
        return {(JOURNAL.name, self.entry["_id"]), *((change.collection, change.id) for change in self.changes)}


@dataclass(frozen=True)
class _Waiting:
    unit: Unit
    done: Signal = field(default_factory=Signal)


class Committer:
    """Commits for all greenthreads of a process, one transaction at a time."""

    def __init__(self, client: MongoClient[Document], db: Database[Document], sessions: Sessions, service: str) -> None:
        self._client, self._db, self._sessions = client, db, sessions
        self._writer = Writer(db)
        self._units = metrics.COMMITTED_TOGETHER.labels(service)
        self._queue: deque[_Waiting] = deque()
        self._at_work = False

    def commit(self, unit: Unit) -> None:
        """Returns when ``unit`` is durable.

        Raises Conflict (another writer was first), Unavailable (store away; it may have been committed), AlreadyExists
        (unique index), AlreadyDone (its key has taken effect before).
        """
        waiting = _Waiting(unit)
        self._queue.append(waiting)
        if not self._at_work:
            self._at_work = True
            eventlet.spawn_n(self._work)  # not in the caller's greenthread, whose deadline is not the others'
        waiting.done.wait()

    def _work(self) -> None:
        try:
            while self._queue:
                self._commit(self._next_group())
        finally:
            self._at_work = False

    def _next_group(self) -> list[_Waiting]:
        """Those that waited longest and have no document in common; the others come next."""
        group: list[_Waiting] = []
        left: deque[_Waiting] = deque()
        touched: set[tuple[str, str]] = set()
        while self._queue and len(group) < TOGETHER:
            waiting = self._queue.popleft()
            if touched.isdisjoint(waiting.unit.touches):
                group.append(waiting)
            else:
                left.append(waiting)
            touched |= waiting.unit.touches
        self._queue.extendleft(reversed(left))
        return group

    def _commit(self, group: Sequence[_Waiting]) -> None:
        self._units.observe(len(group))
        try:
            self._transact_together([waiting.unit for waiting in group])
        except Unavailable as error:
            for waiting in group:
                waiting.done.send_exception(error)
        except Exception:  # also of a document that cannot be written at all; whose fault it is shows when each is tried alone
            for waiting in group:
                self._commit_alone(waiting)
        else:
            for waiting in group:
                waiting.done.send()

    def _commit_alone(self, waiting: _Waiting) -> None:
        try:
            self._transact_alone(waiting.unit)
        except BaseException as error:
            waiting.done.send_exception(error)
        else:
            waiting.done.send()

    @contextmanager
    def _transaction(self) -> Iterator[ClientSession]:
        with our_words(), self._client.start_session() as session:
            self._sessions.note(session)
            with session.start_transaction():
                yield session

    @contextmanager
    def _numbered(self, units: Sequence[Unit]) -> Iterator[ClientSession]:
        """A transaction of ``units``; when it fails in a way that may hide a success, what comes next is another writer's."""
        try:
            for unit in units:
                self._writer.stamp(unit.entry)
            with self._transaction() as session:
                yield session
        except (Conflict, AlreadyExists, AlreadyDone):
            raise
        except BaseException:
            self._writer.doubt()
            raise

    def _transact_together(self, units: Sequence[Unit]) -> None:
        changes: dict[str, list[Change]] = defaultdict(list)
        for unit in units:
            for change in unit.changes:
                changes[change.collection].append(change)
        with self._numbered(units) as session:
            self._db[JOURNAL.name].insert_many([unit.entry for unit in units], session=session)
            for collection, made in changes.items():
                self._write(collection, made, session)

    def _write(self, collection: str, changes: Sequence[Change], session: ClientSession) -> None:
        """All of ``changes`` at once. Raises Conflict."""
        replaced = {change.id: change for change in changes if isinstance(change, Replace)}  # as each is to be in the end
        others = [change for change in changes if not isinstance(change, Replace)]
        operations: list[Operation] = []
        if len(replaced) >= _MANY and replaced.keys().isdisjoint(change.id for change in others):
            self._clear(collection, changes, session)
            operations += [InsertOne(change.document) for change in replaced.values()]
            changes = others
        operations += [change.operation for change in changes]
        written = self._db[collection].bulk_write(operations, session=session)
        if written.matched_count + written.upserted_count < sum(change.reaches for change in changes):
            raise Conflict(f"one of {collection} was changed meanwhile")

    def _clear(self, collection: str, changes: Sequence[Change], session: ClientSession) -> None:
        """Take away what is to be replaced, if it is as it was seen."""
        seen = {change.id: change.version for change in reversed(changes) if isinstance(change, Replace)}
        cleared = 0
        for version in {*seen.values()}:
            query = {"_id": {"$in": [name for name, read in seen.items() if read == version]}, "version": version}
            cleared += self._db[collection].delete_many(query, session=session).deleted_count
        if cleared < len(seen):
            raise Conflict(f"one of {collection} was changed meanwhile")

    def _transact_alone(self, unit: Unit) -> None:
        with self._numbered([unit]) as session:
            try:
                self._db[JOURNAL.name].insert_one(unit.entry, session=session)
            except DuplicateKeyError:
                session.abort_transaction()
                self._already_done(unit)
            for change in unit.changes:
                change.make(self._db, session)

    def _already_done(self, unit: Unit) -> NoReturn:
        entry = self._db[JOURNAL.name].find_one({"_id": unit.entry["_id"]})
        if entry is None:
            raise Conflict("the same request is being worked on")
        raise AlreadyDone(entry)
