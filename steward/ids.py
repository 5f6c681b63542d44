"""Identifiers: unique without asking anyone, and in order of time."""

from __future__ import annotations

import hashlib
import os
import time
from datetime import UTC, datetime

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_RANDOM_BITS = 80
_LENGTH = 26
_OF_TIME = 10
"""Characters that tell the milliseconds, and nothing that is random."""
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]


def new_id() -> str:
    """26 characters: 48 bits of milliseconds, then 80 random bits, in Crockford's base 32 (as ULID)."""
    return _encode((time.time_ns() // 1_000_000) << _RANDOM_BITS | int.from_bytes(os.urandom(10), "big"))


def id_at(moment: datetime) -> str:
    """The least id that could be made at ``moment``."""
    return _encode(max(int(moment.timestamp() * 1000), 0) << _RANDOM_BITS)


def derived_id(moment: datetime, *parts: str) -> str:
    """An id in the order of ``moment`` that is made of its arguments alone: the same ones always make the same id."""
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return _encode(max(int(moment.timestamp() * 1000), 0) << _RANDOM_BITS | int.from_bytes(digest[:10], "big"))


def time_of(id: str) -> datetime:
    """When ``id`` was made; what follows its 26 characters (``…-2``) does not count. Raises ValueError for a foreign one."""
    number = 0
    for character in id[:_LENGTH]:
        number = number << 5 | _ALPHABET.index(character)
    return datetime.fromtimestamp((number >> _RANDOM_BITS) / 1000, UTC)


def tells_time(id: str) -> bool:
    """Whether ``id`` is one that could be made here, or begins with one."""
    try:
        return id_at(time_of(id))[:_OF_TIME] == id[:_OF_TIME]
    except (ValueError, OverflowError, OSError):
        return False


def _encode(number: int) -> str:
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)])
