"""API keys over the real system: made, exchanged, given other secrets, ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from pymongo import MongoClient

from steward.testing.waiting import eventually
from steward.times import iso, now
from steward.trust.principals import verify
from tests.integration.identity.door import PASSWORD, Door, Json


@pytest.fixture
def admin(door: Door) -> Json:
    return door.token(door.add({"yh": ["admin"]}))


def make(door: Door, maker: Json, **but: Any) -> httpx.Response:
    body = {"name": "门禁系统", "grants": {"yh": ["desk"]}, "expires_at": iso(now() + timedelta(days=90)), **but}
    return door.with_token(maker, "POST", "/api-keys", json=body)


def exchange(door: Door, text: str) -> httpx.Response:
    return door.http.post("/auth/token", json={"api_key": text})


def test_a_key_is_exchanged_for_a_short_token_of_a_principal_of_its_own(door: Door, admin: Json) -> None:
    made = make(door, admin)
    assert made.status_code == 201 and made.json()["api_key"].startswith(f"stw_{made.json()['id']}_")
    token = exchange(door, made.json()["api_key"])
    assert token.status_code == 200 and token.json()["expires_in"] == 900
    principal = verify(token.json()["access_token"], door.system.settings.token_key)
    assert (principal.id, dict(principal.grants)) == (f"key:{made.json()['id']}", {"yh": ("desk",)})
    assert door.with_token(token.json(), "GET", "/me").json()["name"] == "门禁系统"
    shown = door.with_token(admin, "GET", f"/api-keys/{made.json()['id']}").json()
    assert shown["used_at"] and shown["lives"] and shown["api_key"] is None


def test_a_key_may_do_no_more_than_its_maker_may_grant_and_makes_no_keys(door: Door, admin: Json) -> None:
    assert make(door, admin, grants={"xh": ["desk"]}).status_code == 403
    assert make(door, admin, grants={"*": ["desk"]}).status_code == 403
    assert make(door, door.token(door.add({"yh": ["desk"]}))).status_code == 403
    own = exchange(door, make(door, admin, grants={"yh": ["admin"]}).json()["api_key"]).json()
    assert make(door, own).status_code == 403
    late = make(door, admin, expires_at=iso(now() + timedelta(days=4_000)))
    assert late.status_code == 422 and late.json()["errors"][0]["field"] == "expires_at"


def test_what_is_given_is_a_key_or_a_name_with_a_password(door: Door) -> None:
    both = door.http.post("/auth/token", json={"api_key": "stw_x_y", "username": "li", "password": PASSWORD})
    assert both.status_code == 422 and {error["field"] for error in both.json()["errors"]} == {"username", "password"}
    none = door.http.post("/auth/token", json={"code": "123456"})
    assert none.status_code == 422 and {error["field"] for error in none.json()["errors"]} == {"username", "password"}


def test_whatever_is_wrong_with_a_key_it_is_told_the_same(door: Door, admin: Json) -> None:
    text = make(door, admin).json()["api_key"]
    wrong = [text[:-1] + ("0" if text[-1] != "0" else "1"), text.replace("stw_", "stw_0", 1), "stw_x_y", "rubbish"]
    answers = [exchange(door, one) for one in wrong]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.json()["detail"] for answer in answers}) == 1


def test_with_another_secret_the_one_before_is_good_for_a_while_and_the_first_is_not(door: Door, admin: Json) -> None:
    first = make(door, admin).json()
    path = f"/api-keys/{first['id']}/rotate"
    second = door.with_token(admin, "POST", path, json={}).json()
    assert len(second["secrets"]) == 2
    assert [exchange(door, text).status_code for text in (first["api_key"], second["api_key"])] == [200, 200]
    third = door.with_token(admin, "POST", path, json={"overlap_s": 0}).json()
    codes = [exchange(door, one["api_key"]).status_code for one in (first, second, third)]
    assert codes == [401, 401, 200]


def test_a_key_that_has_ended_opens_nothing_and_its_tokens_neither(door: Door, admin: Json) -> None:
    key = make(door, admin).json()
    token = exchange(door, key["api_key"]).json()
    assert door.with_token(token, "GET", "/me").status_code == 200
    assert door.with_token(admin, "POST", f"/api-keys/{key['id']}/end").json()["lives"] is False
    assert exchange(door, key["api_key"]).status_code == 401
    eventually(lambda: door.with_token(token, "GET", "/me").status_code == 401, "its token is refused", 5)
    assert door.with_token(admin, "POST", f"/api-keys/{key['id']}/rotate", json={}).status_code == 409


def test_keys_of_other_projects_are_neither_seen_nor_touched(door: Door, admin: Json) -> None:
    key = make(door, admin).json()
    stranger = door.token(door.add({"xh": ["admin"]}))
    assert door.with_token(stranger, "GET", f"/api-keys/{key['id']}").status_code == 404
    assert door.with_token(stranger, "POST", f"/api-keys/{key['id']}/end").status_code == 404
    assert key["id"] not in door.with_token(stranger, "GET", "/api-keys?limit=200").text
    assert key["id"] in door.with_token(admin, "GET", "/api-keys?limit=200").text


def test_a_repeated_request_makes_one_key_and_its_secret_is_told_once(door: Door, admin: Json) -> None:
    headers = {"Authorization": f"Bearer {admin['access_token']}", "Idempotency-Key": f"key-{now().timestamp()}"}
    body = {"name": "meters", "grants": {"yh": ["desk"]}, "expires_at": iso(now() + timedelta(days=9))}
    one, two = (door.http.post("/api-keys", json=body, headers=headers) for _ in range(2))
    assert (one.status_code, two.status_code) == (201, 201)
    assert one.json()["api_key"] and two.json() == one.json() | {"api_key": None}
    with MongoClient[Json](door.system.settings.mongo_uri) as store:
        db = store["steward_identity"]
        kept = repr([doc for name in db.list_collection_names() for doc in db[name].find()])
    assert one.json()["id"] in kept and one.json()["api_key"].rpartition("_")[2] not in kept
