"""Personal fields at rest: AES-GCM under a ring of keys, with a keyed hash to look them up by.

What is sealed says with which key: ``v2.NAME.…``. Everything opens with any key of the ring and is sealed with its first,
so a key is changed while everything goes on (docs/decisions/0012-key-ring.md). What was sealed by earlier releases,
``v1.…``, names none: every key is tried.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from binascii import Error as NotBase64
from datetime import date
from typing import Any, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from steward.errors import AnswerForgotten, Unavailable

KEY_BYTES = 32
_NONCE_BYTES = 12
_UNNAMED, _NAMED = "v1", "v2"
_NAME_DIGITS = 8
_SEALED, _UNDER = "_sealed", "_under"
_UNNAMED_FILE, _NAMED_FILE = b"file v1", b"\x00file v2"


class UnknownKey(Unavailable, ValueError):
    """Sealed with a key that is not in this process's ring. Nothing is lost: it opens once the key is in the ring again."""


class KeptKeys(Protocol):
    """Keys of 32 bytes that a service has made for itself, and keeps in its store under the ring."""

    def look_up(self) -> bytes:
        """What fingerprints are made with. Raises Unavailable."""

    def of_answers(self, day: date) -> tuple[str, bytes]:
        """Name and key of the answers of ``day``. Raises Unavailable."""

    def of_answer(self, name: str) -> bytes | None:
        """The key called ``name``; None when it is kept no longer. Raises Unavailable."""


class Sealer:
    """Seals with ``current``, opens with it and with ``others``: a key ring 密钥环, each key of 32 bytes.

    ``kept`` are the service's own keys; without them fingerprints and answers depend on ``current``.
    """

    def __init__(self, current: bytes, *others: bytes, kept: KeptKeys | None = None) -> None:
        self.name = name_of(current)
        """Of the key that seals."""
        self._ciphers = {name_of(key): AESGCM(key) for key in (*others, current)}
        self._unkept_look_up = look_up_of(current)
        self._kept = kept

    @property
    def names(self) -> list[str]:
        """Of all keys of the ring."""
        return list(self._ciphers)

    def seal(self, text: str) -> str:
        """``text`` encrypted; sealing it again gives another result."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self.name].encrypt(nonce, text.encode(), f"{_NAMED}.{self.name}".encode())
        return f"{_NAMED}.{self.name}.{base64.b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str) -> str:
        """The text in ``sealed``. Raises UnknownKey, ValueError when it is damaged or nothing that was sealed."""
        version, _, rest = sealed.partition(".")
        name, _, payload = rest.rpartition(".")
        if version not in (_UNNAMED, _NAMED) or (version == _NAMED) is not bool(name):
            raise ValueError("nothing that was sealed")
        try:
            raw = base64.b64decode(payload)
        except NotBase64 as error:
            raise ValueError("damaged") from error
        return self._opened(name, raw, f"{version}.{name}".rstrip(".").encode()).decode()

    def seal_bytes(self, content: bytes) -> bytes:
        """A file's ``content`` encrypted."""
        nonce, head = os.urandom(_NONCE_BYTES), _NAMED_FILE + self.name.encode()
        return head + nonce + self._ciphers[self.name].encrypt(nonce, content, head)

    def open_bytes(self, sealed: bytes) -> bytes:
        """The content that :meth:`seal_bytes` sealed. Raises as :meth:`open`."""
        name = _name_in(sealed)
        head = _NAMED_FILE + name.encode() if name else b""
        return self._opened(name, sealed[len(head) :], head or _UNNAMED_FILE)

    def renewed(self, sealed: str | bytes) -> str | bytes | None:
        """``sealed`` under the current key; None where it is already. Raises as :meth:`open`."""
        if isinstance(sealed, bytes):
            return None if _name_in(sealed) == self.name else self.seal_bytes(self.open_bytes(sealed))
        return None if sealed.startswith(f"{_NAMED}.{self.name}.") else self.seal(self.open(sealed))

    def seal_answer(self, answer: Any, day: date | None = None) -> dict[str, str]:
        """An answer of JSON as it is remembered, for its caller alone: under the key of ``day``, and gone with that."""
        text = json.dumps(answer, ensure_ascii=False)
        if self._kept is None or day is None:
            return {_SEALED: self.seal(text)}
        name, key = self._kept.of_answers(day)
        return {_SEALED: Sealer(key).seal(text), _UNDER: name}

    def open_answer(self, remembered: Any) -> Any:
        """The answer that :meth:`seal_answer` sealed; any other as it is. Raises AnswerForgotten, Unavailable."""
        if not isinstance(remembered, dict) or not {_SEALED} <= remembered.keys() <= {_SEALED, _UNDER}:
            return remembered
        return json.loads(self._of_answer(remembered).open(remembered[_SEALED]))

    def fingerprint(self, text: str) -> str:
        """A keyed hash: equal for equal texts, useless without the key. It outlives every change of the ring. Raises Unavailable."""
        key = self._kept.look_up() if self._kept else self._unkept_look_up
        return hmac.digest(key, text.encode(), "sha256").hex()

    def _of_answer(self, remembered: dict[str, str]) -> Sealer:
        under = remembered.get(_UNDER)
        if under is None:
            return self
        key = self._kept.of_answer(under) if self._kept else None
        if key is None:
            raise AnswerForgotten("this was done before; ask for how things are now")
        return Sealer(key)

    def _opened(self, name: str, raw: bytes, said: bytes) -> bytes:
        if name and name not in self._ciphers:
            raise UnknownKey("sealed with another key than those of the ring", key=name)
        for cipher in [self._ciphers[name]] if name else self._ciphers.values():
            try:
                return cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], said)
            except (InvalidTag, ValueError):
                continue
        if not name:
            raise UnknownKey("sealed with another key than those of the ring, or damaged")
        raise ValueError("damaged")


def name_of(key: bytes) -> str:
    """What tells ``key`` from others, and nothing else about it."""
    return hmac.digest(key, b"name of a field key", "sha256").hex()[:_NAME_DIGITS]


def look_up_of(key: bytes) -> bytes:
    """What fingerprints were made with before services kept a key of their own for it."""
    return hashlib.sha256(b"look-up" + key).digest()


def _name_in(sealed: bytes) -> str:
    head = len(_NAMED_FILE) + _NAME_DIGITS
    return sealed[len(_NAMED_FILE) : head].decode("ascii", "replace") if sealed.startswith(_NAMED_FILE) else ""


def mask_phone(phone: str) -> str:
    """``13812345678`` as ``138****5678``; short numbers keep only their last two digits."""
    if len(phone) < 8:
        return "*" * max(len(phone) - 2, 0) + phone[-2:]
    return phone[:3] + "*" * (len(phone) - 7) + phone[-4:]
