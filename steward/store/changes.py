"""Writes of one unit of work as values, so that they can be made alone or together with those of other units."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from pymongo import DeleteOne, InsertOne, ReplaceOne
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from steward.errors import Conflict
from steward.store.client import Document

Operation = InsertOne[Document] | ReplaceOne[Document] | DeleteOne


@dataclass(frozen=True)
class Change:
    """One write of one document of ``collection``."""

    collection: str
    id: str

    @property
    def operation(self) -> Operation:
        """The write for a bulk of them."""
        raise NotImplementedError

    @property
    def reaches(self) -> bool:
        """Whether a bulk must count exactly one document as matched or upserted by it."""
        return False

    def make(self, db: Database[Document], session: ClientSession) -> None:
        """Write it alone, so that what goes wrong can be told. Raises Conflict, pymongo's errors."""
        raise NotImplementedError


@dataclass(frozen=True)
class Insert(Change):
    """A new document. ``missed``: it was looked for before, so whoever wrote it meanwhile was first."""

    document: Document
    missed: bool = False

    @property
    def operation(self) -> Operation:
        return InsertOne(self.document)

    def make(self, db: Database[Document], session: ClientSession) -> None:
        with _first_wins() if self.missed else nullcontext():
            db[self.collection].insert_one(self.document, session=session)


@dataclass(frozen=True)
class Replace(Change):
    """The next state of a document that has not changed since ``version``."""

    document: Document
    version: int

    @property
    def operation(self) -> Operation:
        return ReplaceOne(self._query, self.document)

    @property
    def reaches(self) -> bool:
        return True

    @property
    def _query(self) -> Document:
        return {"_id": self.id, "version": self.version}

    def make(self, db: Database[Document], session: ClientSession) -> None:
        if not db[self.collection].replace_one(self._query, self.document, session=session).matched_count:
            raise Conflict(f"{self.collection} {self.id} was changed meanwhile")


@dataclass(frozen=True)
class Keep(Change):
    """A document as it is to be, whatever was there."""

    document: Document

    @property
    def operation(self) -> Operation:
        return ReplaceOne({"_id": self.id}, self.document, upsert=True)

    @property
    def reaches(self) -> bool:
        return True

    def make(self, db: Database[Document], session: ClientSession) -> None:
        with _first_wins():
            db[self.collection].replace_one({"_id": self.id}, self.document, upsert=True, session=session)


@dataclass(frozen=True)
class Renew(Keep):
    """A document as it is to be, unless what is there is of a later moment: both say theirs in ``as_of``."""

    @property
    def operation(self) -> Operation:
        """Where a later one is, this runs into it: its bulk is undone, and each of its works made alone."""
        return ReplaceOne({"_id": self.id, "as_of": {"$lte": self.document["as_of"]}}, self.document, upsert=True)

    def make(self, db: Database[Document], session: ClientSession) -> None:
        there = db[self.collection].find_one({"_id": self.id}, {"as_of": 1}, session=session)
        if there is None or there.get("as_of", "") <= self.document["as_of"]:
            super().make(db, session)


@dataclass(frozen=True)
class Drop(Change):
    """A document that shall not be."""

    @property
    def operation(self) -> Operation:
        return DeleteOne({"_id": self.id})

    def make(self, db: Database[Document], session: ClientSession) -> None:
        db[self.collection].delete_one({"_id": self.id}, session=session)


@contextmanager
def _first_wins() -> Iterator[None]:
    """What was looked for and not found has come into being meanwhile: the work is to be done again, seeing it."""
    try:
        yield
    except DuplicateKeyError as error:
        if "_id" in ((error.details or {}).get("keyPattern") or {}):
            raise Conflict("another writer was first") from error
        raise
