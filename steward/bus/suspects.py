"""Suspects: messages that were in hand more than once when a process died. One of them may be what kills it.

The broker counts such deliveries, and gives a message up when there were too many: all that were in hand, the harmless
ones too. So suspects are worked on one at a time, by lot: some harmless ones get done between one death and the next, and
the one that kills is left alone with its count. Those least often delivered first would do as well, unless deaths have
another cause: then old ones would wait behind those that keep coming, up to the broker's limit.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import eventlet

Start = Callable[[], None]

SUSPECT_FROM = 2
"""So many deliveries that came to nothing make a suspect: one is a deployment, or a cut."""
GATHER_S = 0.1
"""After the first one, so that what comes with it can be chosen from."""


class Suspects:
    """The suspects in hand of one handler. Not for threads, as :class:`steward.bus.lanes.Lanes`."""

    def __init__(self, chance: random.Random | None = None, gather_s: float = GATHER_S) -> None:
        self._chance, self._gather_s = chance or random.Random(), gather_s
        self._waiting: list[tuple[object, Start]] = []
        self._at_work: object | None = None

    def enter(self, delivery: object, times: int, start: Start) -> None:
        """Call ``start`` now, or, ``delivery`` having come to nothing ``times`` times before, when it is its turn."""
        if times < SUSPECT_FROM:
            start()
            return
        self._waiting.append((delivery, start))
        if self._at_work is None:
            self._at_work = self
            eventlet.spawn_after(self._gather_s, self._next)

    def leave(self, delivery: object) -> None:
        """``delivery`` has been settled; the next suspect begins if it was one."""
        if delivery is self._at_work:
            self._next()

    def _next(self) -> None:
        if not self._waiting:
            self._at_work = None
            return
        self._at_work, start = self._waiting.pop(self._chance.randrange(len(self._waiting)))
        start()
