"""Log-in over the company's OpenID provider: the real flow, with a simulated provider."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from steward.ids import new_id
from steward.testing.oidc_provider import Provider
from steward.testing.waiting import eventually
from tests.integration.identity.door import Door, Json
from tests.integration.identity.test_second_factor import NEEDED, enrol

GRANTS = {"yh": ["desk"]}


@pytest.fixture
def far_side(provider: Provider) -> Iterator[Provider]:
    yield provider
    provider.broken, provider.visitor = False, ""


def come(door: Door, far_side: Provider, username: str, subject: str = "", **claims: Any) -> Json:
    """What a browser brings back whose owner is logged in at the provider as ``subject``."""
    far_side.visitor = subject or new_id()
    far_side.people[far_side.visitor] = {"preferred_username": username, **claims}
    offered = eventually(lambda: (answer := door.http.get("/auth/oidc")).status_code == 200 and answer.json(), "an offer")
    code, state = far_side.visit(offered["url"])
    assert state == offered["state"]
    return {"returned": {"code": code, "state": state}}


def enter(door: Door, body: Json) -> httpx.Response:
    return door.http.post("/auth/token", json=body)


def test_who_comes_from_the_provider_is_the_user_of_that_name_and_stays_it(door: Door, far_side: Provider) -> None:
    user, subject = door.add(GRANTS), new_id()
    entered = enter(door, come(door, far_side, user["username"].upper(), subject))
    assert entered.status_code == 200, entered.text
    assert entered.json()["grants"] == GRANTS
    sessions = door.with_token(entered.json(), "GET", "/me/sessions").json()["items"]
    assert [one["current"] for one in sessions] == [True]
    assert enter(door, come(door, far_side, "renamed-over-there", subject)).json()["name"] == user["name"]


def test_who_is_no_user_here_stays_outside(door: Door, far_side: Provider) -> None:
    user, admin = door.add(GRANTS), door.add({"*": ["admin"]})
    assert enter(door, come(door, far_side, "nobody-of-ours")).status_code == 401
    assert enter(door, come(door, far_side, user["username"], "first")).status_code == 200
    assert enter(door, come(door, far_side, user["username"], "second")).status_code == 401
    seen = door.ask(admin, "POST", f"/users/{user['id']}/oidc/unlink", json={})
    assert (seen.status_code, seen.json()["linked"]) == (200, False)
    assert enter(door, come(door, far_side, user["username"], "second")).status_code == 200
    assert door.ask(admin, "POST", f"/users/{user['id']}/deactivate", json={}).status_code == 200
    assert enter(door, come(door, far_side, user["username"], "second")).status_code == 401


def test_a_code_is_asked_for_unless_the_provider_did_more_than_ask_for_a_password(door: Door, far_side: Provider) -> None:
    user = door.add(GRANTS)
    app, _ = enrol(door, door.token(user))
    asked = enter(door, come(door, far_side, user["username"], "with-code", amr=["pwd"]))
    assert (asked.status_code, asked.json()["type"], asked.json()["code"]) == (401, NEEDED, "missing")
    wrong = enter(door, {"proof": asked.json()["proof"], "code": "000000"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong")
    assert enter(door, {"proof": wrong.json()["proof"], "code": app.code()}).status_code == 200
    assert enter(door, come(door, far_side, user["username"], "with-code", amr=["pwd", "otp"])).status_code == 200


def twice(body: Json) -> Json:
    return body


def another_state(body: Json) -> Json:
    return {"returned": {**body["returned"], "state": "v1.AAAA"}}


def a_proof_for_a_state(body: Json) -> Json:
    return {"proof": body["returned"]["state"], "code": "123456"}


@pytest.mark.parametrize("change", [twice, another_state, a_proof_for_a_state])
def test_what_comes_back_opens_once_and_only_what_it_is_for(door: Door, far_side: Provider, change: Callable[[Json], Json]) -> None:
    body = come(door, far_side, door.add(GRANTS)["username"])
    assert enter(door, body).status_code == 200
    assert enter(door, change(body)).status_code == 401


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"returned": {"code": "c"}}, ["returned.state"]),
        ({"proof": "p"}, ["code"]),
        ({"proof": "p", "code": "123456", "password": "p"}, ["password"]),
        ({"returned": {"code": "c", "state": "s"}, "api_key": "k"}, ["returned"]),
        ({"api_key": "k", "code": "123456"}, ["code"]),
        ({}, ["password", "username"]),
    ],
)
def test_ways_to_log_in_are_not_mixed(door: Door, body: Json, fields: list[str]) -> None:
    answer = enter(door, body)
    assert (answer.status_code, sorted(error["field"] for error in answer.json()["errors"])) == (422, fields)


def test_without_the_provider_passwords_are_good_still(door: Door, far_side: Provider) -> None:
    user = door.add(GRANTS)
    body = come(door, far_side, user["username"])
    far_side.broken = True
    assert enter(door, body).status_code == 503
    assert door.token(user)["access_token"]
    far_side.broken = False
    assert enter(door, body).status_code == 200
