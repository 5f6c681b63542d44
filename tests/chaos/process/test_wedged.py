"""R23: up, connected, and of no use. It must show in 30 s."""

from __future__ import annotations

import signal
from time import monotonic

import pytest
from parcels import faults

from steward.testing.faults import held
from steward.testing.system import System
from steward.testing.waiting import eventually
from tests.chaos.conftest import Keep
from tests.chaos.process.accounting import settled
from tests.chaos.process.crew import Crew
from tests.chaos.process.load import Load, lay_before

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]
NOTICED_S = 30.0
MARGIN_S = 5.0
"""For a machine that is shared by many."""


def test_a_handler_that_never_returns_turns_health_red_and_its_message_is_done_by_the_next_process(ground: System, figure: Keep) -> None:
    """It waits for what never comes. Everything around it turns, so only the age of its work gives it away."""
    with Crew(ground, 1) as crew:
        faults.order(crew.faults, faults.STUCK)
        (parcel,) = [event.aggregate for event in lay_before(ground, [faults.STUCK])]
        eventually(lambda: not faults.waiting(crew.faults, faults.STUCK), "it is stuck")
        began = monotonic()
        eventually(lambda: not crew.replicas[0].health.alive, "health is red", NOTICED_S + MARGIN_S)
        red_s = monotonic() - began
        crew.replicas[0].send(signal.SIGKILL)  # what a supervisor does with it
        found = settled(ground, [parcel])
        figure("R23", wedged="handler", red_s=red_s, **found.figures())
        assert found.good, found


def test_a_silent_broker_shows_in_readiness_and_replaces_no_process(ground: System, figure: Keep) -> None:
    """SIGSTOP of the broker: connections stay, nothing comes. Starting the service anew would not help, so it stays alive."""
    with Crew(ground, 1, heartbeat_s=20) as crew:
        (replica,) = crew.replicas
        with held(ground, "broker"):
            began = monotonic()
            eventually(lambda: not replica.health.ready, "readiness is red", NOTICED_S + MARGIN_S)
            red_s = monotonic() - began
            assert replica.health.alive
        crew.wait_ready()
        with Load(ground, callers=2) as load:
            load.until(2)
        found = settled(ground, load.acknowledged.values())
        figure("R23", wedged="broker", red_s=red_s, exits=len(crew.exits), **found.figures())
        assert found.good, found
        assert crew.exits == []


def test_a_silent_store_shows_in_readiness_and_replaces_no_process(ground: System, figure: Keep) -> None:
    with Crew(ground, 1) as crew:
        (replica,) = crew.replicas
        with held(ground, "store"):
            began = monotonic()
            eventually(lambda: not replica.health.ready, "readiness is red", NOTICED_S + MARGIN_S)
            red_s = monotonic() - began
            assert replica.health.alive
        crew.wait_ready()
        figure("R23", wedged="store", red_s=red_s, exits=len(crew.exits))
        assert crew.exits == []
