"""R12: a handler that lets nothing else run for longer than the broker waits for a sign of life."""

from __future__ import annotations

import pytest
from parcels import faults

from steward.testing.system import System
from tests.chaos.conftest import Keep
from tests.chaos.process.accounting import settled
from tests.chaos.process.crew import Crew
from tests.chaos.process.load import lay_before


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("heartbeat_s", "busy_s"), [(2, 8), (20, 50)])
def test_a_process_whose_handler_keeps_the_processor_for_more_than_two_heartbeats_stays(
    ground: System, figure: Keep, heartbeat_s: int, busy_s: int
) -> None:
    """Green threads take turns only where they wait; a computation that never waits stops heartbeats and acknowledgements alike.
    The broker then closes the connection and delivers again; the effect must be one, and the process the same."""
    with Crew(ground, 1, heartbeat_s=heartbeat_s) as crew:
        (event,) = lay_before(ground, [f"busy-{busy_s}"])
        found = settled(ground, [event.aggregate], 6 * busy_s)
        crew.wait_ready()
        runs = faults.runs(crew.faults).count(event.id)
        figure("R12", heartbeat_s=heartbeat_s, longest_pause_s=busy_s, exits=len(crew.exits), runs=runs, **found.figures())
        assert found.good, found
        assert crew.exits == []


@pytest.mark.long
@pytest.mark.timeout(300)
def test_heavy_work_in_a_thread_of_its_own_disturbs_nobody(ground: System, figure: Keep) -> None:
    """What long work should do: leave the hub to others. Nothing is delivered twice then."""
    with Crew(ground, 1, heartbeat_s=2) as crew:
        (event,) = lay_before(ground, ["aside-8"])
        found = settled(ground, [event.aggregate])
        runs = faults.runs(crew.faults).count(event.id)
        figure("R12", aside_s=8, exits=len(crew.exits), runs=runs, **found.figures())
        assert found.good, found
        assert (crew.exits, runs) == ([], 1)
