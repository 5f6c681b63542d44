"""Sessions of a process, written down so that its successor can end them.

A process that is killed within a transaction leaves it open in the store, and until the store gives it up (after 60 s)
whoever wants the same documents meets a conflict. So each process writes down the sessions that it runs transactions
in, a few in its whole life, and whoever starts in its place ends them first.
"""

from __future__ import annotations

from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.database import Database

from steward.store.client import Document, our_words

COLLECTION = "sessions"


class Sessions:
    """The sessions of ``process``, e.g. ``tickets-1``, kept in its service's database."""

    def __init__(self, client: MongoClient[Document], db: Database[Document], process: str) -> None:
        self._client, self._kept, self._process = client, db[COLLECTION], process
        self._known: set[bytes] = set()

    def end_predecessors(self) -> None:
        """End what a process of the same name has left open. Should it still live, it meets conflicts, no harm. Raises Unavailable."""
        with our_words():
            found = self._kept.find_one({"_id": self._process})
            if found and found["ids"]:
                self._client.admin.command("killSessions", [{"id": known} for known in found["ids"]])
            self._kept.delete_one({"_id": self._process})

    def note(self, session: ClientSession) -> None:
        """Write ``session`` down, before its first transaction. Raises Unavailable."""
        ours = session.session_id["id"]
        if bytes(ours) in self._known:
            return
        with our_words():
            self._kept.update_one({"_id": self._process}, {"$addToSet": {"ids": ours}}, upsert=True)
        self._known.add(bytes(ours))
