"""Shedding: what becomes of the gateway's answers when it is asked for more than it can do, step by step.

``python -m bench.shedding [--seconds 8]``; against MongoDB: ``STEWARD_MONGO_URI=… python -m bench.shedding``.

Capacity is what callers get who each wait for their answer. Then requests come at 0.5, 1, 2 and 4 times that, whether
answered or not, from many callers, each below the rate that one may have. Goodput is what was answered with 201. In the
end one caller alone asks for more than its rate, among others: it is told 429, and they are served.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable
from datetime import timedelta

import click
import httpx
from rich.console import Console
from rich.table import Table

from bench import ground, load
from bench.load import Ask, Told, percentile
from steward.ids import new_id
from steward.testing.system import System
from steward.times import now
from steward.trust.principals import Principal, sign

STEPS = (0.5, 1.0, 2.0, 4.0)
CALLERS, AT_ONCE = 100, 16
WARM = 200
GREEDY = -1
GREEDY_PER_S = 150.0
"""Three times what one caller may."""
GOODPUT_AIM, P99_AIM_S = 0.50, 1.0
"""At four times the capacity: goodput as a share of the capacity, and the slowest of those that were taken on.

On two cores the load itself and the refusals take more than half of the machine then; with none of either it would be 1."""


class Callers:
    """People who may tell the source something, each known by a token of their own."""

    def __init__(self, system: System) -> None:
        host, _, port = system.settings.http.rpartition(":")
        self.address, self._host = (host, int(port)), system.settings.http
        key = system.settings.token_key
        self._tokens = {number: sign(_person(number), key, now(), timedelta(hours=1)) for number in range(GREEDY, CALLERS)}
        self._body = json.dumps({"text": ground.TEXT}).encode()

    def asks(self, count: int, callers: Iterable[int] = range(CALLERS)) -> list[Ask]:
        """``count`` requests, the callers taking turns."""
        turns = list(callers)
        return [self._ask(turns[number % len(turns)]) for number in range(count)]

    def _ask(self, caller: int) -> Ask:
        return load.ask(self._host, f"/v1/projects/{ground.PROJECT}/tales", self._tokens[caller], self._body, new_id(), caller)


def _person(number: int) -> Principal:
    return Principal(f"user:{number}", str(number), {ground.PROJECT: ("desk",)})


@click.command()
@click.option("--seconds", default=8.0, show_default=True, help="Length of each step.")
def main(seconds: float) -> None:
    """Measure and print."""
    table = Table(title="Shedding", caption="p50 and p99 of what was answered with 201, from the moment the request was due")
    for column in ("offered", "requests/s", "goodput/s", "p50 ms", "p99 ms", "429", "503", "other"):
        table.add_column(column, justify="right")
    with ground.running(["source", "sink"]) as system:
        callers, pids = Callers(system), system.pids("gateway")
        load.closed_loop(callers.address, callers.asks(WARM), AT_ONCE)
        told, took_s = load.closed_loop(callers.address, callers.asks(int(WARM * seconds / 2)), AT_ONCE)
        capacity = load.count(told, lambda status: status == 201) / took_s
        _row(table, f"capacity, {AT_ONCE} waiting callers", told, took_s)
        worst: list[Told] = []
        for step in STEPS:
            per_s = capacity * step
            worst = load.open_loop(callers.address, callers.asks(int(per_s * seconds)), per_s)
            _row(table, f"× {step}", worst, seconds)
        _greedy(table, callers, capacity, seconds)
        _comeback(table, callers, capacity, seconds)
        well = httpx.get(f"{system.url}/healthz").is_success and system.pids("gateway") == pids
    Console(width=120).print(table)
    good = load.count(worst, lambda status: status == 201) / seconds
    slowest = percentile([answer.took_s for answer in worst if answer.status == 201], 0.99)
    print(f"at × {STEPS[-1]}: goodput {good / capacity:.2f} of capacity (aim {GOODPUT_AIM}), p99 {slowest:.2f} s (aim < {P99_AIM_S})")
    sys.exit(0 if well and good >= GOODPUT_AIM * capacity and slowest < P99_AIM_S else 1)


def _greedy(table: Table, callers: Callers, capacity: float, seconds: float) -> None:
    """One caller far beyond the rate that it may have, between others at half the capacity."""
    modest = capacity / 2
    every = [*callers.asks(int(GREEDY_PER_S * seconds), [GREEDY]), *callers.asks(int(modest * seconds))]
    every.sort(key=lambda one: hash(one.raw))
    told = load.open_loop(callers.address, every, len(every) / seconds)
    _row(table, "one caller × 3 of its rate", [answer for answer in told if answer.ask.caller == GREEDY], seconds)
    _row(table, "… and the others × 0.5", [answer for answer in told if answer.ask.caller != GREEDY], seconds)


def _comeback(table: Table, callers: Callers, capacity: float, seconds: float) -> None:
    """Twice the capacity for a while, and whoever is refused comes back when told: everybody is served in the end."""
    asks = callers.asks(int(2 * capacity * seconds / 2))
    began = time.perf_counter()
    told = load.open_loop(callers.address, asks, 2 * capacity, come_back=True)
    took_s = time.perf_counter() - began
    served = {answer.ask.raw for answer in told if answer.status == 201}
    _row(table, f"× 2.0, come back: {len(served)} of {len(asks)} served", told, took_s)


def _row(table: Table, name: str, told: list[Told], seconds: float) -> None:
    times = [answer.took_s * 1000 for answer in told if answer.status == 201]
    shares = [load.count(told, lambda status, wanted=wanted: status == wanted) / len(told) for wanted in (201, 429, 503)]  # type: ignore[misc]
    table.add_row(
        name, f"{len(told) / seconds:.0f}", f"{len(times) / seconds:.0f}", f"{percentile(times, 0.5):.0f}",
        f"{percentile(times, 0.99):.0f}", f"{shares[1]:.0%}", f"{shares[2]:.0%}", f"{1 - sum(shares):.0%}",
    )  # fmt: skip


if __name__ == "__main__":
    main()
