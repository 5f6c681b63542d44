"""The unit of work: load, decide, and commit state and events in one atomic write."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar

from marshmallow import Schema, ValidationError
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from steward.bus.envelope import Envelope
from steward.context import Context
from steward.errors import Conflict, NotFound, PreconditionFailed, StewardError
from steward.facts import Decision, Fact
from steward.ids import new_id
from steward.spec import ServiceSpec
from steward.store.client import Document, our_words
from steward.store.journal import JOURNAL
from steward.store.repository import Aggregate, Repository
from steward.store.sessions import Sessions
from steward.times import now
from steward.validation import schema

A = TypeVar("A", bound=Aggregate)
Write = Callable[[ClientSession | None], None]


class AlreadyDone(Exception):
    """The work under this key was committed before; ``answer`` and ``fingerprint`` are what was recorded then."""

    def __init__(self, entry: Document) -> None:
        super().__init__(entry["_id"])
        self.answer = entry.get("answer")
        self.fingerprint = entry.get("fingerprint")


class BrokenContract(StewardError):
    """A model recorded a fact that its published schema does not allow: a defect, not the caller's fault."""


@dataclass(frozen=True)
class _Loaded:
    version: int
    order: int


class Work:
    """One command or event, from load to commit. Used as a context manager; leaving it commits.

    ``with store.work() as work: state = work.load(...); work.apply(REPOSITORY, model.decide(state, ...))``
    Raises on leaving: Conflict (another writer was first), Unavailable (store away), AlreadyExists (unique index),
    AlreadyDone (this key has taken effect before).
    """

    def __init__(
        self, client: MongoClient[Document], db: Database[Document], spec: ServiceSpec, context: Context, sessions: Sessions
    ) -> None:
        self._client, self._db, self._spec, self._context, self._sessions = client, db, spec, context, sessions
        self._if_match = context.if_match
        self._loaded: dict[tuple[str, str], _Loaded] = {}
        self._missing: set[tuple[str, str]] = set()
        self._writes: list[Write] = []
        self._events: list[Envelope] = []
        self._matter: str | None = context.event.matter if context.event else None
        self._project: str | None = context.event.project if context.event else None
        self._order = int(now().timestamp() * 1_000_000)
        self._answer: Any = None

    def find(self, repository: Repository[A], id: str) -> A | None:
        """The aggregate ``id``, or None."""
        with our_words():
            document = self._db[repository.collection].find_one({"_id": id})
        if document is None:
            self._missing.add((repository.collection, id))
            return None
        self._loaded[repository.collection, id] = _Loaded(document["version"], document["_order"])
        return repository.from_document(document)

    def load(self, repository: Repository[A], id: str, project: str | None = None) -> A:
        """The aggregate that the command is about.

        Raises NotFound when there is none in ``project``, PreconditionFailed when the caller saw another version.
        """
        aggregate = self.find(repository, id)
        if aggregate is None or project not in (None, aggregate.project):
            raise NotFound(f"no {repository.collection} {id!r} here")
        if self._if_match not in (None, aggregate.version):
            raise PreconditionFailed(f"version is {aggregate.version}, not {self._if_match}")
        self._if_match = None
        return aggregate

    def apply(self, repository: Repository[A], decision: Decision[A]) -> A:
        """Save the decided state as the next version and record its facts. Returns the state with that version."""
        before = self._loaded.get((repository.collection, decision.state.id))
        version = (before.version if before else 0) + 1
        self._order = max(self._order, before.order + 1 if before else 0)
        document = repository.to_document(decision.state) | {"version": version}
        self._writes.append(self._write(repository.collection, document, before))
        self._loaded[repository.collection, decision.state.id] = _Loaded(version, self._order)
        subject = f"{self._spec.name}/{decision.state.id}"
        self._project = self._project or decision.state.project
        self._matter = self._matter or getattr(decision.state, "matter", None) or subject
        for fact in decision.facts:
            self._record(fact, subject, version, decision.state)
        return repository.from_document(document)

    def keep(self, collection: str, document: Document) -> None:
        """Write a plain document by its ``_id``, whatever was there: for copies of what other services own."""

        def write(session: ClientSession | None) -> None:
            with _first_wins():
                self._db[collection].replace_one({"_id": document["_id"]}, document, upsert=True, session=session)

        self._writes.append(write)

    def drop(self, collection: str, id: str) -> None:
        """Remove a plain document that :meth:`keep` wrote."""
        self._writes.append(lambda session: _ignore(self._db[collection].delete_one({"_id": id}, session=session)))

    def answer(self, answer: Any) -> Any:
        """Remember what the caller is told, so that repeating the request tells the same. Returns it."""
        self._answer = answer
        return answer

    def _write(self, collection: str, document: Document, before: _Loaded | None) -> Write:
        def write(session: ClientSession | None) -> None:
            full = document | {"_order": self._order}  # underlined: an aggregate may well have an order of its own
            if before is None:
                missed = (collection, document["_id"]) in self._missing
                with _first_wins() if missed else nullcontext():
                    self._db[collection].insert_one(full, session=session)
                return
            query = {"_id": document["_id"], "version": before.version}
            if not self._db[collection].replace_one(query, full, session=session).matched_count:
                raise Conflict(f"{collection} {document['_id']} was changed meanwhile")

        return write

    def _record(self, fact: Fact, subject: str, version: int, state: Aggregate) -> None:
        declared = self._spec.event(fact.name)
        event = self._context.event
        self._events.append(
            Envelope(
                id=new_id(),
                type=f"{self._spec.name}.{fact.name}",
                subject=subject,
                time=self._context.now,
                data=_serialised(schema(declared.schema), fact),
                project=state.project,
                matter=getattr(state, "matter", None) or self._matter or subject,
                version=version,
                actor=self._context.principal.id,
                correlation=self._context.correlation,
                causation=event.id if event else None,
                schema_version=declared.version,
            )
        )

    @property
    def wrote(self) -> bool:
        """Whether there is anything to commit, or was."""
        return bool(self._writes or self._events)

    def __enter__(self) -> Work:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None and self.wrote:
            self._commit()

    def _entry(self) -> Document:
        entry: Document = {
            "_id": self._context.key,
            "at": now(),
            "order": self._order,
            "project": self._project,
            "matter": self._matter,
            "correlation": self._context.correlation,
            "actor": self._context.principal.id,
            "events": [event.to_wire() for event in self._events],
        }
        optional: Mapping[str, Any] = {
            "pending": True if self._events else None,
            "cause": self._context.event.id if self._context.event else None,
            "fingerprint": self._context.fingerprint,
            "answer": self._answer,
        }
        return entry | {name: value for name, value in optional.items() if value is not None}

    def _commit(self) -> None:
        with our_words(), self._client.start_session() as session:
            self._sessions.note(session)
            with session.start_transaction():
                try:
                    self._db[JOURNAL.name].insert_one(self._entry(), session=session)
                except DuplicateKeyError:
                    session.abort_transaction()
                    self._already_done()
                for write in self._writes:
                    write(session)

    def _already_done(self) -> None:
        entry = self._db[JOURNAL.name].find_one({"_id": self._context.key})
        if entry is None:
            raise Conflict("the same request is being worked on")
        raise AlreadyDone(entry)


@contextmanager
def _first_wins() -> Iterator[None]:
    """What was looked for and not found has come into being meanwhile: the work is to be done again, seeing it."""
    try:
        yield
    except DuplicateKeyError as error:
        if "_id" in ((error.details or {}).get("keyPattern") or {}):
            raise Conflict("another writer was first") from error
        raise


def _serialised(contract: Schema, fact: Fact) -> dict[str, Any]:
    dumped: dict[str, Any] = contract.dump(fact.data)
    try:
        contract.load(dumped)
    except ValidationError as error:
        raise BrokenContract(f"{fact.name}: {error.messages}") from error
    return dumped


def _ignore(_: Any) -> None:
    return None
