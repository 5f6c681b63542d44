"""Connections: how many are open, and from where, so that no address takes those of all others. In the memory of this process."""

from __future__ import annotations

from collections import Counter

from gateway.limits import Limits
from gateway.rates import network_of


class Crowd:
    """Open connections, counted by address. Behind a reverse proxy of ours all come from its own: then only their sum is bounded."""

    def __init__(self, limits: Limits) -> None:
        self._most = limits.connections
        self._each = limits.connections if limits.proxies else limits.connections_each
        self._open: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._open.total()

    def take(self, address: str) -> bool:
        """Whether there is room for one more from ``address``; if so, it is counted until it has ``left``."""
        network = network_of(address)
        if len(self) >= self._most or self._open[network] >= self._each:
            return False
        self._open[network] += 1
        return True

    def left(self, address: str) -> None:
        """A connection that was taken from ``address`` is closed."""
        network = network_of(address)
        self._open[network] -= 1
        if not self._open[network]:
            del self._open[network]
