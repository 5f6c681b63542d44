"""Clocks know no tickets: a company's row makes them count time on events of a service that is not here."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kombu import Exchange

from steward.bus.envelope import CONTENT_TYPE, Envelope
from steward.ids import new_id
from steward.testing.bus import teller
from steward.testing.waiting import eventually
from steward.times import now
from tests.integration.ladder.staff import House

LOBBY = Exchange("lobby.events", type="topic", durable=True)


def told(house: House, project: str, guest: str) -> dict[str, dict[str, Any]]:
    """What clocks told about ``guest``, by event."""
    facts = house.operator.call("clocks", "timeline", within_s=20, project=project, matter=f"lobby/{guest}")
    return {fact["type"]: fact["data"] for fact in facts}


def publish(house: House, project: str, guest: str, *steps: tuple[str, float, dict[str, Any]]) -> None:
    """What happened in the lobby: each so many seconds ago, in the order of its versions."""
    moment = now()
    with teller(house.system.environ) as producer:
        for version, (name, ago_s, data) in enumerate(steps, 1):
            about, at = f"lobby/{guest}", moment - timedelta(seconds=ago_s)
            event = Envelope(new_id(), f"lobby.{name}", about, at, data, project, about, version, "service:lobby", new_id())
            producer.publish(event.encode(), exchange=LOBBY, routing_key=name, content_type=CONTENT_TYPE, delivery_mode=2)


def test_clocks_run_on_the_events_of_a_service_that_is_not_here(house: House) -> None:
    project, people = house.staff("desk", "supervisor")
    late, prompt, low = new_id(), new_id(), new_id()
    publish(house, project, late, ("arrived", 700, {"floor": 33}))
    publish(house, project, prompt, ("arrived", 500, {"floor": 21}), ("waiting", 400, {}), ("called", 340, {}), ("shown_in", 60, {}))
    publish(house, project, low, ("arrived", 700, {"floor": 3}))
    breach = eventually(lambda: told(house, project, late).get("clocks.breached"), "the guest on the 33rd floor is forgotten")
    assert (breach["rule"], breach["audience"]) == ("guest-shown-in", ["desk", "supervisor"])
    assert {one["person"] for one in breach["persons"]} == set(people.values())
    assert {task["person"] for task in eventually(lambda: house.tasks(project), "somebody is told")} <= set(people.values())
    stopped = eventually(lambda: told(house, project, prompt).get("clocks.stopped"), "the other is shown in")
    assert (stopped["late"], stopped["elapsed_s"]) == (False, 380.0)  # waiting does not count
    assert told(house, project, low) == {}
