"""The second factor over the real system, and what refusals cost."""

from __future__ import annotations

import secrets
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
from prometheus_client.parser import text_string_to_metric_families
from pymongo import MongoClient
from pyotp import TOTP

from services.identity.spec import SPEC
from steward.policy import shipped
from steward.testing.waiting import eventually
from steward.times import now
from tests.integration.identity.door import PASSWORD, Door, Json

MAX_FAILURES = shipped(SPEC)["lockout"]["max_failures"]
RULES = shipped(SPEC)["second_factor"]
NEEDED = "urn:steward:problem:second-factor-needed"


class Authenticator:
    """Gives codes that were not given before, as somebody does who waits for the next one: its clock runs ahead a little."""

    def __init__(self, uri: str) -> None:
        self.secret = parse_qs(urlsplit(uri).query)["secret"][0]
        self.given = 0

    def code(self) -> str:
        self.given = max(self.given + 1, int(now().timestamp()) // 30 - 1)
        return TOTP(self.secret).generate_otp(self.given)


def enrol(door: Door, token: Json) -> tuple[Authenticator, list[str]]:
    offered = door.with_token(token, "POST", "/me/totp", json={"password": PASSWORD})
    assert offered.status_code == 200, offered.text
    app = Authenticator(offered.json()["uri"])
    confirmed = door.with_token(token, "POST", "/me/totp/confirm", json={"code": app.code()})
    assert confirmed.status_code == 200 and confirmed.json()["on"], confirmed.text
    return app, confirmed.json()["recovery_codes"]


def knock(door: Door, user: Json, code: str | None = None, password: str = PASSWORD) -> httpx.Response:
    return door.http.post("/auth/token", json={"username": user["username"], "password": password, "code": code})


def test_once_it_is_on_a_code_is_asked_for_by_a_problem_of_its_own_and_none_is_good_twice(door: Door) -> None:
    user = door.add({"yh": ["desk"]})
    token = door.token(user)
    app, recovery = enrol(door, token)
    assert len(set(recovery)) == RULES["recovery_codes"]
    asked = knock(door, user)
    assert (asked.status_code, asked.json()["type"], asked.json()["code"]) == (401, NEEDED, "missing")
    code = app.code()
    assert knock(door, user, code).status_code == 200
    again = knock(door, user, code)
    assert (again.status_code, again.json()["type"], again.json()["code"]) == (401, NEEDED, "wrong")
    shown = door.with_token(token, "GET", "/me/totp").json()
    assert shown["on"] and shown["recovery_left"] == len(recovery) and not shown["uri"] and not shown["recovery_codes"]
    assert door.with_token(token, "POST", "/me/totp", json={"password": PASSWORD}).status_code == 409


def test_a_recovery_code_opens_once(door: Door) -> None:
    user = door.add({"yh": ["desk"]})
    _, recovery = enrol(door, door.token(user))
    token = knock(door, user, recovery[0].upper()).json()
    assert door.with_token(token, "GET", "/me/totp").json()["recovery_left"] == len(recovery) - 1
    assert knock(door, user, recovery[0]).status_code == 401
    assert knock(door, user, recovery[1]).status_code == 200


def test_wrong_codes_count_as_wrong_passwords_do_and_asking_for_one_does_not(door: Door) -> None:
    user = door.add({"yh": ["desk"]})
    app, _ = enrol(door, door.token(user))
    codes = [knock(door, user, "000000" if turn % 2 else None).status_code for turn in range(2 * MAX_FAILURES)]
    assert set(codes) == {401}
    assert knock(door, user, app.code()).status_code == 429


def test_without_the_password_no_factor_is_set_up_and_none_is_given_up(door: Door) -> None:
    user = door.add({"yh": ["desk"]})
    token = door.token(user)
    assert door.with_token(token, "POST", "/me/totp", json={"password": "stolen session"}).status_code == 401
    assert door.with_token(token, "POST", "/me/totp/confirm", json={"code": "123456"}).status_code == 409
    app, _ = enrol(door, token)
    assert door.with_token(token, "POST", "/me/totp/off", json={"password": PASSWORD, "code": "000000"}).status_code == 401
    off = door.with_token(token, "POST", "/me/totp/off", json={"password": PASSWORD, "code": app.code()})
    assert off.status_code == 200 and not off.json()["on"]
    assert knock(door, user).status_code == 200


def test_an_administrator_takes_away_what_was_lost_and_all_sessions_end(door: Door) -> None:
    user, admin = door.add({"yh": ["desk"]}), door.token(door.add({"*": ["admin"]}))
    token = door.token(user)
    enrol(door, token)
    assert door.with_token(admin, "GET", f"/users/{user['id']}").json()["second_factor"]
    reset = door.with_token(admin, "POST", f"/users/{user['id']}/totp/reset")
    assert reset.status_code == 200 and not reset.json()["second_factor"]
    assert reset.json() == door.with_token(admin, "GET", f"/users/{user['id']}").json()
    eventually(lambda: door.with_token(token, "GET", "/me").status_code == 401, "the session is refused")
    assert knock(door, user).status_code == 200
    assert door.with_token(admin, "POST", f"/users/{user['id']}/totp/reset").status_code == 409


def test_whose_role_must_have_one_is_told_when_and_can_do_nothing_else_afterwards(door: Door) -> None:
    role = RULES["roles"][-1]
    user = door.add({"yh": [role]})
    token = door.token(user)
    assert token["second_factor_by"] and door.with_token(token, "GET", "/me").status_code == 200
    with MongoClient[Json](door.system.settings.mongo_uri) as store:
        past = now() - timedelta(days=RULES["grace_days"], seconds=1)
        store["steward_identity"]["factors"].update_one({"_id": user["id"]}, {"$set": {"asked_at": past}})
    late = door.token(user)
    assert late["grants"] == {"*": ["enrolling"]}
    assert {door.with_token(late, "GET", path).status_code for path in ("/me", "/users", "/projects")} == {403}
    assert door.with_token(late, "POST", "/me/password", json={"old": PASSWORD, "new": "x" * 12}).status_code == 403
    app, _ = enrol(door, late)
    eventually(lambda: door.with_token(late, "GET", "/me").status_code == 200, "the same session is good for everything")
    assert door.with_token(late, "GET", "/me").json()["grants"] == {"yh": [role]}
    assert knock(door, user, app.code()).json()["second_factor_by"] is None


def hashes(door: Door) -> dict[str, float]:
    """How many hashes of each kind all processes of identity have computed."""
    counted: dict[str, float] = {}
    for row in door.system.rows("identity"):
        page = httpx.get(f"http://127.0.0.1:{row.port}/metrics", timeout=30).text
        for family in text_string_to_metric_families(page):
            for sample in family.samples:
                if sample.name == "steward_password_hashes_total":
                    counted[sample.labels["why"]] = counted.get(sample.labels["why"], 0) + sample.value
    return counted


def test_whoever_is_refused_costs_the_same_one_hash(door: Door) -> None:
    admin, known, out, careful = (door.add(grants) for grants in ({"*": ["admin"]}, {}, {"yh": ["desk"]}, {"yh": ["desk"]}))
    enrol(door, door.token(careful))
    assert door.ask(admin, "POST", f"/users/{out['id']}/deactivate", json={}).status_code == 200
    nobody = {"username": f"x{secrets.token_hex(6)}"}
    knock(door, nobody)  # the first stranger after a start costs one hash more, to compare with
    for user, password, code in ((nobody, PASSWORD, None), (out, PASSWORD, None), (known, "wrong", None), (careful, PASSWORD, "000000")):
        before = hashes(door)
        assert knock(door, user, code, password).status_code == 401
        after = hashes(door)
        assert {why: after[why] - before[why] for why in after} == {"checked": 1, "made": 0}


def test_secrets_and_codes_are_nowhere_in_the_store(door: Door) -> None:
    user = door.add({"yh": ["desk"]})
    app, recovery = enrol(door, door.token(user))
    knock(door, user, recovery[0])
    with MongoClient[Json](door.system.settings.mongo_uri) as store:
        db = store["steward_identity"]
        kept = repr([doc for name in db.list_collection_names() for doc in db[name].find()])
    assert user["id"] in kept
    assert not [secret for secret in (app.secret, *recovery, *(code.replace("-", "") for code in recovery)) if secret in kept]
