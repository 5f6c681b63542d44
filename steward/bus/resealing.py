"""A service's part in a change of the installation's key: see docs/privacy.md."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from time import monotonic
from typing import Any

import eventlet
from nameko.extensions import DependencyProvider

from steward.bus.retrying import kept_days
from steward.observe import health, metrics
from steward.settings import Settings
from steward.store.lease import Lease
from steward.store.provider import SharedStore
from steward.store.resealing import Resealing

TURN_S = 2.0
"""How long one turn goes on at most: others want the store too."""
LEASE = timedelta(seconds=20)
"""Taken while there is something to do; whoever has it goes on with the next turn."""


class Resealer:
    """Brings what the service holds sealed under the current key, and forgets old answers."""

    def __init__(self, store: SharedStore) -> None:
        self._name, self._keys, self._current = store.spec.name, store.keys, store.sealer.name
        self._resealing = Resealing(store.database, store.spec.collections, store.sealer)
        self._lease = Lease(store.database, "resealing", LEASE)
        self._kept_days = kept_days(Settings.from_env().policy)
        self._forgotten_on: date | None = None
        self._unknown = 0

    def turn(self, now: datetime) -> None:
        """Go on for a while. Raises Unavailable, Conflict: the next turn goes on there."""
        self._forget(now.date())
        until = monotonic() + TURN_S
        while self._resealing.due(now) and self._lease.hold() and monotonic() < until:
            self._resealing.round(now)
            eventlet.sleep(0)
        self._measure()

    def told(self) -> str:
        """What an operator should know of it."""
        unknown = f", {self._unknown} sealed with a key that is not in the ring" if self._unknown else ""
        return f"sealing with {self._current}{unknown}"

    def _forget(self, today: date) -> None:
        if self._forgotten_on != today:
            self._keys.forget_answers(today, self._kept_days)
            self._forgotten_on = today

    def _measure(self) -> None:
        passes = self._resealing.state()
        self._unknown = sum(found.unknown for found in passes)
        seen, moved = (sum(getattr(found, name) for found in passes) for name in ("seen", "moved"))
        for key, count in {"current": seen - moved - self._unknown, "other": moved, "unknown": self._unknown}.items():
            metrics.SEALED.labels(self._name, key).set(count)


class Resealings(DependencyProvider):
    """Gives a worker its service's :class:`Resealer`."""

    store = SharedStore()

    def __init__(self) -> None:
        super().__init__()
        self._resealer: Resealer | None = None

    def get_dependency(self, worker: Any) -> Resealer:
        if self._resealer is None:
            self._resealer = Resealer(self.store)
            health.board.detail("field keys", self._resealer.told)
        return self._resealer
