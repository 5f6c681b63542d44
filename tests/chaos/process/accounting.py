"""What became of the parcels that were acknowledged, read from the store and the books."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any

from pymongo import MongoClient

from steward.store.client import Document
from steward.testing import balance, halves
from steward.testing.system import System

SETTLE_S = 90.0
_LOOK_AGAIN_S = 0.2


@dataclass
class Found:
    """What is wrong; nothing, when every list is empty. ``pending`` may mend itself."""

    lost: list[str] = field(default_factory=list)
    """Acknowledged, and not there."""
    doubled: list[str] = field(default_factory=list)
    half_written: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    """Neither handled nor dead: lost as well, if it stays so."""

    @property
    def good(self) -> bool:
        return self == Found()

    def figures(self) -> dict[str, Any]:
        """How many of each kind."""
        return {name: len(lines) for name, lines in vars(self).items()}


def settled(system: System, acknowledged: Collection[str], within_s: float = SETTLE_S) -> Found:
    """What is found once nothing waits any more: each of ``acknowledged`` is to be shelved once."""
    deadline = monotonic() + within_s
    while True:
        began = monotonic()
        found = look(system, acknowledged)
        if found.good or monotonic() > deadline:
            return found
        sleep(max(_LOOK_AGAIN_S, monotonic() - began))  # reading everything keeps the store from those who work


def look(system: System, acknowledged: Collection[str]) -> Found:
    """What is found now."""
    shelvings = shelved(system)
    held = halves.read_all(system.settings)
    # Read before the journal was: what is shelved once here and not yet there is no fault.
    books = balance.accounts(held, balance.idle_keys(system.place.logs.glob("*.log*")))
    return Found(
        lost=sorted(parcel for parcel in acknowledged if parcel not in shelvings),
        doubled=sorted(parcel for parcel, count in shelvings.items() if count > 1),
        half_written=halves.half_written(held) + balance.unknown_causes(held),
        disordered=balance.disordered(held),
        unexplained=balance.unexplained(held),
        pending=halves.unpublished(held) + balance.unbalanced(books) + [name for name in acknowledged if not shelvings.get(name)],
    )


def shelved(system: System) -> dict[str, int]:
    """How often each parcel was shelved."""
    with MongoClient[Document](system.settings.mongo_uri) as store:
        return {parcel["_id"]: parcel["shelvings"] for parcel in store.steward_parcels.parcels.find({}, {"shelvings": 1})}
