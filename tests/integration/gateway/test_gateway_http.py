"""The gateway over HTTP, with every service behind it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from steward.testing.system import System
from steward.testing.waiting import eventually
from tests.integration.gateway.town import Town, found, token


@pytest.fixture(scope="module")
def town(system: System) -> Town:
    return found(system.url, system.settings.token_key)


@pytest.fixture
def desk(town: Town) -> Iterator[httpx.Client]:
    with town.as_("desk") as client:
        yield client


def problem(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert document["status"] == status
    assert document["instance"].endswith(response.headers["x-request-id"])
    return document


def timeline(client: httpx.Client, ticket: str) -> list[dict[str, Any]]:
    response = client.get(f"/tickets/{ticket}/timeline")
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


def test_one_ticket_fans_out_and_its_timeline_tells_it_in_order(town: Town, desk: httpx.Client) -> None:
    made = desk.post("/tickets", json=town.repair())
    assert made.status_code == 201
    ticket = made.json()
    assert made.headers["location"] == f"/v1/projects/{town.name}/tickets/{ticket['id']}"
    wanted = {"tickets.raised", "tickets.accepted", "tickets.dispatched", "dispatch.ordered", "clocks.started", "notify.sent"}
    eventually(lambda: wanted <= {event["type"] for event in timeline(desk, ticket["id"])}, "the fan-out")
    items = timeline(desk, ticket["id"])
    assert items[0]["type"] == "tickets.raised" and items[0]["by"] == "user:desk"
    place = {event["id"]: number for number, event in enumerate(items)}
    assert all(place.get(event["caused_by"], -1) < number for number, event in enumerate(items))
    assert "13812345678" not in json.dumps(items) and "王" not in json.dumps(items, ensure_ascii=False)
    again = desk.get(f"/timeline/tickets/{ticket['id']}").json()
    assert [event["id"] for event in again["items"]][: len(items)] == [event["id"] for event in items]


def test_a_repeated_request_has_one_effect_and_one_answer(town: Town, desk: httpx.Client) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    first = desk.post("/tickets", json=town.repair(), headers=key)
    again = desk.post("/tickets", json=town.repair(), headers=key)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    problem(desk.post("/tickets", json=town.repair(what="another"), headers=key), 422)
    with town.as_("supervisor") as boss:
        assert boss.post("/tickets", json=town.repair(), headers=key).json()["id"] != first.json()["id"]


def test_a_key_used_by_many_at_once_makes_one_ticket(town: Town) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    made: list[tuple[int, Any]] = []

    def raise_it() -> None:
        with town.as_("desk") as client:
            response = client.post("/tickets", json=town.repair(), headers=key)
            made.append((response.status_code, response.json().get("id")))

    threads = [threading.Thread(target=raise_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {status for status, _ in made} <= {201, 503, 504}
    assert len({ticket for status, ticket in made if status == 201}) == 1


def test_a_version_that_has_passed_is_refused(town: Town, desk: httpx.Client) -> None:
    ticket = desk.post("/tickets", json=town.repair(kind="enquiry", item=None)).json()
    path = f"/tickets/{ticket['id']}"
    current = desk.get(path)
    assert desk.get(path, headers={"If-None-Match": current.headers["etag"]}).status_code == 304
    problem(desk.post(f"{path}/cancel", json={"reason_code": "mistake"}, headers={"If-Match": '"9999"'}), 412)
    problem(desk.post(f"{path}/cancel", json={"reason_code": "mistake"}, headers={"If-Match": "9999"}), 400)
    done = desk.post(f"{path}/cancel", json={"reason_code": "mistake"}, headers={"If-Match": current.headers["etag"]})
    assert done.status_code == 200, done.text
    assert problem(desk.post(f"{path}/cancel", json={"reason_code": "mistake"}), 409)["legal"] == done.json()["actions"]


def test_pages_follow_one_another_without_gap_or_double(town: Town, desk: httpx.Client) -> None:
    for _ in range(3):
        assert desk.post("/tickets", json=town.repair(kind="praise", item=None)).status_code == 201
    whole = [one["id"] for one in desk.get("/tickets", params={"limit": 200}).json()["items"]]
    walked: list[str] = []
    page = desk.get("/tickets", params={"limit": 2})
    while True:
        walked += [one["id"] for one in page.json()["items"]]
        if "next" not in page.links:
            break
        page = desk.get(str(httpx.URL(desk.base_url).join(page.links["next"]["url"])))
    assert walked == whole


@pytest.mark.parametrize("role", ["cashier", "resident"])
def test_who_may_not_see_tickets_sees_none_of_them(town: Town, desk: httpx.Client, role: str) -> None:
    ticket = desk.post("/tickets", json=town.repair()).json()["id"]
    with town.as_(role) as stranger:
        for path in (f"/tickets/{ticket}", "/tickets", f"/tickets/{ticket}/timeline", f"/timeline/tickets/{ticket}"):
            problem(stranger.get(path), 403)
        problem(stranger.post("/tickets", json=town.repair()), 403)


def test_what_one_may_do_is_told_by_ones_roles_in_the_project_and_nothing_elsewhere(town: Town, desk: httpx.Client) -> None:
    told = desk.get("/rights").json()
    assert told["roles"] == ["desk"]
    assert {"tickets.accept", "residents.people"} <= set(told["permissions"]) and "residents.open" not in told["permissions"]
    problem(desk.get(f"{town.url}/v1/projects/elsewhere/rights"), 403)


def test_another_projects_ticket_is_not_there(town: Town, desk: httpx.Client, system: System) -> None:
    ticket = desk.post("/tickets", json=town.repair()).json()["id"]
    other = found(system.url, town.key)
    with other.as_("desk") as neighbour:
        problem(neighbour.get(f"/tickets/{ticket}"), 404)
        problem(neighbour.get(f"/tickets/{ticket}/timeline"), 404)
        problem(neighbour.get(f"/timeline/nosuch/{ticket}"), 404)
        problem(neighbour.get(str(desk.base_url.join(f"tickets/{ticket}"))), 403)


def test_bad_requests_are_told_what_is_wrong(town: Town, desk: httpx.Client) -> None:
    json_type = {"Content-Type": "application/json"}
    problem(desk.post("/tickets", content=b"{", headers=json_type), 400)
    problem(desk.post("/tickets", content=b"x", headers={"Content-Type": "text/plain"}), 415)
    problem(desk.post("/tickets", content=b" " * 1_100_000, headers=json_type), 413)
    problem(desk.post("/tickets", json=town.repair(), headers={"Idempotency-Key": "a b"}), 400)
    problem(desk.get("/tickets", params={"limit": "many"}), 422)
    problem(desk.get("/tickets", params={"cursor": "!!"}), 422)
    problem(desk.get("/nowhere"), 404)
    refused = desk.delete("/tickets")
    assert problem(refused, 405) and "GET" in refused.headers["allow"]
    wrong = problem(desk.post("/tickets", json=town.repair(kind="nonsense", unit="nowhere")), 422)
    assert [row["field"] for row in wrong["errors"]] == ["kind"]
    assert problem(desk.post("/tickets", json=town.repair(unit="nowhere")), 422)["errors"][0]["field"] == "unit"


def test_without_a_token_nothing_is_told(system: System, town: Town) -> None:
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": f"Bearer {token(town.key, 'desk', lifetime_s=-1)}"}):
        refused = httpx.get(f"{system.url}/v1/projects/{town.name}/tickets", headers=headers)
        problem(refused, 401)
        assert refused.headers["www-authenticate"].startswith("Bearer")


def test_documents_probes_and_the_page_are_served(system: System) -> None:
    for path, media in {
        "/openapi.json": "application/json", "/asyncapi.json": "application/json", "/healthz": "application/json",
        "/readyz": "application/json", "/metrics": "text/plain", "/": "text/html", "/console/console.js": "text/javascript",
    }.items():  # fmt: skip
        response = httpx.get(system.url + path)
        assert response.status_code == 200 and response.headers["content-type"].startswith(media), path
    page = httpx.get(f"{system.url}/")
    assert "script-src 'self'" in page.headers["content-security-policy"] and "<script>" not in page.text
    assert httpx.get(f"{system.url}/", headers={"If-None-Match": page.headers["etag"]}).status_code == 304
    assert httpx.head(f"{system.url}/openapi.json").content == b""


def test_a_request_that_is_cut_off_leaves_the_gateway_well(system: System, town: Town) -> None:
    host, _, port = system.url.removeprefix("http://").partition(":")
    line = f"POST /v1/projects/{town.name}/tickets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token(town.key, 'desk')}\r\n"
    wrong = ("Content-Length: 500\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "Content-Length: -4\r\n\r\n", "\x00\r\n\r\n")
    for rest in wrong:
        with socket.create_connection((host, int(port)), timeout=5) as raw:
            raw.sendall((line + rest).encode())
    assert httpx.get(f"{system.url}/healthz").status_code == 200


def test_an_operator_sees_dead_letters_and_nobody_else_does(system: System, town: Town) -> None:
    with httpx.Client(base_url=f"{system.url}/v1/ops", timeout=30) as client:
        client.headers["Authorization"] = f"Bearer {token(town.key, 'admin')}"
        answer = client.get("/dead-letters").json()
        assert answer["missing"] == [] and isinstance(answer["items"], list)
        assert client.get("/dead-letters", params={"service": "tickets", "state": "discarded"}).status_code == 200
        problem(client.get("/dead-letters", params={"service": "nosuch"}), 404)
        problem(client.post("/dead-letters/tickets/none/replay"), 404)
        problem(client.post("/dead-letters/tickets/none/discard", json={}), 422)
        client.headers["Authorization"] = f"Bearer {token(town.key, 'desk')}"
        problem(client.get("/dead-letters"), 403)
