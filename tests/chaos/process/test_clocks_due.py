"""R20: clocks that fall due while nobody looks, with two sweepers, and with a sweeper whose own clock is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pymongo import MongoClient

from steward.ids import new_id
from steward.replay.ledger import percentile
from steward.settings import adopted
from steward.store.client import Document
from steward.testing.system import System, running_system
from steward.testing.waiting import eventually
from steward.times import now, parse
from tests.chaos.conftest import Keep
from tests.chaos.process.crew import Crew
from tests.integration.clocks.office import Office

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]
PLUGINS = Path(__file__).parents[2] / "plugins"
CLOCKS = 200
WARNS_AFTER_S = 240
"""The desk's clock: 5 minutes, and a warning after 4 (handbook §3)."""
HOUR_S = 3_600


@pytest.fixture(scope="module")
def clocks_ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("clocks")
    with running_system(folder, services=[], env={"PYTHONPATH": str(PLUGINS)}) as running, adopted(running.environ):
        yield running


def told(system: System, name: str) -> dict[str, list[datetime]]:
    """When each ticket's clock told of ``name``."""
    with MongoClient[Document](system.settings.mongo_uri) as store:
        entries = list(store.steward_clocks.journal.find({"events.type": f"clocks.{name}"}))
    found: dict[str, list[datetime]] = {}
    for entry in entries:
        for event in entry["events"]:
            if event["type"] == f"clocks.{name}":
                found.setdefault(entry["matter"].partition("/")[2], []).append(parse(event["time"]))
    return found


def start(system: System, due_in_s: float) -> dict[str, datetime]:
    """Start the desk's clock for some tickets, so that all warn in ``due_in_s``; ticket → when it warns."""
    at = now() - timedelta(seconds=WARNS_AFTER_S - due_in_s)
    tickets = [new_id() for _ in range(CLOCKS)]
    with Office(system) as office:
        for ticket in tickets:
            office.tell("raised", ticket, 1, at=at)
    eventually(lambda: len(told(system, "started").keys() & set(tickets)) == CLOCKS, "all have started", 120)
    return dict.fromkeys(tickets, at + timedelta(seconds=WARNS_AFTER_S))


def warned(system: System, due: dict[str, datetime]) -> dict[str, list[datetime]]:
    """What was told of those that are due, once all of them have been."""
    eventually(lambda: len(told(system, "warned").keys() & due.keys()) == CLOCKS, "all have warned", 120)
    return {ticket: moments for ticket, moments in told(system, "warned").items() if ticket in due}


def test_what_falls_due_while_all_are_down_fires_once_when_they_are_back(clocks_ground: System, figure: Keep) -> None:
    with Crew(clocks_ground, 2, service="clocks") as crew:
        due = start(clocks_ground, due_in_s=20)
        with crew.away():
            eventually(lambda: now() > max(due.values()) + timedelta(seconds=2), "all are due")
            back = now()
        moments = warned(clocks_ground, due)
    counts = Counter(len(fired) for fired in moments.values())
    late = [(fired[0] - back).total_seconds() for fired in moments.values()]
    figure("R20", due=len(due), fired=sum(map(len, moments.values())), after_return_p99_s=percentile(late, 0.99))
    assert counts == {1: CLOCKS}


def test_two_sweepers_fire_each_clock_once_and_in_time(clocks_ground: System, figure: Keep) -> None:
    with Crew(clocks_ground, 2, service="clocks"):
        due = start(clocks_ground, due_in_s=20)
        moments = warned(clocks_ground, due)
    counts = Counter(len(fired) for fired in moments.values())
    late = [(fired[0] - due[ticket]).total_seconds() for ticket, fired in moments.items()]
    figure("R20", due=len(due), fired=sum(map(len, moments.values())), sweepers=2, late_p99_s=percentile(late, 0.99))
    assert counts == {1: CLOCKS}
    assert min(late) >= 0


@pytest.mark.parametrize("ahead_s", [HOUR_S, -HOUR_S])
def test_a_sweeper_whose_clock_is_an_hour_wrong_fires_nothing_twice(clocks_ground: System, figure: Keep, ahead_s: int) -> None:
    """One that is ahead fires early, which only a right clock prevents (deploy NTP); one that is behind leaves it to the other."""
    wrong = Crew(clocks_ground, 1, service="clocks", env={"PARCELS_CLOCK_S": str(ahead_s)})
    with Crew(clocks_ground, 1, service="clocks"), wrong:
        due = start(clocks_ground, due_in_s=15)
        moments = warned(clocks_ground, due)
        eventually(lambda: now() > max(due.values()) + timedelta(seconds=3), "the right clock has come to it as well")
        moments = warned(clocks_ground, due)
    counts = Counter(len(fired) for fired in moments.values())
    figure("R20", due=len(due), fired=sum(map(len, moments.values())), one_sweeper_ahead_s=ahead_s)
    assert counts == {1: CLOCKS}
