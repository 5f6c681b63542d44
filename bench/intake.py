"""Intake with full fan-out: how many tickets a second go through everything, and how soon everybody knows of one.

``python -m bench.intake [--tickets 400] [--callers 16] [--replicas NAME=N]``
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from bench import echo, rewriting
from steward.bus.client import OPERATOR, Client
from steward.bus.tokens import own_token
from steward.cli.demo import OPENED, open_project
from steward.replay.feeder import Feeder, Outcome
from steward.replay.ledger import Account, percentile
from steward.replay.mapping import Request
from steward.replay.settling import settle
from steward.testing.system import running_system
from steward.times import parse

PROJECT = str(OPENED["id"])
WARM = 40
TOGETHER = 4
"""Units of work in one transaction of the system under load, on the average (steward_units_committed_together)."""
AIM = 0.60
"""Steady intake, as a share of the smaller limit."""
P99_AIM_S = 1.0
"""Fan-out at half the steady intake."""


@dataclass(frozen=True)
class Raised:
    """Tickets that were acknowledged (ticket → when), and when the first was asked for."""

    name: str
    tickets: dict[str, datetime]
    since: datetime


@dataclass(frozen=True)
class Run:
    """Tickets that were raised one run long, and how many a second went all the way through."""

    account: Account
    tickets: list[str]
    per_second: float


class Desk:
    """Raises tickets in one system."""

    def __init__(self, url: str, client: Client, callers: int) -> None:
        self._url, self._client, self._callers = url, client, callers
        self._others: set[str] = set()

    def run(self, name: str, count: int, rate: float | None = None) -> Run:
        """Raise ``count`` tickets, at ``rate`` a second or as fast as they are taken; returns when all is at rest."""
        return self.at_rest(self.raised(name, count, rate))

    def raised(self, name: str, count: int, rate: float | None = None) -> Raised:
        """As :meth:`run`, but returns when the last was answered."""
        outcomes: list[Outcome] = []
        feeder = Feeder(self._url, lambda: own_token(OPERATOR), PROJECT, f"bench-{name}-{time.time_ns()}")
        started = datetime.now(UTC)
        feeder.feed([_request(name, number) for number in range(count)], self._callers, rate, outcomes.append)
        feeder.close()
        return Raised(name, {o.ticket: parse(o.acknowledged_at) for o in outcomes if o.ticket}, started)

    def at_rest(self, raised: Raised) -> Run:
        """The run of ``raised`` once everything that it set off has ended. Exits where anything of it is lost or doubled."""
        mine = raised.tickets
        account = settle(self._client, PROJECT, mine, others=self._others)
        while account.good and account.unsent:
            account = settle(self._client, PROJECT, mine, others=self._others)
        if not account.good:
            sys.exit(f"{raised.name}: lost {account.lost[:3]}, doubled {account.doubled[:3]}, pending {len(account.pending)}")
        self._others |= set(mine)
        assert account.ended_at is not None
        return Run(account, list(mine), len(mine) / (account.ended_at - raised.since).total_seconds())


def _request(run: str, number: int) -> Request:
    body = {
        "kind": "repair_public",
        "item": "public_lighting",
        "channel": "phone",
        "what": "the lamp at the gate is out",
        "place": f"gate {number}",
        "caller_phone": f"1990{number:07d}",
    }
    return Request(number, f"{run}-{number}", body)


@click.command()
@click.option("--tickets", default=400, show_default=True)
@click.option("--callers", default=16, show_default=True)
@click.option("--replicas", multiple=True, metavar="NAME=N")
def main(tickets: int, callers: int, replicas: tuple[str, ...]) -> None:
    """Measure intake against both limits, in one run, and print."""
    counts = {name: int(count) for name, _, count in (text.partition("=") for text in replicas)}
    with tempfile.TemporaryDirectory() as folder, running_system(Path(folder), replicas=counts) as system:
        os.environ.update(system.environ)
        with Client() as client:
            open_project(client, OPENED)
            desk = Desk(system.url, client, callers)
            desk.run("warm", WARM)
            full = desk.run("full", tickets)
            half = desk.run("half", tickets // 2, full.per_second / 2)
        uri = system.settings.mongo_uri
        units = rewriting.units_by_ticket(uri, full.tickets)
        store = rewriting.tickets_per_second(uri, units)
        grouped = rewriting.tickets_per_second(uri, units, TOGETHER)
        bare = echo.requests_per_second(system.environ, callers)
    _tell(callers, full, half, store, grouped, bare)


def _tell(callers: int, full: Run, half: Run, store: float, grouped: float, bare: float) -> None:
    ratio = full.per_second / min(store, bare)
    table = Table(title=f"Intake with full fan-out, {callers} callers", show_header=False)
    table.add_row("steady intake, everything drained", f"{full.per_second:.1f} tickets/s")
    table.add_row("limit: bare store, same writes, 4 writers", f"{store:.1f} tickets/s")
    table.add_row(f"the same, {TOGETHER} units in a transaction, as ours are under load", f"{grouped:.1f} tickets/s")
    table.add_row("limit: bare HTTP→RPC echo", f"{bare:.0f} requests/s")
    table.add_row("ratio to the smaller limit", f"{ratio:.2f} (aim {AIM:.2f})")
    for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0)):
        table.add_row(f"fan-out at half that load, {name}", f"{percentile(half.account.latencies_s, share):.3f} s")
    Console().print(table)
    sys.exit(0 if ratio >= AIM and percentile(half.account.latencies_s, 0.99) < P99_AIM_S else 1)


if __name__ == "__main__":
    main()
