"""Chaos: requests come in while processes are killed one after the other; then everything is accounted for.

with TemporaryDirectory() as folder:
    assert run(Path(folder), Plan(seed=7, tickets=150, kills=11)).good
"""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count, pairwise
from pathlib import Path

import httpx

from steward.bus.client import OPERATOR, Client
from steward.bus.tokens import own_token
from steward.cli.demo import OPENED, open_project
from steward.replay import ledger
from steward.replay.feeder import GIVE_UP_S, Feeder, Outcome
from steward.replay.mapping import Mapping as CsvMapping
from steward.replay.mapping import Request
from steward.replay.settling import wait_for_quiet
from steward.settings import adopted
from steward.store import proving
from steward.testing import balance, halves
from steward.testing.days import write_day
from steward.testing.faults import Kill, schedule
from steward.testing.memory import Memory, Trend
from steward.testing.system import System, running_system
from steward.testing.waiting import eventually
from steward.times import parse

TELLING = {"STEWARD_LOG_LEVEL": "DEBUG"}
"""At this level services tell of events that gave them nothing to do, without which the books would not balance."""
PROJECT = {"id": "chaos", "code": "CH", "name": "混沌", "name_en": "Chaos"}
RECOVER_S = 240.0
SETTLE_S = 300.0
_LOOKS = 3
"""How often a finding that time cannot mend is looked at again."""
_SEALED_WITHIN = timedelta(seconds=60)
_LOOK_AGAIN_S = 1.0
"""At least; and as long as the look took, for reading everything keeps the store from those who work."""

