"""Rates: how many requests a second one caller may make. Token buckets, in the memory of this process."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Network

MOST_CALLERS = 10_000
"""Callers that are remembered; whoever has been quiet the longest is forgotten first, and had a full bucket again."""
_OFFICE = 64


@dataclass(frozen=True, kw_only=True)
class Rate:
    """``per_s`` requests a second in the long run, ``burst`` at once."""

    per_s: float
    burst: int


def network_of(address: str) -> str:
    """What counts as one address: of IPv6 the network of a household or an office, which has 2⁶⁴ of them to choose from."""
    try:
        return str(IPv6Network((address, _OFFICE), strict=False)) if ":" in address else address
    except ValueError:
        return address


class Meter:
    """Counts the requests of all callers of one kind."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, caller: str, moment: float) -> float:
        """Count a request of ``caller``; the seconds after which it may come again, 0 when it may go on."""
        left, seen = self._buckets.pop(caller, (float(self._rate.burst), moment))
        left = min(left + (moment - seen) * self._rate.per_s, self._rate.burst)
        allowed = left >= 1
        self._buckets[caller] = (left - 1 if allowed else left, moment)
        if len(self._buckets) > MOST_CALLERS:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - left) / self._rate.per_s
