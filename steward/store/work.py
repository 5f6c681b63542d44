"""The unit of work: load, decide, and commit state and events in one atomic write."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import Any, TypeVar, cast

from marshmallow import Schema, ValidationError
from pymongo.database import Database

from steward.bus.envelope import Envelope
from steward.context import Context
from steward.errors import NotFound, PreconditionFailed, StewardError
from steward.facts import Decision, Fact
from steward.ids import new_id
from steward.spec import ServiceSpec
from steward.store.changes import Change, Drop, Insert, Keep, Renew, Replace
from steward.store.client import Document, our_words
from steward.store.committing import Committer, Unit
from steward.store.latest import NEWEST, crowds
from steward.store.repository import Aggregate, Repository
from steward.store.touched import touched
from steward.times import iso, microseconds, now
from steward.trust.sealing import Sealer
from steward.validation import schema

A = TypeVar("A", bound=Aggregate)


class BrokenContract(StewardError):
    """A model recorded a fact that its published schema does not allow: a defect, not the caller's fault."""


@dataclass(frozen=True)
class _Loaded:
    version: int
    order: int
    state: Aggregate


class Work:
    """One command or event, from load to commit. Used as a context manager; leaving it commits.

    ``with store.work() as work: state = work.load(...); work.apply(REPOSITORY, model.decide(state, ...))``
    Raises on leaving: Conflict (another writer was first), Unavailable (store away), AlreadyExists (unique index),
    AlreadyDone (this key has taken effect before).
    """

    def __init__(self, db: Database[Document], spec: ServiceSpec, context: Context, committer: Committer, sealer: Sealer) -> None:
        self._db, self._spec, self._context, self._committer, self._sealer = db, spec, context, committer, sealer
        self._if_match = context.if_match
        self._loaded: dict[tuple[str, str], _Loaded] = {}
        self._missing: set[tuple[str, str]] = set()
        self._changes: list[Callable[[], Change]] = []
        """Made at the end, when the order of the whole is known."""
        self._events: list[Envelope] = []
        self._matter: str | None = context.event.matter if context.event else None
        self._project: str | None = context.event.project if context.event else None
        self._order = microseconds(now())
        self._answer: Any = None
        self._touched: list[Document] = []
        self._kept: Counter[str] = Counter()

    def find(self, repository: Repository[A], id: str) -> A | None:
        """The aggregate ``id``, or None."""
        with our_words():
            document = self._db[repository.collection].find_one({"_id": id})
        if document is None:
            self._missing.add((repository.collection, id))
            return None
        aggregate = repository.from_document(document)
        self._loaded[repository.collection, id] = _Loaded(document["version"], document["_order"], aggregate)
        return aggregate

    def where(self, repository: Repository[A], query: Mapping[str, Any]) -> list[A]:
        """Every aggregate that matches ``query``, which an index must serve: one read for many that are to be changed together."""
        with our_words():
            documents = list(self._db[repository.collection].find(query))
        found = []
        for document in documents:
            aggregate = repository.from_document(document)
            self._loaded[repository.collection, aggregate.id] = _Loaded(document["version"], document["_order"], aggregate)
            found.append(aggregate)
        return found

    def known(self, repository: Repository[A], id: str) -> A | None:
        """The aggregate ``id`` as this work has read or saved it, None when it has done neither."""
        loaded = self._loaded.get((repository.collection, id))
        return cast(A, loaded.state) if loaded else None

    def load(self, repository: Repository[A], id: str, project: str | None = None, seen: Callable[[A], bool] | None = None) -> A:
        """The aggregate that the command is about.

        Raises NotFound when there is none in ``project``, or none that the caller may know of, as ``seen`` tells;
        PreconditionFailed when the caller saw another version.
        """
        aggregate = self.find(repository, id)
        if aggregate is None or project not in (None, aggregate.project) or (seen and not seen(aggregate)):
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
        self._changes.append(partial(self._change, repository.collection, document, before))
        self._loaded[repository.collection, decision.state.id] = _Loaded(version, self._order, decision.state)
        subject = f"{self._spec.name}/{decision.state.id}"
        self._touched.append(touched(subject, before.state if before else None, decision.state, version))
        self._project = self._project or decision.state.project
        self._matter = self._matter or getattr(decision.state, "matter", None) or subject
        for fact in decision.facts:
            self._record(fact, subject, version, decision.state)
        return repository.from_document(document)

    def keep(self, collection: str, document: Document, as_of: datetime | None = None) -> None:
        """Write a plain document by its ``_id``: for copies of what other services own.

        ``as_of``: when that was so; what is there of a later moment stays. Without it, whatever was there goes.
        """
        self._kept[collection] += 1
        dated = document | {"as_of": iso(as_of)} if as_of else document
        self._changes.append(lambda: (Renew if as_of else Keep)(collection, document["_id"], dated))

    def drop(self, collection: str, id: str) -> None:
        """Remove a plain document that :meth:`keep` wrote."""
        self._kept[collection] += 1
        self._changes.append(lambda: Drop(collection, id))

    def answer(self, answer: Any) -> Any:
        """Remember what the caller is told, so that repeating the request tells the same. Returns it.

        Always sealed: an entry of the journal stays for good, and an answer may hold names, phones, and what people wrote.
        It can be told for ``[answers] kept_days``.
        """
        self._answer = self._sealer.seal_answer(answer, self._context.now.date())
        return answer

    def _change(self, collection: str, document: Document, before: _Loaded | None) -> Change:
        full = document | {"_order": self._order}  # underlined: an aggregate may well have an order of its own
        if before is None:
            return Insert(collection, document["_id"], full, missed=(collection, document["_id"]) in self._missing)
        return Replace(collection, document["_id"], full, before.version)

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
        return bool(self._changes or self._events)

    def __enter__(self) -> Work:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None and self.wrote:
            changes = [change() for change in self._changes]
            self._committer.commit(Unit(self._entry(), (*changes, *_newest(changes))))

    def _entry(self) -> Document:
        entry: Document = {
            "_id": self._context.key,
            "order": self._order,
            "project": self._project,
            "matter": self._matter,
            **_who(self._context),
            "events": [event.to_wire() for event in self._events],
        }
        optional: Mapping[str, Any] = {
            "pending": True if self._events else None,
            "cause": self._context.event.id if self._context.event else None,
            "fingerprint": self._context.fingerprint,
            "answer": self._answer,
            "touched": self._touched or None,
            "subjects": list(dict.fromkeys(row["subject"] for row in self._touched)) or None,
            "kept": dict(self._kept) or None,
        }
        return entry | _given(optional)


