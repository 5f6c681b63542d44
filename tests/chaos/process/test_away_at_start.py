"""R15: the broker and the store are not there yet when a service starts."""

from __future__ import annotations

from time import monotonic

import pytest

from steward.testing.faults import gone
from steward.testing.system import System
from steward.testing.waiting import eventually
from tests.chaos.conftest import Keep
from tests.chaos.process.accounting import settled
from tests.chaos.process.crew import Crew
from tests.chaos.process.load import Load


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("away_s", [5, 60])
def test_a_service_that_starts_before_its_broker_and_store_works_as_soon_as_they_are_there(
    ground: System, figure: Keep, away_s: int
) -> None:
    """Both refuse connections, as after a power cut when everything boots at once. Waiting is no reason to be replaced."""
    crew = Crew(ground, 1)
    (replica,) = crew.replicas
    try:
        with gone(ground, "broker"), gone(ground, "store"):
            crew.start()
            began = monotonic()
            eventually(lambda: replica.health.alive, "its health answers")
            while monotonic() - began < away_s:
                eventually(lambda: replica.health.alive, "it is alive all the same", 10)
                assert not replica.health.ready
        ground.wait_ready()
        there = monotonic()
        crew.wait_ready()
        ready_s = monotonic() - there
        with Load(ground, callers=1) as load:
            load.until(1)
        found = settled(ground, load.acknowledged.values())
        figure("R15", away_s=away_s, ready_after_s=ready_s, exits=len(crew.exits), **found.figures())
        assert found.good, found
        assert crew.exits == []
    finally:
        crew.end()
