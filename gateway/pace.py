"""Pace: how many requests to one service are worked on at once, learnt from how long they take.

The gradient algorithm of concurrency limits, as TCP Vegas has it for packets: while requests take about as long as at
their best, more are let in; once they take ``tolerance`` times as long, the rest of the time was spent in queues
behind the gateway, and the limit shrinks in that proportion. Pure: the time is passed in.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from math import inf, sqrt
from statistics import fmean

_ENOUGH = 8
"""Requests in a window, at least, before anything is concluded from it."""
_LEAST_S = 1e-6
_MOST_AT_ONCE = 0.5
"""The limit shrinks to this share in one window, at most."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """How much is taken on; what each number means stands beside it in ``policy.toml``."""

    start: int
    least: int
    most: int
    tolerance: float
    window_s: float
    remember_s: float
    queue: int
    queue_s: float
    retry_after_s: tuple[int, int]


@dataclass
class Best:
    """The best mean time of an operation lately: within this span of ``remember_s`` and the one before."""

    begun: float
    now: float = inf
    before: float = inf

    @property
    def seconds(self) -> float:
        return min(self.now, self.before)

    def note(self, seconds: float, moment: float, remember_s: float) -> None:
        """An operation took ``seconds`` in the mean of a window."""
        if moment - self.begun >= remember_s:
            self.before, self.now, self.begun = self.now, inf, moment
        self.now = min(self.now, seconds)


@dataclass
class Pace:
    """The limit of one service, and what it is learnt from. Begins at ``rules.start``."""

    rules: Load
    begun: float
    limit: float = field(init=False)
    busiest: int = field(default=0, init=False)
    _took: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list), init=False)
    _lost: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list), init=False)
    _best: dict[str, Best] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.limit = float(self.rules.start)

    def entered(self, in_flight: int) -> None:
        """So many are worked on now."""
        self.busiest = max(self.busiest, in_flight)

    def took(self, operation: str, seconds: float, moment: float, served: bool = True) -> None:
        """A request of ``operation`` was answered by its service after ``seconds``, or, not ``served``, given up after so long."""
        (self._took if served else self._lost)[operation].append(max(seconds, _LEAST_S))
        enough = sum(map(len, (*self._took.values(), *self._lost.values()))) >= _ENOUGH
        if enough and moment - self.begun >= self.rules.window_s:
            self._judge(moment)

    def _judge(self, moment: float) -> None:
        slowdown = self._slowdown(moment)
        if self.busiest >= self.limit / 2:  # otherwise nothing was put to the test
            gradient = min(max(self.rules.tolerance / slowdown, _MOST_AT_ONCE), 1.0)
            wanted = self.limit * gradient + sqrt(self.limit)
            self.limit = min(max(wanted, self.rules.least), self.rules.most)
        self._took.clear()
        self._lost.clear()
        self.begun, self.busiest = moment, 0

    def _slowdown(self, moment: float) -> float:
        """How many times its best time a request took, in the mean over all of the window."""
        ratios: list[float] = []
        for operation, times in self._took.items():
            best = self._best.setdefault(operation, Best(moment))
            best.note(fmean(times), moment, self.rules.remember_s)
            ratios += [seconds / best.seconds for seconds in times]
        for operation, times in self._lost.items():
            if operation in self._best:  # how soon it was refused says nothing of how well things go
                ratios += [max(seconds / self._best[operation].seconds, 1.0) for seconds in times]
        return fmean(ratios) if ratios else 1.0
