"""How tickets are kept, and how they get their numbers."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from threading import Lock
from typing import Any

from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from services.tickets.model import Ticket
from steward.errors import Conflict
from steward.policy import Rules
from steward.store.client import our_words
from steward.store.repository import Repository

TICKETS = Repository("tickets", Ticket)
PROJECTS = "projects"
UNITS = "units"
COUNTERS = "counters"

_TRIES = 50


def unit_key(project: str, unit: str) -> str:
    """The id under which the copy of a unit is kept."""
    return f"{project}/{unit}"


@dataclass
class _Block:
    """Numbers reserved by this process and not given out yet."""

    free: deque[int] = field(default_factory=deque)
    size: int = 0
    reserved_at: datetime | None = None
    lock: Any = field(default_factory=Lock)


class Numbers:
    """Running numbers, unique in each series, reserved in small blocks.

    A counter inside every ticket's own commit would make all of them conflict. So numbers are reserved ahead, and
    those of a process that ends are never given out: gaps are possible, doubles are not.
    """

    def __init__(self, counters: Collection[dict[str, Any]]) -> None:
        self._counters = counters
        self._blocks: dict[str, _Block] = defaultdict(_Block)

    def take(self, series: str, rules: Rules, now: datetime) -> int:
        """The next number of ``series``, from 1; ``rules`` as policy's ``[numbers]``.

        Raises Conflict after too many races, Unavailable.
        """
        block = self._blocks[series]
        with block.lock:
            if not block.free:
                block.size = _next_size(block, rules, now)
                last = self._reserve(series, block.size)
                block.free.extend(range(last - block.size + 1, last + 1))
                block.reserved_at = now
            return block.free.popleft()

    def _reserve(self, series: str, size: int) -> int:
        """Moves the counter by ``size``; the last number of the block. Guarded, so that no two ever get the same."""
        for _ in range(_TRIES):
            with our_words():
                found = self._counters.find_one({"_id": series})
                last = (found["last"] if found else 0) + size
                if found is None and self._first(series, last):
                    return last
                guard = {"_id": series, "last": last - size}
                if found and self._counters.update_one(guard, {"$set": {"last": last}}).modified_count:
                    return last
        raise Conflict(f"no number for {series}: too many want one")

    def _first(self, series: str, last: int) -> bool:
        try:
            self._counters.insert_one({"_id": series, "last": last})
        except DuplicateKeyError:
            return False
        return True


def _next_size(block: _Block, rules: Rules, now: datetime) -> int:
    busy = block.reserved_at is not None and now - block.reserved_at <= timedelta(seconds=rules["busy_s"])
    return min(block.size * 2, int(rules["block_most"])) if busy else 1


@cache
def numbers(database: Database[dict[str, Any]]) -> Numbers:
    """The one :class:`Numbers` of this process."""
    return Numbers(database[COUNTERS])
