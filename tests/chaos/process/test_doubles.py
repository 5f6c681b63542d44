"""R4: every message comes several times, at the same moment and later. R25: dead letters are given back twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from parcels import faults

from steward.bus.client import Client
from steward.errors import StewardError
from steward.testing import halves
from steward.testing.system import System
from steward.testing.waiting import eventually
from tests.chaos.conftest import Keep
from tests.chaos.process.accounting import settled, shelved
from tests.chaos.process.crew import Crew
from tests.chaos.process.load import lay_before, publish


@pytest.mark.parametrize("messages", [60, pytest.param(3_000, marks=[pytest.mark.long, pytest.mark.timeout(900)])])
def test_messages_that_come_three_times_have_one_effect_each(ground: System, crew: Crew, figure: Keep, messages: int) -> None:
    """Two copies side by side: the broker gives neighbours to different processes, which work on them at the same moment."""
    before = len(faults.runs(crew.faults))
    events = lay_before(ground, ["A"] * messages, times=2)
    settled(ground, [event.aggregate for event in events])
    publish(ground, events)
    eventually(lambda: len(faults.runs(crew.faults)) - before >= 3 * messages, "everything came three times", 300)
    found = settled(ground, [event.aggregate for event in events])
    effects = shelved(ground)
    share = sum(effects[event.aggregate] for event in events) / messages
    figure("R4", messages=messages, deliveries=3 * messages, effects_a_message=share, **found.figures())
    assert found.good, found
    assert share == 1


def dead(system: System, ids: set[str]) -> list[str]:
    """The dead letters of the messages ``ids``."""
    letters = halves.read_all(system.settings)["parcels"].letters
    return [letter["_id"] for letter in letters if letter["message_id"] in ids and letter["state"] == "dead"]


def given_back(letter: str) -> bool:
    """Whether the letter was given to its handler again; False when somebody did it before."""
    try:
        with Client() as client:
            client.call("parcels", "replay_dead_letter", within_s=20, letter=letter)
    except StewardError:
        return False
    return True


@pytest.mark.parametrize("messages", [8, pytest.param(200, marks=[pytest.mark.long, pytest.mark.timeout(600)])])
def test_dead_letters_given_back_by_two_people_and_once_more_have_one_effect_each(
    ground: System, crew: Crew, figure: Keep, messages: int
) -> None:
    faults.order(crew.faults, faults.BROKEN)
    events = lay_before(ground, ["mendable"] * messages)
    ids = {event.id for event in events}
    letters = eventually(lambda: len(found := dead(ground, ids)) == messages and found, "all are dead", 120) or []
    faults.mend(crew.faults, faults.BROKEN)
    with ThreadPoolExecutor(8) as people:
        given = sum(people.map(given_back, [letter for letter in letters for _ in range(2)]))
    publish(ground, events)
    found = settled(ground, [event.aggregate for event in events])
    effects = shelved(ground)
    figure("R25", dead=messages, given_back=given, effects=sum(effects[event.aggregate] for event in events), **found.figures())
    assert given >= messages
    assert found.good, found
