"""R3: the store is killed under load. What was acknowledged is there, and state and outbox agree."""

from __future__ import annotations

import random
import statistics
import time

import pytest

from steward.testing.system import System
from tests.chaos.conftest import Keep
from tests.chaos.process.accounting import settled
from tests.chaos.process.crew import Crew
from tests.chaos.process.load import Load

SEED = 3
CALLERS = 8


@pytest.mark.parametrize("kills", [1, pytest.param(30, marks=[pytest.mark.long, pytest.mark.timeout(1_200)])])
def test_a_store_killed_under_load_loses_nothing_that_was_acknowledged(ground: System, crew: Crew, figure: Keep, kills: int) -> None:
    """SIGKILL in the middle of commits: the store's log has what it acknowledged, its memory is gone; the supervisor restarts it."""
    chance = random.Random(SEED)
    before, recovery_s = len(crew.exits), []
    with Load(ground, callers=CALLERS) as load:
        for _ in range(kills):
            load.until(chance.randint(10, 60))
            assert ground.kill("store")
            killed = time.monotonic()
            load.until(CALLERS + 1)  # one more than may have been on their way
            recovery_s.append(time.monotonic() - killed)
    found = settled(ground, load.acknowledged.values())
    times = {"recovery_median_s": statistics.median(recovery_s), "recovery_longest_s": max(recovery_s)}
    figure("R3", kills=kills, acknowledged=len(load.acknowledged), **found.figures(), **times)
    assert found.good, found
    assert crew.exits[before:] == []
