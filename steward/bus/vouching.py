"""Vouching for events: what a handler hears was published by a service of this installation, and by nobody else who reaches the broker.

The relay marks each message with a MAC of its body. A message without one, or with a wrong one, is a dead letter at once. A
replay sends it with the mark that it came with, so that a forged one is refused again; whoever corrects it vouches for it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from steward.bus.envelope import Malformed
from steward.bus.postbox import Outgoing
from steward.settings import read

MAC = "x-steward-mac"
"""The header that holds the mark."""
_USE = b"steward events"
"""Makes the key for events another one than that for tokens."""


class Forged(Malformed):
    """Nobody who may publish vouches for the message: no retry can ever help."""


@dataclass(frozen=True)
class Voucher:
    """Makes and checks the marks of one installation, whose services share ``token_key``."""

    token_key: str

    @classmethod
    def ours(cls) -> Voucher:
        """That of the installation to which this process belongs."""
        return cls(read("token_key"))

    def headers(self, body: bytes) -> dict[str, str]:
        """The header that vouches for ``body``."""
        return {MAC: hmac.new(_key(self.token_key), body, hashlib.sha256).hexdigest()}

    def message(self, exchange: str, routing_key: str, body: bytes, id: str, mandatory: bool = True) -> Outgoing:
        """The message of an event that is vouched for."""
        return Outgoing(exchange, routing_key, body, id, self.headers(body), mandatory=mandatory)

    def check(self, body: bytes | str, headers: Mapping[str, Any]) -> None:
        """Raises Forged unless ``headers`` vouch for ``body``."""
        said, body = headers.get(MAC), body.encode() if isinstance(body, str) else bytes(body)
        if not isinstance(said, str) or not said.isascii() or not hmac.compare_digest(said, self.headers(body)[MAC]):
            raise Forged("no service of this installation vouches for it" if said else "nobody vouches for it")


@lru_cache(maxsize=4)
def _key(token_key: str) -> bytes:
    return hmac.new(token_key.encode(), _USE, hashlib.sha256).digest()
