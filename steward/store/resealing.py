"""Everything that a service holds sealed comes under the current key of the ring, while everything goes on.

Each collection that ``seals`` something is gone over in passes, a page at a time, and how far is kept beside it: killed,
another process goes on there. A text is replaced only where it still stands as it was read, so nothing that is written
meanwhile is lost, whoever else writes or reseals. What a pass may have missed, because somebody wrote it back as it was
before, the next one finds: only a pass that has found nothing any more says that a former key is needed no longer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from pymongo import UpdateOne
from pymongo.database import Database
from pymongo.errors import BulkWriteError

from steward.errors import Conflict
from steward.spec import Collection
from steward.store.client import Document, our_words
from steward.store.keys import KEYS
from steward.trust.sealing import Sealer

PROGRESS = Collection("resealing")
PAGE = 100
AGAIN = timedelta(minutes=5)
"""How long after a pass the next one begins, while there are other keys, or something could not be opened."""

Sealed = str | bytes


@dataclass(frozen=True)
class Pass:
    """One pass over one collection: ``key`` is the name of the key that all is to be under, ``after`` how far it has come.

    Of what it has seen, ``moved`` was under another key and is under this one now; ``unknown`` opens with no key of the ring.
    """

    collection: str
    key: str
    began: datetime
    after: str = ""
    seen: int = 0
    moved: int = 0
    unknown: int = 0
    ended: datetime | None = None

    @property
    def clean(self) -> bool:
        """Whether all was under that key when it had been over everything."""
        return self.ended is not None and not self.moved and not self.unknown


def pass_of(document: Mapping[str, Any]) -> Pass:
    """The pass in ``document``."""
    return Pass(**{"collection": document["_id"], **{name: value for name, value in document.items() if name != "_id"}})


def passes(db: Database[Document]) -> dict[str, Pass]:
    """The latest pass over each collection. Raises Unavailable."""
    with our_words():
        return {document["_id"]: pass_of(document) for document in db[PROGRESS.name].find()}


def sealing(collections: Sequence[Collection]) -> list[Collection]:
    """Those of ``collections`` that seal something, and the kit's own."""
    return [collection for collection in (*collections, KEYS) if collection.seals]


@dataclass
class _Tally:
    seen: int = 0
    moved: int = 0
    unknown: int = 0
    last: str = ""
    updates: list[UpdateOne] = field(default_factory=list)


class Resealing:
    """Goes over the collections of one service. One process at a time: what a pass has found is counted in one place."""

    def __init__(self, db: Database[Document], collections: Sequence[Collection], sealer: Sealer) -> None:
        self._db, self._sealer = db, sealer
        self._collections = {collection.name: collection for collection in sealing(collections)}
        self._reading: dict[str, tuple[Pass, Iterator[Document]]] = {}

    def due(self, now: datetime) -> bool:
        """Whether there is anything to go over. Raises Unavailable."""
        return self._next(now) is not None

    def round(self, now: datetime) -> bool:
        """Go over one page of what has to be gone over; whether there was any. Raises Unavailable, Conflict."""
        going = self._next(now)
        if going is not None:
            self._page(going, now)
        return going is not None

    def state(self) -> list[Pass]:
        """The latest pass over each collection that has had one."""
        return [found for name, found in passes(self._db).items() if name in self._collections]

    def _next(self, now: datetime) -> Pass | None:
        known = passes(self._db)
        return next((going for name in self._collections if (going := self._due(known.get(name), name, now))), None)

    def _due(self, last: Pass | None, name: str, now: datetime) -> Pass | None:
        """The pass to go on with; None while that over this collection needs none."""
        if last is None or last.key != self._sealer.name:
            return Pass(name, self._sealer.name, now)
        if last.ended is None:
            return last
        again = last.moved or ((last.unknown or len(self._sealer.names) > 1) and last.ended + AGAIN <= now)
        return Pass(name, self._sealer.name, now) if again else None

    def _page(self, going: Pass, now: datetime) -> None:
        read, rest = self._reading.pop(going.collection, (going, None))
        with our_words():
            rest = rest if rest and read == going else self._rest(going)
            tally = _Tally()
            for document in islice(rest, PAGE):
                tally.last = document["_id"]
                self._look(going.collection, document, tally)
            self._write(going.collection, tally)
        gone = self._kept(going, tally, now)
        if gone.ended is None:
            self._reading[going.collection] = gone, rest

    def _rest(self, going: Pass) -> Iterator[Document]:
        """What the pass has not seen. Read once in a process: the embedded store reads all that matches however few are taken."""
        roots = {path.partition(".")[0]: 1 for path in self._collections[going.collection].seals}
        return self._db[going.collection].find({"_id": {"$gt": going.after}}, roots).sort("_id", 1).batch_size(PAGE)

    def _look(self, name: str, document: Document, tally: _Tally) -> None:
        found = [place for path in self._collections[name].seals for place in places(document, path.split("."))]
        tally.seen += len(found)
        fresh: dict[str, Sealed] = {}
        was: dict[str, Sealed] = {}
        for place, sealed in found:
            try:
                renewed = self._sealer.renewed(sealed)
            except ValueError:
                tally.unknown += 1
                continue
            if renewed is not None:
                fresh[place], was[place] = renewed, sealed
        if fresh:
            tally.moved += len(fresh)
            tally.updates.append(UpdateOne({"_id": document["_id"], **was}, {"$set": fresh}))

    def _write(self, name: str, tally: _Tally) -> None:
        try:
            if tally.updates:
                self._db[name].bulk_write(tally.updates, ordered=False)
        except BulkWriteError as error:
            raise Conflict("another writer was first") from error

    def _kept(self, going: Pass, tally: _Tally, now: datetime) -> Pass:
        """How far it has come now, written down. It has ended when there was nothing left to see."""
        counts = {name: getattr(going, name) + getattr(tally, name) for name in ("seen", "moved", "unknown")}
        gone = replace(going, after=tally.last or going.after, ended=None if tally.last else now, **counts)
        document = {name: value for name, value in vars(gone).items() if name != "collection"}
        with our_words():
            self._db[PROGRESS.name].replace_one({"_id": going.collection}, document, upsert=True)
        return gone


def places(value: Any, path: Sequence[str], at: str = "") -> Iterator[tuple[str, Sealed]]:
    """Each sealed value that ``path`` leads to, with its own place: ``phones.text`` leads to ``phones.0.text`` and so on."""
    if isinstance(value, list):
        for number, member in enumerate(value):
            yield from places(member, path, f"{at}.{number}" if at else str(number))
    elif path and isinstance(value, Mapping):
        name, *rest = path
        yield from places(value.get(name), rest, f"{at}.{name}" if at else name)
    elif not path and isinstance(value, (str, bytes)) and value:
        yield at, value
