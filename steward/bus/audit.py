"""The audit trail 审计: a service's part of it. Seals what was committed; tells who did what, and who read what, when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import eventlet
from nameko.extensions import DependencyProvider

from steward.errors import Conflict, StewardError
from steward.observe import metrics
from steward.settings import Settings
from steward.store.adopting import Adopting
from steward.store.chains import Sealing
from steward.store.lease import Lease
from steward.store.provider import SharedStore
from steward.store.trail import Trail
from steward.times import now
from steward.trust.chain import Key

LEASE = timedelta(seconds=20)
"""Longer than the others: it is renewed by a write each third of its length, and nobody waits for what it guards."""
ROUNDS = 50
"""In one sweep: a process that works off a backlog must not look as if it were stuck."""


class Auditor:
    """Seals in one process of a service at a time, and lets any of them read the trail."""

    def __init__(self, store: SharedStore) -> None:
        self.trail = Trail(store.database, store.spec.name)
        self._age = metrics.UNSEALED_AGE.labels(store.spec.name)
        self._lease = Lease(store.database, "sealing", LEASE)
        key = Key.derived(Settings.from_env().field_key)  # links are made with the current key alone
        self._sealing = Sealing(store.client, store.database, store.sessions, store.spec.name, key)
        self._adopting = Adopting(store.database, self._sealing)

    def seal(self) -> None:
        """Seal what is new, if it is our turn. Raises Unavailable, Conflict when another process did it meanwhile."""
        if not self._lease.hold():
            self._adopting.forget()
            self._age.set(0)
            return
        try:
            self._adopting.round(now())
            for _ in range(ROUNDS):
                if not (self._sealing.round(now()) and self._lease.hold()):
                    break
                eventlet.sleep(0)
        except Conflict:
            self._adopting.forget()
            raise
        finally:
            self._measure()

    def _measure(self) -> None:
        oldest = self._sealing.oldest
        self._age.set(max((now() - oldest).total_seconds(), 0.0) if oldest else 0.0)

    def give_back(self) -> None:
        """Let another process seal at once."""
        self._lease.give_back()


class Auditing(DependencyProvider):
    """Gives a worker its service's :class:`Auditor`."""

    store = SharedStore()

    def __init__(self) -> None:
        super().__init__()
        self._auditor: Auditor | None = None

    def stop(self) -> None:
        try:
            if self._auditor:
                self._auditor.give_back()
        except StewardError:
            pass  # it runs out by itself

    def get_dependency(self, worker: Any) -> Auditor:
        if self._auditor is None:
            self._auditor = Auditor(self.store)
        return self._auditor
