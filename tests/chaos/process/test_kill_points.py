"""R1: SIGKILL at each point of a message's way. Each parcel that was acknowledged is shelved, once."""

from __future__ import annotations

import random

import pytest
from parcels import faults

from steward.testing.system import System
from steward.testing.waiting import eventually
from tests.chaos.conftest import Keep
from tests.chaos.process.accounting import Found, settled
from tests.chaos.process.crew import Crew
from tests.chaos.process.load import Load

SEED = 20261123
KILLS = 200
STRUCK_S = 120.0


def strike(system: System, crew: Crew, points: list[str]) -> tuple[Found, Load]:
    """One kill at each of ``points``, one after the other, under load.

    The process kills itself (SIGKILL, so nothing is flushed, no ``finally`` runs) as it passes the point: the only
    way to hit a moment that lasts microseconds, and to hit it every time.
    """
    before = len(crew.exits)
    with Load(system) as load:
        for point in points:
            faults.order(crew.faults, point)
            eventually(lambda point=point: not faults.waiting(crew.faults, point), f"killed {point}", STRUCK_S)  # type: ignore[misc]
            load.until(1)
    found = settled(system, load.acknowledged.values())
    assert [ended.code for ended in crew.exits[before:]] == [-9] * len(points)
    return found, load


def test_a_process_killed_at_any_point_costs_no_parcel_and_doubles_none(ground: System, crew: Crew, figure: Keep) -> None:
    points = random.Random(SEED).sample(faults.POINTS, len(faults.POINTS))
    found, load = strike(ground, crew, points)
    figure("R1", kills=len(points), acknowledged=len(load.acknowledged), **found.figures())
    assert found.good, found


@pytest.mark.long
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("point", faults.POINTS)
def test_two_hundred_kills_at_one_point_cost_no_parcel_and_double_none(ground: System, point: str, figure: Keep) -> None:
    with Crew(ground, count=3) as crew:
        found, load = strike(ground, crew, [point] * KILLS)
    figure("R1", point=point, kills=KILLS, acknowledged=len(load.acknowledged), **found.figures())
    assert found.good, found
