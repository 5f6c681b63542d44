"""Personal fields at rest: AES-GCM, with a keyed hash to look them up by."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12
_VERSION = "v1"
_SEALED = "_sealed"
_FILE = b"file v1"


class Sealer:
    """Seals and opens personal texts with the key of this installation (32 bytes)."""

    def __init__(self, key: bytes) -> None:
        self._aes = AESGCM(key)
        self._hash_key = hashlib.sha256(b"look-up" + key).digest()

    def seal(self, text: str) -> str:
        """``text`` encrypted; sealing it again gives another result."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._aes.encrypt(nonce, text.encode(), _VERSION.encode())
        return f"{_VERSION}.{base64.b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str) -> str:
        """The text in ``sealed``. Raises ValueError when it was sealed with another key or tampered with."""
        version, _, payload = sealed.partition(".")
        raw = base64.b64decode(payload)
        try:
            return self._aes.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], version.encode()).decode()
        except InvalidTag as error:
            raise ValueError("sealed with another key, or damaged") from error

    def seal_bytes(self, content: bytes) -> bytes:
        """A file's ``content`` encrypted."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._aes.encrypt(nonce, content, _FILE)

    def open_bytes(self, sealed: bytes) -> bytes:
        """The content that :meth:`seal_bytes` sealed. Raises ValueError as :meth:`open`."""
        try:
            return self._aes.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _FILE)
        except InvalidTag as error:
            raise ValueError("sealed with another key, or damaged") from error

    def seal_answer(self, answer: Any) -> dict[str, str]:
        """An answer of JSON as it is remembered: for its caller alone."""
        return {_SEALED: self.seal(json.dumps(answer, ensure_ascii=False))}

    def open_answer(self, kept: Any) -> Any:
        """The answer that :meth:`seal_answer` sealed; any other as it is. Raises ValueError as :meth:`open`."""
        sealed = kept.get(_SEALED) if isinstance(kept, dict) and len(kept) == 1 else None
        return json.loads(self.open(sealed)) if sealed else kept

    def fingerprint(self, text: str) -> str:
        """A keyed hash: equal for equal texts, useless without the key."""
        return hmac.digest(self._hash_key, text.encode(), "sha256").hex()


def mask_phone(phone: str) -> str:
    """``13812345678`` as ``138****5678``; short numbers keep only their last two digits."""
    if len(phone) < 8:
        return "*" * max(len(phone) - 2, 0) + phone[-2:]
    return phone[:3] + "*" * (len(phone) - 7) + phone[-4:]
