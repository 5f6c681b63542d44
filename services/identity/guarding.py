"""Counting attempts on a name before what was given is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from services.identity import model
from services.identity.store import GUARDS
from steward.bus.attempts import attempt
from steward.context import Context
from steward.errors import AlreadyExists, Conflict
from steward.ids import new_id
from steward.store.provider import StoreOf
from steward.store.work import Work
from steward.trust.sealing import Sealer

_FORGET_AT_ONCE = 500


@dataclass(frozen=True)
class Guards:
    """The guards of all names, kept under keyed hashes of them."""

    store: StoreOf
    context: Context
    sealer: Sealer
    lockout: Mapping[str, Any]

    def count(self, username: str) -> str:
        """Commit an attempt before what it gives is looked at. Returns the guard's id. Raises Overloaded."""
        guard = self.sealer.fingerprint(username)
        try:
            with self.store.work(key=f"attempt:{new_id()}") as work:
                work.apply(GUARDS, model.attempt(work.find(GUARDS, guard), guard, self.lockout, self.context.now))
        except AlreadyExists as error:
            raise Conflict("another attempt was first") from error
        return guard

    def clear(self, work: Work, guard: str) -> None:
        """All that had to be right was right."""
        state = work.find(GUARDS, guard)
        if state is not None:
            work.apply(GUARDS, model.clear(state, self.context.now))

    def forgive(self, guard: str) -> None:
        """What was given was right, but is not all that has to be given. Done again here on a conflict: the attempt counts once."""
        attempt(lambda: self._forgive(guard), recorded=lambda: None)

    def _forgive(self, guard: str) -> None:
        with self.store.work(key=f"attempt:{new_id()}") as work:
            state = work.find(GUARDS, guard)
            if state is not None:
                work.apply(GUARDS, model.forgive(state))

    def forget(self) -> None:
        """Drop guards that have not counted anything for long, so that names tried at random do not pile up."""
        past = self.context.now - timedelta(seconds=self.lockout["forget_s"])
        old = self.store.read.due(GUARDS, "since", past, limit=_FORGET_AT_ONCE)
        if not old:
            return
        with self.store.work(lenient=True) as work:
            for guard in old:
                work.drop(GUARDS.collection, guard.id)
