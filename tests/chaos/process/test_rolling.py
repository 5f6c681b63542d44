"""R11: SIGTERM at full load, one process after the other, as an upgrade does it."""

from __future__ import annotations

import pytest
from parcels import faults

from steward.testing.system import System
from tests.chaos.conftest import Keep
from tests.chaos.process.accounting import settled
from tests.chaos.process.crew import Crew
from tests.chaos.process.load import Load, lay_before


@pytest.mark.parametrize(("restarts", "backlog"), [(1, 60), pytest.param(40, 4_000, marks=[pytest.mark.long, pytest.mark.timeout(1_200)])])
def test_a_rolling_upgrade_under_load_loses_nothing_and_reruns_nothing_that_was_done(
    ground: System, crew: Crew, figure: Keep, restarts: int, backlog: int
) -> None:
    """Each process has as many messages in hand as it may, each of 0.2 s; it must finish and acknowledge them all before it goes."""
    begun, before = len(faults.runs(crew.faults)), len(crew.exits)
    parcels = {event.aggregate for event in lay_before(ground, ["slow-0.2"] * backlog)}
    stop_s = []
    with Load(ground) as load:
        for turn in range(restarts):
            load.until(5)
            stop_s.append(crew.replace(turn % len(crew.replicas)))
    parcels |= set(load.acknowledged.values())
    found = settled(ground, parcels, 300)
    runs = faults.runs(crew.faults)[begun:]
    redelivered = (len(runs) - len(set(runs))) / len(set(runs))
    figure("R11", restarts=restarts, finished=len(parcels), redelivered_share=redelivered, stop_longest_s=max(stop_s), **found.figures())
    assert found.good, found
    assert [ended.code for ended in crew.exits[before:]] == [0] * restarts
    assert redelivered == 0
