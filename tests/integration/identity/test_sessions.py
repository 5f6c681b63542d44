"""Sessions over the real system: seen, ended, and no longer good at the gateway a moment later."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from pymongo import MongoClient

from gateway.limits import Limits
from steward.testing.faults import held
from steward.testing.system import System
from steward.testing.waiting import eventually
from steward.times import now
from steward.trust.principals import Principal, sign
from tests.integration.identity.door import Door, Json

SOON_S = 2.0
"""Within which a session that has ended is refused; measured from the answer that it has ended."""
YOUNG_S = Limits.read().sessions.young_s
MARGIN_S = 3.0
"""For a machine that is shared by many."""


def refused_soon(door: Door, token: Json) -> float:
    """Seconds until the token is refused."""
    began = time.monotonic()
    eventually(lambda: door.with_token(token, "GET", "/me").status_code == 401, "the token is refused", SOON_S + MARGIN_S)
    return time.monotonic() - began


def sessions(door: Door, token: Json) -> list[Json]:
    found: list[Json] = door.with_token(token, "GET", "/me/sessions").json()["items"]
    return found


def test_each_log_in_is_a_session_that_its_owner_sees(door: Door) -> None:
    user = door.add({"yh": ["desk"]})
    first, second = door.token(user), door.token(user)
    found = sessions(door, second)
    assert [one["id"] for one in found] == [second["session"], first["session"]]
    assert [one["current"] for one in found] == [True, False]
    assert {one["device"] for one in found} == {"Firefox, Windows"}
    assert found[0]["place"] and found[0]["place"] == found[1]["place"] and "127.0.0.1" not in str(found)


def test_logging_out_ends_one_session_and_no_other(door: Door) -> None:
    user = door.add({"yh": ["desk"]})
    here, there = door.token(user), door.token(user)
    ended = door.with_token(here, "POST", f"/me/sessions/{here['session']}/end")
    assert ended.status_code == 200 and ended.json()["current"]
    refused_soon(door, here)
    assert door.with_token(there, "GET", "/me").status_code == 200
    again = door.with_token(there, "POST", f"/me/sessions/{here['session']}/end")
    assert again.status_code == 409 and again.json()["state"] == "ended"


def test_all_others_are_ended_at_once(door: Door) -> None:
    user = door.add({"yh": ["desk"]})
    *others, here = (door.token(user) for _ in range(3))
    left = door.with_token(here, "POST", "/me/sessions/end-others")
    assert [one["id"] for one in left.json()["items"]] == [here["session"]]
    for other in others:
        refused_soon(door, other)
    assert door.with_token(here, "GET", "/me").status_code == 200


def test_nobody_ends_the_session_of_another(door: Door) -> None:
    mine, others = door.token(door.add({"yh": ["desk"]})), door.token(door.add({"yh": ["desk"]}))
    assert door.with_token(mine, "POST", f"/me/sessions/{others['session']}/end").status_code == 404
    assert door.with_token(others, "GET", "/me").status_code == 200


def test_an_administrator_sees_and_ends_sessions_of_those_they_manage(door: Door) -> None:
    user, admin, elsewhere = door.add({"yh": ["desk"]}), door.add({"yh": ["admin"]}), door.add({"xh": ["admin"]})
    token, boss, stranger = door.token(user), door.token(admin), door.token(elsewhere)
    path = f"/users/{user['id']}/sessions"
    assert door.with_token(stranger, "GET", path).status_code == 404
    assert [one["id"] for one in door.with_token(boss, "GET", path).json()["items"]] == [token["session"]]
    assert door.with_token(stranger, "POST", f"{path}/{token['session']}/end").status_code == 404
    assert door.with_token(boss, "POST", f"{path}/{token['session']}/end").status_code == 200
    refused_soon(door, token)


@pytest.mark.parametrize(
    ("path", "body"), [("deactivate", {}), ("password", {"password": "another horse battery"})], ids=["deactivation", "password reset"]
)
def test_who_is_shut_out_or_has_another_password_is_out_within_two_seconds(door: Door, path: str, body: Json) -> None:
    user, admin = door.add({"yh": ["desk"]}), door.token(door.add({"*": ["admin"]}))
    tokens = [door.token(user), door.token(user)]
    assert door.with_token(admin, "POST", f"/users/{user['id']}/{path}", json=body).status_code == 200
    assert max(refused_soon(door, token) for token in tokens) < SOON_S + MARGIN_S


def test_changing_ones_own_password_ends_the_other_sessions(door: Door) -> None:
    user = door.add({"yh": ["desk"]})
    other, here = door.token(user), door.token(user)
    body = {"old": "correct horse battery", "new": "another horse battery"}
    assert door.with_token(here, "POST", "/me/password", json=body).status_code == 200
    refused_soon(door, other)
    assert door.with_token(here, "GET", "/me").status_code == 200


def test_other_grants_hold_at_once_without_a_new_log_in(door: Door) -> None:
    user, admin = door.add({"yh": ["desk"]}), door.token(door.add({"*": ["admin"]}))
    token = door.token(user)
    assert door.with_token(token, "GET", "/users").status_code == 403
    path = f"/users/{user['id']}/grants"
    door.with_token(admin, "POST", path, json={"project": "yh", "roles": ["admin"]})
    eventually(lambda: door.with_token(token, "GET", "/users").status_code == 200, "it is an administrator")
    assert door.with_token(token, "GET", "/me").json()["grants"] == {"yh": ["admin"]}
    door.with_token(admin, "POST", path, json={"project": "yh", "roles": []})
    eventually(lambda: door.with_token(token, "GET", "/users").status_code == 403, "it is none any more")


@contextmanager
def listening(door: Door, token: Json) -> Iterator[Callable[[], str]]:
    """A live stream that was opened with a ticket; what is called returns the next line, "" at its end."""
    ticket = door.with_token(token, "POST", "/stream-tickets").json()["ticket"]
    with httpx.stream("GET", f"{door.system.url}/v1/stream", params={"ticket": ticket}, timeout=SOON_S + MARGIN_S + 5) as response:
        lines = response.iter_lines()
        yield lambda: next(lines, "the end")


def test_the_live_stream_of_a_session_ends_with_it(door: Door) -> None:
    user = door.add({"yh": ["desk"]})
    token, other = door.token(user), door.token(user)
    with listening(door, token) as line:
        assert line().startswith("retry")
        assert door.with_token(other, "POST", f"/me/sessions/{token['session']}/end").status_code == 200
        while line() != "the end":
            pass


def test_a_gateway_that_starts_anew_knows_what_has_ended(door: Door, system: System) -> None:
    user = door.add({"yh": ["desk"]})
    out, still = door.token(user), door.token(user)
    assert door.with_token(out, "POST", f"/me/sessions/{out['session']}/end").status_code == 200
    system.kill("gateway")
    seen = []

    def back() -> bool:
        try:
            seen.append(door.with_token(out, "GET", "/me").status_code)
            return door.with_token(still, "GET", "/me").status_code == 200
        except httpx.TransportError:
            return False

    eventually(back, "the gateway is back", 60)
    system.wait_ready()
    assert set(seen) <= {401, 503, 504} and door.with_token(out, "GET", "/me").status_code == 401


def test_while_identity_is_away_young_tokens_are_taken_and_old_ones_shall_come_back(door: Door, system: System) -> None:
    user, key = door.add({"yh": ["desk"]}), system.settings.token_key
    young = door.token(user)
    speaker = Principal(f"user:{user['id']}", "", {"yh": ("desk",)}, young["session"])
    old = {"access_token": sign(speaker, key, now() - timedelta(seconds=YOUNG_S + 60), timedelta(hours=2))}
    nobodys = {"access_token": sign(replace(speaker, session=""), key, now() - timedelta(seconds=YOUNG_S + 60), timedelta(hours=2))}
    assert door.with_token(old, "GET", "/projects").status_code == 200
    with held(system, "identity"):
        system.kill("gateway")  # the new one has nobody to ask
        eventually(lambda: _status(door, young) == 200, "a young token is taken", 60)
        refused = door.with_token(old, "GET", "/projects")
        assert refused.status_code == 503 and int(refused.headers["Retry-After"]) > 0
        assert door.with_token(nobodys, "GET", "/projects").status_code == 200
    eventually(lambda: _status(door, old) == 200, "identity has told that the session goes on", 60)
    system.wait_ready()


def _status(door: Door, token: Json) -> int | None:
    try:
        return door.with_token(token, "GET", "/projects").status_code
    except httpx.TransportError:
        return None


def test_an_address_is_kept_as_a_keyed_hash_alone(door: Door) -> None:
    token = door.token(door.add({"yh": ["desk"]}))
    with MongoClient[Json](door.system.settings.mongo_uri) as store:
        kept = store["steward_identity"]["logins"].find_one({"_id": token["session"]})
        entries = repr(list(store["steward_identity"]["journal"].find()))
    assert kept and "127.0.0.1" not in repr(kept) + entries
    assert "Gecko" not in repr(kept) + entries and token["access_token"] not in repr(kept) + entries
