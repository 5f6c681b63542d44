"""Log-in, lock-out and grants over the real system."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest
from click.testing import CliRunner
from pymongo import MongoClient

from services.identity.spec import SPEC
from steward.cli.user import PASSWORD_VARIABLE, command
from steward.policy import shipped
from steward.trust.principals import verify
from tests.integration.identity.door import PASSWORD, Door, Json

MAX_FAILURES = shipped(SPEC)["lockout"]["max_failures"]


def test_the_right_password_gives_a_token_that_carries_the_grants(door: Door) -> None:
    user = door.add({"yh": ["desk"], "xh": ["manager", "desk"]})
    answer = door.knock(user["username"].upper(), PASSWORD)
    assert answer.status_code == 200
    body = answer.json()
    principal = verify(body["access_token"], door.system.settings.token_key)
    assert (principal.id, principal.name) == (f"user:{user['id']}", "李娜")
    assert principal.roles("xh") == {"desk", "manager"}
    assert (body["token_type"], body["grants"]) == ("Bearer", {"yh": ["desk"], "xh": ["desk", "manager"]})
    me = door.ask(user, "GET", "/me")
    assert me.status_code == 200 and me.json()["name"] == "李娜"


def test_a_wrong_password_and_an_unknown_user_are_told_the_same(door: Door) -> None:
    known, unknown = door.add({"yh": ["desk"]})["username"], f"x{secrets.token_hex(6)}"
    wrong, nobody = door.knock(known, "wrong"), door.knock(unknown, "wrong")
    assert wrong.status_code == nobody.status_code == 401
    assert wrong.json()["detail"] == nobody.json()["detail"]
    assert wrong.json().keys() == nobody.json().keys()


@pytest.mark.parametrize("exists", [True, False])
def test_a_name_is_shut_after_so_many_wrong_passwords_whether_anybody_has_it_or_not(door: Door, exists: bool) -> None:
    name = door.add({"yh": ["desk"]})["username"] if exists else f"x{secrets.token_hex(6)}"
    assert [door.knock(name, "wrong").status_code for _ in range(MAX_FAILURES)] == [401] * MAX_FAILURES
    shut = door.knock(name, PASSWORD)
    assert shut.status_code == 429 and int(shut.headers["Retry-After"]) > 60


def test_many_guesses_at_once_get_no_further_than_one_after_another(door: Door) -> None:
    name = door.add({"yh": ["desk"]})["username"]
    with ThreadPoolExecutor(16) as guessers:
        codes = [answer.status_code for answer in guessers.map(lambda n: door.knock(name, f"guess {n}"), range(32))]
    assert codes.count(401) <= MAX_FAILURES
    assert set(codes) <= {401, 429, 503}


def test_one_idempotency_key_for_all_guesses_does_not_help(door: Door) -> None:
    name = door.add({"yh": ["desk"]})["username"]
    key = {"Idempotency-Key": secrets.token_hex(8)}
    codes = [door.knock(name, f"guess {n}", headers=key).status_code for n in range(MAX_FAILURES + 2)]
    assert codes == [401] * MAX_FAILURES + [429, 429]


def test_the_right_password_forgets_the_wrong_ones(door: Door) -> None:
    name = door.add({"yh": ["desk"]})["username"]
    for _ in range(3):
        assert [door.knock(name, "wrong").status_code for _ in range(MAX_FAILURES - 1)] == [401] * (MAX_FAILURES - 1)
        assert door.knock(name, PASSWORD).status_code == 200


def test_passwords_and_tokens_are_nowhere_in_the_store(door: Door) -> None:
    user = door.add({"yh": ["desk"]})
    token = door.knock(user["username"], PASSWORD, headers={"Idempotency-Key": "a"}).json()["access_token"]
    with MongoClient[Json](door.system.settings.mongo_uri) as store:
        db = store["steward_identity"]
        kept = repr([doc for name in db.list_collection_names() for doc in db[name].find()])
    assert user["id"] in kept
    assert PASSWORD not in kept and token not in kept


def test_a_user_name_belongs_to_one_user(door: Door) -> None:
    user = door.add({"*": ["admin"]})
    body = {"username": user["username"], "password": PASSWORD, "name": "another", "grants": {"*": ["desk"]}}
    taken = door.ask(user, "POST", "/users", json=body)
    assert taken.status_code == 409 and taken.json()["fields"] == ["username"]


def test_an_administrator_of_one_project_grants_nothing_elsewhere(door: Door) -> None:
    here = door.add({"yh": ["admin"]})
    body = {"username": f"n{secrets.token_hex(6)}", "password": PASSWORD, "name": "new"}
    for grants in ({"xh": ["desk"]}, {"*": ["desk"]}, {}, {"yh": ["desk"], "xh": ["desk"]}):
        assert door.ask(here, "POST", "/users", json={**body, "grants": grants}).status_code == 403
    made = door.ask(here, "POST", "/users", json={**body, "grants": {"yh": ["desk"]}})
    assert made.status_code == 201 and "password" not in made.text
    path = f"/users/{made.json()['id']}"
    assert door.ask(here, "POST", f"{path}/grants", json={"project": "*", "roles": ["admin"]}).status_code == 403
    assert door.ask(here, "POST", f"{path}/grants", json={"project": "yh", "roles": ["system"]}).status_code == 422
    granted = door.ask(here, "POST", f"{path}/grants", json={"project": "yh", "roles": ["manager"]})
    assert granted.json()["grants"] == {"yh": ["manager"]}
    elsewhere = door.add({"xh": ["desk"]})
    assert door.ask(here, "GET", f"/users/{elsewhere['id']}").status_code == 404
    assert door.ask(here, "POST", f"/users/{elsewhere['id']}/password", json={"password": PASSWORD}).status_code == 404
    listed = door.ask(here, "GET", "/users?limit=200").json()["items"]
    assert elsewhere["id"] not in [user["id"] for user in listed]


def test_who_is_not_an_administrator_manages_nobody(door: Door) -> None:
    desk = door.add({"*": ["desk", "manager"]})
    assert door.ask(desk, "GET", "/users").status_code == 403
    assert door.ask(desk, "POST", f"/users/{desk['id']}/grants", json={"project": "*", "roles": ["admin"]}).status_code == 403


def test_who_is_shut_out_is_told_no_more_than_a_stranger(door: Door) -> None:
    admin, user = door.add({"*": ["admin"]}), door.add({"yh": ["desk"]})
    assert door.ask(admin, "POST", f"/users/{user['id']}/deactivate", json={}).status_code == 200
    assert door.knock(user["username"], PASSWORD).status_code == 401
    assert door.ask(admin, "POST", f"/users/{user['id']}/activate", json={}).status_code == 200
    assert door.knock(user["username"], PASSWORD).status_code == 200


def test_a_password_is_changed_by_who_knows_the_old_one(door: Door) -> None:
    user = door.add({"yh": ["desk"]})
    new = "staple " + PASSWORD
    assert door.ask(user, "POST", "/me/password", json={"old": "wrong", "new": new}).status_code == 401
    short = door.ask(user, "POST", "/me/password", json={"old": PASSWORD, "new": "short"})
    assert short.status_code == 422 and short.json()["errors"][0]["field"] == "password"
    assert door.ask(user, "POST", "/me/password", json={"old": PASSWORD, "new": new}).status_code == 200
    assert door.knock(user["username"], PASSWORD).status_code == 401
    assert door.knock(user["username"], new).status_code == 200


def test_the_command_line_adds_and_lists_users(door: Door) -> None:
    name = f"c{secrets.token_hex(6)}"
    environ = {**door.system.environ, PASSWORD_VARIABLE: PASSWORD}
    added = CliRunner().invoke(command, ["add", name, "--role", "desk", "--project", "yh"], env=environ)
    assert added.exit_code == 0 and name in added.output, added.output
    assert door.knock(name, PASSWORD).json()["grants"] == {"yh": ["desk"]}
    listed = CliRunner().invoke(command, ["list"], env={**environ, "COLUMNS": "200"})
    assert name in listed.output, listed.output
