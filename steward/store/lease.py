"""A lease: one holder at a time, given up by whoever stops renewing it."""

from __future__ import annotations

from datetime import timedelta
from time import monotonic

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from steward.ids import new_id
from steward.store.client import Document, our_words
from steward.times import now

_RENEW_SHARE = 1 / 3


class Lease:
    """The lease called ``name`` in a service's database, for ``length`` from each renewal."""

    def __init__(self, db: Database[Document], name: str, length: timedelta) -> None:
        self._leases, self._name, self._length = db["leases"], name, length
        self._holder = new_id()
        self._renew_at = 0.0
        self._held = False

    def hold(self) -> bool:
        """Whether the lease is ours now; takes or renews it when it is time. Raises Unavailable."""
        if monotonic() >= self._renew_at:
            # Whether held or not, it is settled again after a third of its length.
            self._renew_at = monotonic() + self._length.total_seconds() * _RENEW_SHARE
            self._held = False
            self._held = self._take()
        return self._held

    def give_back(self) -> None:
        """Let somebody else have it at once."""
        self._held = False
        with our_words():
            self._leases.delete_one({"_id": self._name, "holder": self._holder})

    def _take(self) -> bool:
        moment = now()
        mine_or_free = {"_id": self._name, "$or": [{"holder": self._holder}, {"until": {"$lt": moment}}]}
        claim = {"holder": self._holder, "until": moment + self._length}
        with our_words():
            if self._leases.update_one(mine_or_free, {"$set": claim}).matched_count:
                return True
            if self._leases.find_one({"_id": self._name}) is not None:
                return False
            try:
                self._leases.insert_one({"_id": self._name, **claim})
            except DuplicateKeyError:
                return False
            return True