def read_entry(context: Context, project: str | None, subjects: Sequence[str], reason: str | None) -> Document:
    """The entry of a read that is on record: who was told of whom, by which call, and why."""
    entry: Document = {
        "_id": f"read:{new_id()}",
        "order": microseconds(now()),
        "project": project,
        "matter": subjects[0] if subjects else None,
        **_who(context),
        "how": "read",
        "events": [],
        "subjects": list(subjects),
    }
    return entry | _given({"reason": reason})


def _newest(changes: Sequence[Change]) -> Iterator[Change]:
    """What tells readers where to begin, if this makes many things at once."""
    made: dict[tuple[str, str], list[str]] = defaultdict(list)
    for change in changes:
        if isinstance(change, Insert):
            made[change.collection, str(change.document["project"])].append(change.id)
    return (Keep(NEWEST.name, document["_id"], document) for document in crowds(made))


def _who(context: Context) -> Document:
    who = {"at": now(), "correlation": context.correlation, "actor": context.principal.id}
    return who | {"how": context.how, "doing": context.doing} | _given({"behalf": context.behalf})


def _given(optional: Mapping[str, Any]) -> Document:
    return {name: value for name, value in optional.items() if value is not None}


def _serialised(contract: Schema, fact: Fact) -> dict[str, Any]:
    dumped: dict[str, Any] = contract.dump(fact.data)
    try:
        contract.load(dumped)
    except ValidationError as error:
        raise BrokenContract(f"{fact.name}: {error.messages}") from error
    return dumped
