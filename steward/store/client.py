"""The connection to a MongoDB, ours embedded or a replica set, and its failures in our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import (
    CollectionInvalid,
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WTimeoutError,
)
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from steward.errors import AlreadyExists, Conflict, Unavailable
from steward.spec import ServiceSpec

Document = dict[str, Any]

SELECT_TIMEOUT_MS = 1_000
SOCKET_TIMEOUT_MS = 10_000
_AWAY = (ConnectionFailure, NetworkTimeout, ServerSelectionTimeoutError, ExecutionTimeout, WTimeoutError)
_WRITE_CONFLICT = 112
_FAILING = (1, 14031)
"""InternalError and OutOfDiskSpace: the store is there, and cannot do what it should, for want of disk above all."""


def connect(uri: str) -> MongoClient[Document]:
    """A client that gives up quickly, writes to a majority and returns aware datetimes."""
    return MongoClient(
        uri,
        tz_aware=True,
        w="majority",
        readConcernLevel="majority",
        serverSelectionTimeoutMS=SELECT_TIMEOUT_MS,
        connectTimeoutMS=SELECT_TIMEOUT_MS,
        socketTimeoutMS=SOCKET_TIMEOUT_MS,
        maxPoolSize=64,
    )


def database(client: MongoClient[Document], service: str) -> Database[Document]:
    """The database that belongs to ``service`` alone."""
    return client.get_database(f"steward_{service}", write_concern=WriteConcern("majority"), read_concern=ReadConcern("majority"))


def ensure_indexes(db: Database[Document], spec: ServiceSpec) -> None:
    """Create the collections and indexes that ``spec`` declares; those that exist are left alone.

    Now rather than by the first write: the embedded store is helpless when it is killed while it makes a table.
    """
    there = set(db.list_collection_names())
    for collection in spec.collections:
        if collection.name not in there:
            _create(db, collection.name)
        for index in collection.indexes:
            keys = [(key.lstrip("-"), -1 if key.startswith("-") else 1) for key in index.keys]
            options: Document = {"unique": True} if index.unique else {}
            if index.partial:
                options["partialFilterExpression"] = index.partial
            db[collection.name].create_index(keys, **options)


def _create(db: Database[Document], name: str) -> None:
    try:
        db.create_collection(name)
    except CollectionInvalid:
        return  # another replica was first


@contextmanager
def our_words() -> Iterator[None]:
    """Turns failures of the store into Steward's: Unavailable, Conflict, AlreadyExists."""
    try:
        yield
    except DuplicateKeyError as error:
        fields = list(((error.details or {}).get("keyPattern")) or {})
        raise AlreadyExists("a value that must be unique is taken", fields=fields) from error
    except _AWAY as error:
        raise Unavailable("the store is away") from error
    except OperationFailure as error:
        if error.code == _WRITE_CONFLICT or error.has_error_label("TransientTransactionError"):
            raise Conflict("another writer was first") from error
        if error.code in _FAILING:
            raise Unavailable("the store fails") from error
        raise
    except PyMongoError as error:
        if error.has_error_label("TransientTransactionError"):
            raise Conflict("another writer was first") from error
        raise Unavailable(f"the store failed: {type(error).__name__}") from error