Told = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What is done. The same plan kills the same targets after the same numbers of requests.

    ``targets``: names of the processes to be killed; without any, all that run. ``minutes``: it is done again and again
    for so long, with other requests each time. ``held_share``: of the faults, how many hold a process in place of killing it.
    """

    seed: int
    tickets: int
    kills: int
    replicas: Mapping[str, int] = field(default_factory=dict)
    targets: tuple[str, ...] = ()
    callers: int = 8
    minutes: float = 0.0
    held_share: float = 0.0


@dataclass
class Result:
    """What was found; every list is empty when all is well. ``recovery_s``: kill → everything ready, by target."""

    account: ledger.Account
    refused: list[str]
    dead: list[str]
    half_written: list[str]
    pending: list[str]
    post: halves.Post
    unbalanced: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)
    books: list[balance.Account] = field(default_factory=list)
    recovery_s: dict[str, list[float]] = field(default_factory=dict)
    memory: list[Trend] = field(default_factory=list)

    def faults(self) -> dict[str, list[str]]:
        """What is wrong, by kind."""
        return {
            "refused": self.refused,
            "lost": self.account.lost + self.post.lost,
            "doubled": self.account.doubled + self.post.doubled,
            "unexpected": self.account.unexpected + self.post.unexpected,
            "pending": self.pending,
            "dead letters": self.dead,
            "half-written": self.half_written,
            "unbalanced": self.unbalanced,
            "out of order": self.disordered,
            "dead letters unexplained": self.unexplained,
            "audit chains": self.unproven,
        }

    @property
    def good(self) -> bool:
        """Nothing is wrong."""
        return not any(self.faults().values())

    @property
    def waiting(self) -> bool:
        """Whether time alone may still mend what is wrong."""
        return bool(self.account.lost or self.pending or self.unbalanced)

    def seen_again(self, before: Result) -> None:
        """Drop what was not found the time before: clocks go on meanwhile, so something is always just under way.

        What is stuck or torn stays so, and is found each time.
        """
        self.half_written = [line for line in self.half_written if line in before.half_written]
        self.pending = [line for line in self.pending if line in before.pending]
        self.unbalanced = [line for line in self.unbalanced if line in before.unbalanced]
        self.unproven = [line for line in self.unproven if line in before.unproven]


@dataclass
class Seen:
    """What is noted while it goes on. ``idle``: events of which logs, which do not last, said that there was nothing to do."""

    recovery_s: dict[str, list[float]] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)
    idle: set[str] = field(default_factory=set)

    def look(self, system: System) -> None:
        """Read the logs, and how much memory each process has."""
        self.idle |= balance.idle_keys(system.place.logs.glob("*.log*"))
        self.memory.sample(system)


def run(folder: Path, plan: Plan, told: Told = lambda line: None, env: Mapping[str, str] | None = None) -> Result:
    """Carry out ``plan`` on a system of its own in ``folder``. Raises SystemFailed when it does not recover."""
    with running_system(folder / "system", plan.replicas, env=TELLING | dict(env or {})) as system, adopted(system.environ):
        with Client(system.settings) as client:
            open_project(client, OPENED | PROJECT)
        targets = plan.targets or tuple(sorted({row.name for row in system.roster().rows}))
        feed, seen = Feed(system.url, plan.callers), Seen()
        for bursts, kills in _rounds(folder, replace(plan, targets=targets)):
            _storm(system, feed, bursts, kills, seen, told)
        feed.close()
        told(f"{len(feed.acknowledged)} acknowledged; settling")
        started = time.monotonic()
        result = _settled(system, feed, seen)
        told(f"settled in {time.monotonic() - started:.0f} s")
    result.recovery_s, result.memory = seen.recovery_s, seen.memory.trends()
    return result


Round = tuple[Sequence[Sequence[Request]], Sequence[Kill]]


def _rounds(folder: Path, plan: Plan) -> Iterator[Round]:
    """Bursts of requests and the faults that go with them: once, or until the time is over."""
    ends = time.monotonic() + plan.minutes * 60
    for seed in count(plan.seed):
        bursts = _bursts(_requests(folder, plan.tickets, seed), plan.kills)
        yield bursts, schedule(plan.targets, len(bursts), [len(burst) for burst in bursts], random.Random(seed), plan.held_share)
        if time.monotonic() > ends:
            return


def _requests(folder: Path, tickets: int, seed: int) -> list[Request]:
    path = folder / "day.csv"
    write_day(path, tickets, seed)
    return [row for row in CsvMapping().read(path) if isinstance(row, Request)]


def _bursts(requests: Sequence[Request], parts: int) -> list[Sequence[Request]]:
    """``requests`` cut into ``parts`` as equal as can be."""
    edges = [len(requests) * number // parts for number in range(parts + 1)]
    return [requests[start:end] for start, end in pairwise(edges)]


class Feed:
    """Raises requests, burst by burst, and remembers what was acknowledged (ticket → when)."""

    def __init__(self, url: str, callers: int) -> None:
        self._feeder = Feeder(url, lambda: own_token(OPERATOR), PROJECT["id"], "chaos")
        self._callers = callers
        self.acknowledged: dict[str, datetime] = {}
        self.refused: list[str] = []

    def close(self) -> None:
        """Close the connections."""
        self._feeder.close()

    @contextmanager
    def burst(self, requests: Sequence[Request]) -> Iterator[Callable[[int], None]]:
        """Raises ``requests`` meanwhile; gives a function that waits until so many are answered. All are at the end."""
        before = self._answered()
        thread = threading.Thread(target=self._feeder.feed, args=(requests, self._callers, None, self._note), daemon=True)
        thread.start()
        yield lambda answers: _wait(lambda: self._answered() - before >= answers or not thread.is_alive())
        thread.join()

    def _answered(self) -> int:
        return len(self.acknowledged) + len(self.refused)

    def _note(self, outcome: Outcome) -> None:
        if outcome.ticket:
            self.acknowledged[outcome.ticket] = parse(outcome.acknowledged_at)
        else:
            self.refused.append(f"{outcome.key} after {outcome.tries} tries: {outcome.refusal}")


def _wait(condition: Callable[[], bool]) -> None:
    eventually(condition, "requests are answered", 2 * GIVE_UP_S)


def _storm(system: System, feed: Feed, bursts: Sequence[Sequence[Request]], kills: Sequence[Kill], seen: Seen, told: Told) -> None:
    for number, (burst, kill) in enumerate(zip(bursts, kills, strict=True), 1):
        with feed.burst(burst) as until_answered:
            until_answered(kill.after)
            time.sleep(kill.delay_s)  # part of the schedule: the moment of the kill
            took_s = _strike(system, kill)
        seen.recovery_s.setdefault(kill.target, []).append(took_s)
        seen.look(system)
        what = f"held {kill.hold_s:.0f} s" if kill.hold_s else "killed"
        told(f"{number:3}/{len(kills)}  {kill.target:14} {what} after {kill.after} of {len(burst)}, all ready {took_s:.1f} s later")


def _strike(system: System, kill: Kill) -> float:
    """Kill or hold, and wait until everything is ready again; how many seconds that took."""
    rows = system.rows(kill.target)
    replica = rows[kill.pick % len(rows)].replica
    if not system.kill(kill.target, signal.SIGSTOP if kill.hold_s else signal.SIGKILL, replica):
        raise AssertionError(f"{kill.target}-{replica} does not run")
    if kill.hold_s:
        time.sleep(kill.hold_s)  # part of the schedule as well
        system.kill(kill.target, signal.SIGCONT, replica)
    started = time.monotonic()
    system.wait_ready(RECOVER_S)
    return time.monotonic() - started


def _settled(system: System, feed: Feed, seen: Seen) -> Result:
    """What is found, and found again, once nothing can change any more, or after 5 minutes."""
    deadline = time.monotonic() + SETTLE_S
    looks, before = 0, _look(system, feed, seen, deadline)
    while True:
        found = _look(system, feed, seen, deadline)
        result = replace(found)
        result.seen_again(before)
        looks += not result.waiting
        if result.good or looks >= _LOOKS or time.monotonic() > deadline:
            return result
        before = found


def _look(system: System, feed: Feed, seen: Seen, deadline: float) -> Result:
    """What is found now that no message waits for a handler; and a pause for the store."""
    settings = system.settings
    with Client(settings) as client:
        wait_for_quiet(client, deadline)
        started = time.monotonic()
        account = ledger.account(ledger.read_journals(client, PROJECT["id"]), feed.acknowledged)
    held = halves.read_all(settings)
    received = httpx.get(f"{settings.sms_url}/received", timeout=ledger.WITHIN_S).json()["received"]
    post = halves.post(held["notify"].of(halves.MESSAGES), [message["out_id"] for message in received])
    seen.look(system)
    books = balance.accounts(held, seen.idle)
    time.sleep(max(_LOOK_AGAIN_S, time.monotonic() - started))
    return Result(
        account,
        feed.refused,
        dead=halves.dead(held),
        half_written=halves.half_written(held),
        pending=halves.unpublished(held) + post.under_way,
        post=post,
        unbalanced=balance.unbalanced(books) + balance.unknown_causes(held),
        disordered=balance.disordered(held),
        unexplained=balance.unexplained(held),
        unproven=proving.faults(settings, _SEALED_WITHIN),
        books=books,
    )
