"""Password hashes (argon2id), computed on threads of their own so that the hub goes on."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from eventlet import tpool
from eventlet.semaphore import Semaphore
from prometheus_client import Counter

HASHES = Counter("steward_password_hashes", "Hashes computed for passwords", ["why"])
AT_ONCE = 2
"""Hashes computed at the same time in one process: each takes the policy's memory."""


class Passwords:
    """Hashes and checks passwords. What it is asked about users that do not exist takes just as long."""

    def __init__(self, time_cost: int, memory_kib: int, parallelism: int) -> None:
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=parallelism)
        self._turn = Semaphore(AT_ONCE)
        self._dummy = ""

    def hash(self, password: str) -> str:
        """A new hash of ``password``."""
        HASHES.labels("made").inc()
        with self._turn:
            hashed: str = tpool.execute(self._hasher.hash, password)
        return hashed

    def right(self, hashed: str | None, password: str) -> bool:
        """Whether ``hashed`` is a hash of ``password``; None: there is no such user, and the answer takes as long."""
        self._dummy = self._dummy or self.hash("nobody has this password")
        HASHES.labels("checked").inc()
        with self._turn:
            matches: bool = tpool.execute(_matches, self._hasher, hashed or self._dummy, password)
        return matches and hashed is not None

    def renewed(self, hashed: str, password: str) -> str:
        """``hashed``, or a new hash of ``password`` when the policy's cost has changed since."""
        return self.hash(password) if self._hasher.check_needs_rehash(hashed) else hashed


def _matches(hasher: PasswordHasher, hashed: str, password: str) -> bool:
    try:
        return hasher.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


@lru_cache(maxsize=8)
def _passwords(time_cost: int, memory_kib: int, parallelism: int) -> Passwords:
    return Passwords(time_cost, memory_kib, parallelism)


def passwords(policy: Mapping[str, Any]) -> Passwords:
    """This process's :class:`Passwords` for the policy's cost."""
    cost = policy["argon2"]
    return _passwords(cost["time_cost"], cost["memory_kib"], cost["parallelism"])
