"""Keys that a service makes for itself and keeps in its own store, sealed with the installation's key ring.

They outlive the keys of the ring: when one of those is changed, only these few are sealed anew, and all that was made with
them stays as it is.

``look-up``        fingerprints and search tokens: what was found by them is found afterwards
``answers DAY``    what calls answered on that day. Dropped some days later, it takes those answers with it, out of entries
                   that the audit chain covers and that must not be touched
``chain NAME``     what made MACs of audit links, under a key of the ring that is in it no more
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable
from datetime import date, timedelta

from pymongo.database import Database

from steward.errors import AlreadyExists, Unavailable
from steward.spec import Collection
from steward.store.client import Document, our_words
from steward.store.journal import JOURNAL
from steward.trust.chain import Key
from steward.trust.sealing import KEY_BYTES, Sealer, UnknownKey, look_up_of

KEYS = Collection("field_keys", seals=("secret",))
LOOK_UP, _ANSWERS, _CHAIN = "look-up", "answers ", "chain "


class StoredKeys:
    """The keys of one service: :class:`steward.trust.sealing.KeptKeys`. ``ring`` are those of the installation, the current one first."""

    def __init__(self, db: Database[Document], ring: tuple[bytes, ...]) -> None:
        self._keys, self._entries, self._ring, self._sealer = db[KEYS.name], db[JOURNAL.name], ring, Sealer(*ring)
        self._look_up: bytes | None = None
        self._today: tuple[str, bytes] = ("", b"")

    def prepare(self) -> None:
        """Have what must be made while no key of the ring has gone. Raises Unavailable."""
        self.look_up()
        for key in self._ring:
            made = Key.derived(key)
            self._found_or_made(f"{_CHAIN}{made.name}", made.secret)

    def look_up(self) -> bytes:
        """What fingerprints are made with."""
        if self._look_up is None:
            self._look_up = self._found(LOOK_UP) or self._found_or_made(LOOK_UP, self._first_look_up())
        return self._look_up

    def of_answers(self, day: date) -> tuple[str, bytes]:
        """Name and key of the answers of ``day``, the same in all replicas."""
        name = f"{_ANSWERS}{day}"
        if self._today[0] != name:
            self._today = name, self._found_or_made(name, os.urandom(KEY_BYTES))
        return self._today

    def of_answer(self, name: str) -> bytes | None:
        """The key of the answers of a day, None when it is kept no longer."""
        return self._found(name)

    def forget_answers(self, today: date, kept_days: int) -> None:
        """Drop the keys of answers given more than ``kept_days`` before ``today``."""
        with our_words():
            self._keys.delete_many({"_id": {"$gte": _ANSWERS, "$lt": f"{_ANSWERS}{today - timedelta(days=kept_days)}"}})

    def chain_key(self) -> Key:
        """What audit links are proven with: the current key of the ring, and all that made links before."""
        current = Key.derived(self._ring[0])
        with our_words():
            kept = list(self._keys.find({"_id": {"$gte": _CHAIN, "$lt": f"{_CHAIN}~"}}))
        former = {Key.derived(key) for key in self._ring[1:]} | set(self._opened(kept))
        return Key(current.secret, tuple(sorted(former - {current}, key=lambda key: key.name)))

    def _opened(self, documents: Iterable[Document]) -> list[Key]:
        found = []
        for document in documents:
            try:
                found.append(Key(base64.b64decode(self._sealer.open(document["secret"]))))
            except UnknownKey:
                continue  # its links will be told as made with another key
        return found

    def _first_look_up(self) -> bytes:
        """Of a store that is in use already: the key that its fingerprints were made with. Raises Unavailable."""
        with our_words():
            used = self._entries.find_one({}, {"_id": 1}) is not None
        if not used:
            return os.urandom(KEY_BYTES)
        if len(self._ring) > 1:
            raise Unavailable("start this release once with the former key alone, before another is used")
        return look_up_of(self._ring[0])

    def _found(self, name: str) -> bytes | None:
        with our_words():
            document = self._keys.find_one({"_id": name})
        return base64.b64decode(self._sealer.open(document["secret"])) if document else None

    def _found_or_made(self, name: str, secret: bytes) -> bytes:
        if found := self._found(name):
            return found
        document = {"_id": name, "secret": self._sealer.seal(base64.b64encode(secret).decode())}
        try:
            with our_words():
                self._keys.insert_one(document)
        except AlreadyExists:  # another replica was first
            return self._found(name) or secret
        return secret
