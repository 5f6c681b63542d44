"""The live stream, with every service behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from steward.testing.system import System
from tests.integration.gateway.town import Town, found, token


@pytest.fixture(scope="module")
def town(system: System) -> Town:
    return found(system.url, system.settings.token_key)


@contextmanager
def listening(url: str, headers: dict[str, str] | None = None, **query: str) -> Iterator[Iterator[dict[str, Any]]]:
    """Events as they come, after the greeting; ``{"event": "hello" or "gap"}`` is the first."""
    with httpx.stream("GET", f"{url}/v1/stream", headers=headers, params=query, timeout=30) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"].startswith("text/event-stream")
        yield _events(response.iter_lines())


def _events(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        if line.startswith("event: "):
            yield {"event": line.removeprefix("event: ")}
        elif line.startswith("data: ") and line != "data: {}":
            yield json.loads(line.removeprefix("data: "))


def of_matter(events: Iterator[dict[str, Any]], matter: str, until: str) -> list[str]:
    """The types of the matter's events up to ``until``, as they come; other matters' come between them."""
    types: list[str] = []
    for event in events:
        if event["matter"] == matter:
            types.append(event["type"])
        if types[-1:] == [until]:
            break
    return types


def bearer(town: Town, role: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(town.key, role, town.name)}"}


def test_events_arrive_while_they_happen(town: Town) -> None:
    with town.as_("desk") as desk, listening(town.url, bearer(town, "desk"), project=town.name) as events:
        assert next(events) == {"event": "hello"}
        matter = f"tickets/{desk.post('/tickets', json=town.repair()).json()['id']}"
        types = of_matter(events, matter, until="tickets.dispatched")
    assert [one for one in types if one.startswith("tickets.")] == ["tickets.raised", "tickets.accepted", "tickets.dispatched"]


def test_a_stream_of_one_matter_holds_no_other(town: Town) -> None:
    with town.as_("desk") as desk:
        ticket = desk.post("/tickets", json=town.repair(kind="enquiry", item=None)).json()["id"]
        matter = f"tickets/{ticket}"
        with listening(town.url, bearer(town, "desk"), matter=matter) as events:
            next(events)
            desk.post("/tickets", json=town.repair())
            desk.post(f"/tickets/{ticket}/cancel", json={"reason_code": "mistake"})
            for event in events:
                assert event["matter"] == matter
                if event["type"] == "tickets.cancelled":
                    break


def test_who_comes_back_gets_what_was_missed(town: Town) -> None:
    with town.as_("desk") as desk:
        with listening(town.url, bearer(town, "desk"), project=town.name) as events:
            next(events)
            desk.post("/tickets", json=town.repair())
            last = next(events)["id"]
        missed = desk.post("/tickets", json=town.repair()).json()["id"]
        with listening(town.url, {**bearer(town, "desk"), "Last-Event-ID": last}, project=town.name) as events:
            assert next(events) == {"event": "hello"}
            assert any(event["matter"] == f"tickets/{missed}" for event in events)
        with listening(town.url, {**bearer(town, "desk"), "Last-Event-ID": "unheard-of"}) as events:
            assert next(events) == {"event": "gap"}


def test_nobody_hears_what_they_may_not_see(town: Town, system: System) -> None:
    other = found(system.url, town.key)
    with town.as_("desk") as desk, other.as_("desk") as neighbour, listening(town.url, bearer(town, "engineer")) as events:
        next(events)
        neighbour.post("/tickets", json=other.repair())
        desk.post("/tickets", json=town.repair())
        seen = [next(events) for _ in range(4)]
    assert {event["project"] for event in seen} == {town.name}
    assert "notify" not in {event["type"].partition(".")[0] for event in seen}


def test_a_ticket_opens_the_stream_and_nothing_else(town: Town) -> None:
    made = httpx.post(f"{town.url}/v1/stream-tickets", headers=bearer(town, "desk")).json()
    with town.as_("desk") as desk, listening(town.url, ticket=made["ticket"], project=town.name) as events:
        next(events)
        matter = f"tickets/{desk.post('/tickets', json=town.repair()).json()['id']}"
        assert of_matter(events, matter, until="tickets.raised")
    stolen = {"Authorization": f"Bearer {made['ticket']}"}
    assert httpx.get(f"{town.url}/v1/projects/{town.name}/tickets", headers=stolen).status_code == 401
    assert httpx.get(f"{town.url}/v1/stream", params={"ticket": "x.y.z"}).status_code == 401
    assert httpx.get(f"{town.url}/v1/stream").status_code == 401
