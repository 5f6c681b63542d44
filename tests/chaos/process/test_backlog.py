"""What comes while nobody is there is handled once when somebody is."""

from __future__ import annotations

import signal
from time import monotonic

import pytest

from steward.testing.system import System
from steward.testing.waiting import eventually
from tests.chaos.conftest import Keep
from tests.chaos.process.accounting import settled, shelved
from tests.chaos.process.crew import HEARTBEAT_S, Crew
from tests.chaos.process.load import lay_before


@pytest.mark.parametrize("events", [500, pytest.param(10_000, marks=[pytest.mark.long, pytest.mark.timeout(900)])])
def test_events_that_come_while_their_consumers_are_down_are_all_handled_once(
    ground: System, crew: Crew, figure: Keep, events: int
) -> None:
    with crew.away():
        parcels = [event.aggregate for event in lay_before(ground, ["A"] * events)]
    began = monotonic()
    found = settled(ground, parcels, 600)
    took_s = monotonic() - began
    effects = shelved(ground)
    figure("backlog", events=events, handled=sum(effects[parcel] for parcel in parcels), drained_s=took_s, **found.figures())
    assert found.good, found


@pytest.mark.long
@pytest.mark.timeout(300)
def test_the_work_of_a_process_that_is_stopped_is_done_by_the_other_and_not_again_when_it_wakes(
    ground: System, crew: Crew, figure: Keep
) -> None:
    """SIGSTOP with messages in hand: its connection stays open, and only missing heartbeats tell the broker. When it wakes,
    it goes on with what others have done meanwhile."""
    parcels = [event.aggregate for event in lay_before(ground, ["slow-1"] * 40)]
    began = monotonic()
    crew.replicas[0].send(signal.SIGSTOP)
    try:
        eventually(lambda: all(count == 1 for parcel, count in shelved(ground).items() if parcel in set(parcels)), "done by the other", 120)
        took_s = monotonic() - began
    finally:
        crew.replicas[0].send(signal.SIGCONT)
    crew.wait_ready()
    found = settled(ground, parcels)
    figure("stopped replica", stopped=1, of=2, heartbeat_s=HEARTBEAT_S, all_done_s=took_s, **found.figures())
    assert found.good, found
