"""Shares: how many events each handler of a process works on at once, so that a saturated one leaves room for the others."""

from __future__ import annotations

from collections.abc import Mapping


def fair_shares(wanted: Mapping[str, int], workers: int) -> dict[str, int]:
    """``workers`` divided by max-min fairness among those who want so many each.

    Nobody gets more than they want, and what they leave is divided equally among the rest. Everybody gets one, also
    when there are more of them than workers.
    """
    shares: dict[str, int] = {}
    left = workers
    modest_first = sorted(wanted, key=lambda name: wanted[name])
    for position, name in enumerate(modest_first):
        equal = left // (len(modest_first) - position)
        shares[name] = max(1, min(wanted[name], equal))
        left -= shares[name]
    return shares
