"""Adopting: entries of a time before there were chains, or of a process of that version, get into the chains as they stand.

They have no writer. They are looked for through each project, in order, until for a while no more have come to light.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pymongo.database import Database

from steward.spec import Collection
from steward.store.chains import Batch, Sealing
from steward.store.client import Document, our_words
from steward.store.journal import JOURNAL
from steward.store.milestones import HEADS
from steward.store.windows import Walk
from steward.times import microseconds

ADOPTING = Collection("audit_adopting")
SETTLED = timedelta(seconds=60)
"""Younger entries are left for the next time: one with an earlier order may still be under way."""
WATCHED = timedelta(minutes=10)
"""For so long, from the first time on, processes of the version before may still run."""
AT_ONCE = 20
"""Pages in one round: a process that seals must not look as if it were stuck."""
_STATE = "state"


class Adopting:
    """Finds and seals what has no writer. One for a process."""

    def __init__(self, db: Database[Document], sealing: Sealing) -> None:
        self._db, self._sealing = db, sealing
        self._over = False
        self._since: datetime | None = None
        self._reached: dict[str | None, int] = {}
        """Up to which order each project has been looked through."""

    def round(self, now: datetime) -> None:
        """Seal what has come to light since the last time. Raises Conflict, Unavailable; what is sealed by then stays so."""
        if not self._over and self._since is None:
            self._begin(now)
        if self._over or self._since is None:
            return
        until = microseconds(now - SETTLED)
        left = AT_ONCE
        for project in self._reached:
            left = self._adopt(project, until, now, left)
        if left == AT_ONCE and now - self._since > WATCHED:
            with our_words():
                self._db[ADOPTING.name].update_one({"_id": _STATE}, {"$set": {"over": True}})
            self._over = True

    def forget(self) -> None:
        """Another process was first, or may have been: what is known is to be read again."""
        self._since = None

    def _begin(self, now: datetime) -> None:
        with our_words():
            begun: Document = {"since": now, "over": False}
            self._db[ADOPTING.name].update_one({"_id": _STATE}, {"$setOnInsert": begun}, upsert=True)
            state = self._db[ADOPTING.name].find_one({"_id": _STATE}) or begun
            self._over, self._since = state["over"], state["since"]
            if not self._over:
                ends = {end["_id"]: end.get("adopted", 0) for end in self._db[HEADS.name].find()}
                projects = self._db[JOURNAL.name].distinct("project")  # reads every entry there; nothing else names these
                self._reached = {project: ends.get(project or "", 0) for project in projects}

    def _adopt(self, project: str | None, until: int, now: datetime, most: int) -> int:
        """Seal the first ``most`` pages of ``project``; how many more there might have been."""
        for piece in Walk(self._db[JOURNAL.name], {"project": project}).pieces(self._reached[project], until):
            last: int = piece.entries[-1]["order"]
            if unsealed := [entry for entry in piece.entries if entry.get("writer") is None]:
                if not most:
                    return 0
                self._sealing.seal(Batch(unsealed, adopted={project or "": last}), now)
                most -= 1
            self._reached[project] = last
        self._reached[project] = max(until, self._reached[project])
        return most
