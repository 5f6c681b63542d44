"""The live stream gives nobody what happens in a project that they have no role in, nor tells that it happens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from steward.ids import new_id
from steward.store.client import connect, database
from steward.store.journal import JOURNAL
from tests.contract.isolation.conftest import World
from tests.contract.isolation.places import Place, every_role
from tests.contract.isolation.probing import Visitor, operations, probe
from tests.integration.gateway.test_gateway_stream import listening

Json = dict[str, Any]


def bearer(world: World) -> dict[str, str]:
    return {"Authorization": f"Bearer {world.own.token(world.system.settings.token_key, every_role(), 'user:stranger-stream')}"}


def enquire(world: World, place: Place) -> str:
    """Something happens in ``place``; the matter that it is."""
    (raise_ticket,) = [one for one in operations() if one.id == "tickets.raise_ticket"]
    with Visitor(world.system, place, user="user:neighbour") as neighbour:
        answer = neighbour.raw(probe(raise_ticket, place))
    assert answer.status_code == 201, answer.text
    return f"tickets/{answer.json()['id']}"


def until(events: Iterator[Json], matter: str) -> list[Json]:
    """Events as they come, up to the first of ``matter``."""
    found: list[Json] = []
    for event in events:
        found.append(event)
        if event.get("matter") == matter:
            break
    return found


def one_event(world: World, place: Place) -> str:
    """The id of an event that was published lately in ``place``."""
    client = connect(world.system.settings.mongo_uri)
    matter = enquire(world, place)
    entry = database(client, "tickets")[JOURNAL.name].find_one({"matter": matter})
    client.close()
    assert entry is not None
    return str(entry["events"][0]["id"])


@pytest.mark.parametrize("with_ticket", [False, True], ids=["by a header", "by a ticket"])
def test_while_others_events_flow_one_sees_ones_own_alone(world: World, with_ticket: bool) -> None:
    headers = bearer(world)
    query = {}
    if with_ticket:
        answer = httpx.post(f"{world.system.url}/v1/stream-tickets", headers=headers, timeout=30)
        headers, query = {}, {"ticket": answer.json()["ticket"]}
    with listening(world.system.url, headers, **query) as events:
        assert next(events) == {"event": "hello"}
        for place in world.others:
            enquire(world, place)
        seen = until(events, enquire(world, world.own))
    assert {event["project"] for event in seen} == {world.own.name}


@pytest.mark.parametrize("name", ["project", "matter"])
def test_asking_for_what_is_anothers_opens_a_stream_that_tells_nothing(world: World, name: str) -> None:
    place = world.others[0]
    with listening(world.system.url, bearer(world), **{name: place.values("tickets")[name]}) as events:
        assert next(events) == {"event": "hello"}


def test_an_event_of_another_project_is_as_unknown_as_one_that_there_never_was(world: World) -> None:
    for last in (one_event(world, world.others[0]), new_id()):
        with listening(world.system.url, {**bearer(world), "Last-Event-ID": last}) as events:
            assert next(events) == {"event": "gap"}
    with listening(world.system.url, {**bearer(world), "Last-Event-ID": one_event(world, world.own)}) as events:
        assert next(events) == {"event": "hello"}
