"""Resident memory of a system's processes, sampled while it is at work."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from statistics import linear_regression

from steward.testing.system import System

_MIB = 2**20
_MINUTE_S = 60.0
_LEAST = 4
"""Samples; fewer say nothing about a trend."""


@dataclass(frozen=True)
class Trend:
    """What the samples of one name say. ``slope_mib_min``: the straight line through all of them, restarts or not."""

    name: str
    samples: int
    first_half_mib: float
    """The most in the first half of its samples."""
    second_half_mib: float
    slope_mib_min: float


class Memory:
    """Samples by the name of the process."""

    def __init__(self) -> None:
        self._samples: dict[str, list[tuple[float, float]]] = defaultdict(list)

    def sample(self, system: System) -> None:
        """Look at all processes that run now."""
        at = time.monotonic() / _MINUTE_S
        for row in system.roster().rows:
            if row.process is not None and (rss := row.process.rss_bytes()):
                self.note(row.label, at, rss / _MIB)

    def note(self, name: str, at_min: float, mib: float) -> None:
        """One sample, at a time in minutes."""
        self._samples[name].append((at_min, mib))

    def trends(self) -> list[Trend]:
        """One for each name with samples enough."""
        return [_trend(name, samples) for name, samples in sorted(self._samples.items()) if len(samples) >= _LEAST]


def _trend(name: str, samples: list[tuple[float, float]]) -> Trend:
    times, sizes = zip(*samples, strict=True)
    half = len(sizes) // 2
    slope = linear_regression(times, sizes).slope if len(set(times)) > 1 else 0.0
    return Trend(name, len(sizes), max(sizes[:half]), max(sizes[half:]), slope)
