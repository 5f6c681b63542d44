"""Reading the newest of what matches first, at a cost of what is taken at once, not of all that matches.

The embedded store reads whatever a query matches before it sorts or limits. And of a query an index serves only what equals its leading
fields, with one range behind them: the rest is looked for in all that is left. So what is new is asked for in windows of
time, which begin narrow, because a roster files thousands within a minute, widen while little is found, and are fitted to what is
found. On MongoDB the same reads are short walks along the index.

Where the first of these windows lies must be known, or one grows over silence until it takes a whole roster in. So each process
remembers the newest that it has seen, and who writes a crowd at once writes down which of it is the newest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo.database import Database

from steward.ids import id_at, tells_time, time_of
from steward.spec import Collection
from steward.store.client import Document, our_words
from steward.times import now

_FIRST, _NARROWEST, _WIDEST = timedelta(seconds=1), timedelta(milliseconds=10), timedelta(days=365 * 40)
_WIDER = 32
_SPARE = 1.5
"""A window is made a little wider than what filled the last one, so that one read mostly fills it."""
_AHEAD = timedelta(days=1)
"""So far may the clocks of those who make ids be before ours."""

_CROWD = 8
"""New ones in a unit of work from which on their newest is written down."""
NEWEST = Collection("newest")
"""Plain documents: the newest of the last crowd, by collection and project."""
Place = tuple[str, str]
"""A collection and a project."""


def crowds(made: Mapping[Place, Sequence[str]]) -> Iterator[Document]:
    """The documents that say which is the newest, where many ids of a place are ``made`` at once."""
    for place, ids in made.items():
        if len(ids) >= _CROWD and tells_time(max(ids)):
            yield {"_id": "/".join(place), "id": max(ids)}


@dataclass(frozen=True)
class _Window:
    """Ids below ``upper``, which is of ``moment`` or before it, down to ``lower``, or those of so long a time."""

    upper: str
    moment: datetime
    width: timedelta = _FIRST
    lower: str | None = None

    @property
    def begin(self) -> str:
        """The least id in it; empty: there is no end to it."""
        if self.lower is not None:
            return self.lower
        return id_at(self.moment - self.width) if self.width < _WIDEST else ""

    def next(self, found: Sequence[Document], filled: bool) -> _Window:
        """The window behind what was ``found`` in this one: of the same time where that ``filled`` a read, else before it, and wider."""
        if not filled:
            moment = time_of(self.lower) if self.lower is not None else self.moment - self.width
            return _Window(self.begin, moment, _FIRST if self.lower is not None else self.width * _WIDER)
        first, last = found[0]["_id"], found[-1]["_id"]
        if not (tells_time(first) and tells_time(last)):
            return _Window(last, self.moment, self.width, self.lower)
        width = max((time_of(first) - time_of(last)) * _SPARE, _NARROWEST)
        return _Window(last, time_of(last), width)


class LatestReader:
    """Reads documents in falling order of their ids. One for a process: it remembers where the newest of each project was."""

    def __init__(self, db: Database[Document]) -> None:
        self._db = db
        self._tops: dict[Place, str] = {}

    def read(self, collection: str, query: Mapping[str, Any], below: str | None, at_once: int) -> Iterator[Document]:
        """What matches ``query``, of ids below ``below`` if it is given, newest first, ``at_once`` in one read. Raises Unavailable."""
        place = collection, str(query.get("project"))
        window = _Window(below, time_of(below)) if below else self._from_top(place)
        while True:
            found = self._find(collection, query, window, at_once)
            if found and below is None:
                self._note(place, found[0]["_id"])
            yield from found
            filled = len(found) == at_once
            if not filled and not window.begin:
                return
            window = window.next(found, filled)

    def _from_top(self, place: Place) -> _Window:
        """What is newer than the newest that is known, or than now."""
        moment = now()
        ahead = moment + _AHEAD
        lower = max(self._tops.get(place, ""), self._written(place))
        return _Window(id_at(ahead), ahead, lower=lower or id_at(moment))

    def _written(self, place: Place) -> str:
        with our_words():
            known = self._db[NEWEST.name].find_one({"_id": "/".join(place)})
        return known["id"] if known else ""

    def _note(self, place: Place, newest: str) -> None:
        if tells_time(newest):
            self._tops[place] = max(self._tops.get(place, ""), newest)

    def _find(self, collection: str, query: Mapping[str, Any], window: _Window, at_once: int) -> list[Document]:
        begin = window.begin
        span = {"$lt": window.upper} | ({"$gte": begin} if begin else {})
        with our_words():
            return list(self._db[collection].find({**query, "_id": span}).sort("_id", -1).limit(at_once))
