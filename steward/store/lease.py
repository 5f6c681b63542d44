"""A lease: one holder at a time, given up by whoever stops renewing it."""

from __future__ import annotations

import os
import socket
from datetime import timedelta
from time import monotonic

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from steward.store.client import Document, our_words
from steward.times import now

_RENEW_SHARE = 1 / 3


class Lease:
    """The lease called ``name`` in a service's database, for ``length`` from each renewal.

    A holder of this machine that has died loses it at once; one elsewhere, when it has run out.
    """

    def __init__(self, db: Database[Document], name: str, length: timedelta) -> None:
        self._leases, self._name, self._length = db["leases"], name, length
        self._holder = f"{socket.gethostname()}/{os.getpid()}"
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
        claim = {"holder": self._holder, "until": moment + self._length}
        with our_words():
            held = self._leases.find_one({"_id": self._name})
            if held is None:
                return self._found(claim)
            if held["holder"] != self._holder and held["until"] >= moment and not _died_here(held["holder"]):
                return False
            seen = {"_id": self._name, "holder": held["holder"], "until": held["until"]}
            return self._leases.update_one(seen, {"$set": claim}).matched_count == 1

    def _found(self, claim: Document) -> bool:
        try:
            self._leases.insert_one({"_id": self._name, **claim})
        except DuplicateKeyError:
            return False
        return True


def _died_here(holder: str) -> bool:
    """Whether ``holder`` was a process of this machine that is no more."""
    host, _, pid = holder.rpartition("/")
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
