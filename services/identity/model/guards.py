"""The guard that counts wrong passwords and codes, whether anybody has the name that they are given for or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from services.identity.model.users import EVERYWHERE
from steward.errors import Overloaded
from steward.facts import Decision


@dataclass(frozen=True)
class Guard:
    """The wrong passwords lately given for one user name, whether anybody has that name or not.

    An attempt counts before its password is looked at, so that many at once cannot slip through; a right one clears it.
    """

    id: str
    failures: int
    since: datetime
    locked_until: datetime | None = None
    project: str = EVERYWHERE
    version: int = 0


def attempt(guard: Guard | None, guard_id: str, lockout: Mapping[str, Any], now: datetime) -> Decision[Guard]:
    """Count an attempt as failed until it is known to be right. Raises Overloaded while the name is shut.

    The attempt that reaches ``max_failures`` is still looked at; those after it are not, for ``lock_s`` seconds.
    """
    if guard is not None and guard.locked_until is not None and now < guard.locked_until:
        raise Overloaded("too many wrong passwords", retry_after_s=ceil((guard.locked_until - now).total_seconds()))
    if guard is None or _is_over(guard, lockout, now):
        guard = Guard(guard_id, 0, now, version=guard.version if guard else 0)
    failures = guard.failures + 1
    locked = now + timedelta(seconds=lockout["lock_s"]) if failures >= lockout["max_failures"] else None
    return Decision(replace(guard, failures=failures, locked_until=locked))


def _is_over(guard: Guard, lockout: Mapping[str, Any], now: datetime) -> bool:
    """Whether nothing that ``guard`` has counted counts any more; its window begins with the first failure."""
    return guard.failures == 0 or guard.locked_until is not None or now >= guard.since + timedelta(seconds=lockout["window_s"])


def clear(guard: Guard, now: datetime) -> Decision[Guard]:
    """The right password was given: nothing is counted any more."""
    return Decision(replace(guard, failures=0, since=now, locked_until=None))


def forgive(guard: Guard) -> Decision[Guard]:
    """The attempt that was counted last was not wrong, only not complete: it does not count; those before it do."""
    return Decision(replace(guard, failures=max(guard.failures - 1, 0), locked_until=None))
