"""Lanes: events of one matter go through a handler one after the other, in the order in which they came.

Without them, two events that one commit published would be handled side by side, and the second would often find the
first not done. Between replicas that can still happen; then the handler says OutOfOrder.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

Start = Callable[[], None]


class Lanes:
    """Who is on which lane. Not for threads: greenthreads switch only where they wait, and nothing here waits."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Start]] = {}

    def enter(self, lane: str, start: Start) -> None:
        """Call ``start`` now if ``lane`` is empty, else when those before it have left."""
        if lane in self._waiting:
            self._waiting[lane].append(start)
        else:
            self._waiting[lane] = deque()
            start()

    def leave(self, lane: str) -> None:
        """The one on ``lane`` is done; the next one starts."""
        if self._waiting[lane]:
            self._waiting[lane].popleft()()
        else:
            del self._waiting[lane]
