"""Faults: which process is killed when, and processes that are held as if they hung."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from steward.testing.system import System

LONGEST_DELAY_S = 0.5
HOLD_S = (3.0, 15.0)
"""How long a process that is held keeps still, at least and at most."""


@dataclass(frozen=True)
class Kill:
    """SIGKILL of one replica of ``target``: ``delay_s`` after ``after`` requests of its burst were acknowledged."""

    target: str
    after: int
    delay_s: float
    pick: int
    """Which replica: this, modulo how many there are."""
    hold_s: float = 0.0
    """When more than 0, it is not killed but held (SIGSTOP) for so long."""


def schedule(targets: Sequence[str], kills: int, bursts: Sequence[int], chance: random.Random, held_share: float = 0.0) -> list[Kill]:
    """``kills`` kills, one a burst of so many requests; every target is hit once before any is hit again.

    ``held_share`` of them, more or less, are not killed but held for a while.
    """
    order: list[str] = []
    while len(order) < kills:
        order += chance.sample(sorted(targets), len(targets))
    return [
        Kill(target, chance.randint(0, burst), chance.uniform(0, LONGEST_DELAY_S), chance.randrange(1_000), _hold_s(chance, held_share))
        for target, burst in zip(order[:kills], bursts, strict=True)
    ]


def _hold_s(chance: random.Random, share: float) -> float:
    return chance.uniform(*HOLD_S) if share and chance.random() < share else 0.0


@contextmanager
def held(system: System, name: str) -> Iterator[list[int]]:
    """Every replica of ``name`` is stopped (SIGSTOP): there, connected, and silent, as behind a network that swallows all.

    Gives their pids; they go on (SIGCONT) at the end.
    """
    pids = system.kill(name, signal.SIGSTOP)
    try:
        yield pids
    finally:
        system.kill(name, signal.SIGCONT)


@contextmanager
def gone(system: System, name: str) -> Iterator[None]:
    """Every replica of ``name`` is killed (SIGKILL) and stays so: the supervisor is held, and brings it back at the end."""
    supervisor = system.roster().supervisor
    assert supervisor is not None
    supervisor.send(signal.SIGSTOP)
    try:
        system.kill(name)
        yield
    finally:
        supervisor.send(signal.SIGCONT)
