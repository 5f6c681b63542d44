"""The store as services see it: ``self.store.work()`` to change, ``self.store.read`` to look."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from time import monotonic
from typing import Any

import eventlet
from nameko.extensions import DependencyProvider, SharedExtension
from pymongo import MongoClient
from pymongo.database import Database

from steward.bus.standard import DEAD_LETTERS
from steward.context import Context
from steward.errors import Conflict, StewardError
from steward.observe import health
from steward.settings import Settings
from steward.spec import Collection, ServiceSpec
from steward.store.adopting import ADOPTING
from steward.store.client import Document, connect, database, ensure_indexes, our_words
from steward.store.committing import AlreadyDone, Committer, Unit
from steward.store.due import put_off
from steward.store.journal import JOURNAL, Journal
from steward.store.keys import KEYS, StoredKeys
from steward.store.latest import NEWEST
from steward.store.milestones import HEADS, LINKS
from steward.store.reading import Reading
from steward.store.repository import Repository
from steward.store.resealing import PROGRESS
from steward.store.sessions import COLLECTION as SESSIONS
from steward.store.sessions import Sessions
from steward.store.work import Work, read_entry
from steward.store.writers import WRITERS
from steward.trust.sealing import Sealer

log = logging.getLogger(__name__)

WAIT_S = 0.5
PING_S = 2.0


class StoreOf:
    """A worker's view of its service's store."""

    def __init__(self, shared: SharedStore, context: Context | None) -> None:
        self._shared, self._context = shared, context
        self.read = shared.read
        self.journal = shared.journal
        self.database = shared.database
        self.wrote = False
        """Whether any unit of work of this worker has changed something."""

    def work(
        self, key: str | None = None, lenient: bool = False, at: datetime | None = None, behalf: str | None = None
    ) -> AbstractContextManager[Work]:
        """A unit of work under the key of this call or event, or under ``key``.

        ``lenient``: that somebody else did it, or is doing it, is no error. For sweeps.
        ``at``: the time of its events, where work goes on after the call or sweep that began it.
        ``behalf``: for whom it is done, where somebody asked for it earlier.
        """
        assert self._context is not None
        context = replace(self._context, key=key or self._context.key, now=at or self._context.now, behalf=behalf or self._context.behalf)
        work = Work(self.database, self._shared.spec, context, self._shared.committer, self._shared.sealer)
        return self._committing(work, lenient)

    @contextmanager
    def _committing(self, work: Work, lenient: bool) -> Iterator[Work]:
        try:
            with work:
                yield work
        except (Conflict, AlreadyDone):
            if not lenient:
                raise
        else:
            self.wrote |= work.wrote
            self._shared.committed()

    def note_read(self, project: str | None, subjects: Sequence[str], reason: str | None) -> None:
        """Record that this call has told its caller of ``subjects``. Raises Unavailable: then it must not tell."""
        assert self._context is not None
        self._shared.committer.commit(Unit(read_entry(self._context, project, subjects, reason), ()))

    def put_off(self, repository: Repository[Any], field: str, id: str, version: int | None, until: datetime) -> bool:
        """What is as it was seen, in that ``version``, is not read as due before ``until``; see :func:`steward.store.due.put_off`."""
        return put_off(self.database, repository.collection, id, field, version, until)

    def recorded(self) -> AlreadyDone | None:
        """What this call or event has been recorded to have done, if it has been."""
        assert self._context is not None
        entry = self.journal.entry(self._context.key)
        return AlreadyDone(entry) if entry else None


class SharedStore(SharedExtension):
    """One client a process."""

    client: MongoClient[Document]
    database: Database[Document]
    journal: Journal
    read: Reading
    sessions: Sessions
    committer: Committer
    keys: StoredKeys
    sealer: Sealer
    spec: ServiceSpec

    def __init__(self) -> None:
        super().__init__()
        self._listeners: list[Callable[[], None]] = []
        self._watching: Any = None
        self._ready = self._killed = False
        self._seen = 0.0

    def setup(self) -> None:
        if hasattr(self, "client"):
            return
        self.spec = self.container.service_cls.spec
        settings = Settings.from_env()
        self.client = connect(settings.mongo_uri)
        self.database = database(self.client, self.spec.name)
        self.sessions = Sessions(self.client, self.database, f"{self.spec.name}-{settings.replica}")
        self.committer = Committer(self.client, self.database, self.sessions, self.spec.name)
        self.keys = StoredKeys(self.database, settings.field_keys)
        self.sealer = Sealer(*settings.field_keys, kept=self.keys)
        self.journal = Journal(self.database)
        self.read = Reading(self.database)
        health.board.ready("store", self._answers)
        self._watching = self.container.spawn_managed_thread(self._watch)

    def start(self) -> None:
        """Wait for the store: a service without it is of no use, but must not fall over."""
        while not self._ready and not self._killed:
            eventlet.sleep(WAIT_S / 10)

    def stop(self) -> None:
        self._watching.kill()
        self.client.close()

    def kill(self) -> None:
        """Another part has failed for good, perhaps while :meth:`start` waits: then nothing would ever end that."""
        self._killed = True

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after every commit of this process."""
        self._listeners.append(listener)

    def committed(self) -> None:
        """Something was committed."""
        for listener in self._listeners:
            listener()

    def _answers(self) -> bool:
        return monotonic() - self._seen < 3 * PING_S

    def _watch(self) -> None:
        while True:
            try:
                with our_words():
                    self._prepare()
                    # Not a ping: that is answered even by a store whose engine has given up.
                    self.database["leases"].find_one({"_id": "none"})
                self._seen = monotonic()
            except StewardError as error:
                log.warning("store: %s", error)
            eventlet.sleep(PING_S if self._ready else WAIT_S)

    def _prepare(self) -> None:
        if self._ready:
            return
        kit = (JOURNAL, DEAD_LETTERS, Collection("leases"), Collection(SESSIONS), WRITERS, LINKS, HEADS, ADOPTING, KEYS, PROGRESS, NEWEST)
        self.sessions.end_predecessors()
        ensure_indexes(self.database, replace(self.spec, collections=(*self.spec.collections, *kit)))
        self.keys.prepare()
        self._ready = True


class Store(DependencyProvider):
    """Gives a worker its :class:`StoreOf`."""

    shared = SharedStore()

    def get_dependency(self, worker: Any) -> StoreOf:
        return StoreOf(self.shared, worker.data.get("steward"))
