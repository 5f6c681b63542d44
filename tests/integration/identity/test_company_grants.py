"""Roles in a company over the real system: in all its projects, those to come too, and in no other's."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from pymongo import MongoClient

from steward.errors import BadInput
from steward.testing.waiting import eventually
from steward.times import iso, now
from steward.trust.principals import verify
from tests.integration.identity.door import Door, Json


def named(kind: str) -> str:
    return f"{kind}-{secrets.token_hex(4)}"


def opened(door: Door, company: str) -> str:
    """A new project of ``company``."""
    project = named("p")
    code = "".join(secrets.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(6))
    body = {"id": project, "code": code, "name": "云海", "name_en": "Sea", "company": company}
    door.operator.call("residents", "open_project", within_s=20, body=body)
    return project


def employed(door: Door, grants: dict[str, list[str]]) -> Json:
    """A user with ``grants``, as soon as the companies in them are known."""

    def add() -> Json | None:
        try:
            return door.add(grants)
        except BadInput:
            return None

    return eventually(add, "the company is known") or {}


def roles(door: Door, token: Json, project: str) -> list[str]:
    answer = door.with_token(token, "GET", f"/projects/{project}/rights")
    return answer.json()["roles"] if answer.status_code == 200 else []


def listed(door: Door, token: Json) -> set[str]:
    return {one["id"] for one in door.with_token(token, "GET", "/projects?limit=200").json()["items"]}


def test_roles_in_a_company_hold_in_its_projects_those_to_come_too_and_in_no_others(door: Door) -> None:
    company, other = named("c"), named("c")
    here, there, foreign = opened(door, company), opened(door, company), opened(door, other)
    given = {f"company:{company}": ["manager"]}
    user = employed(door, given)
    assert user["grants"] == given
    token = eventually(lambda: held if roles(door, held := door.token(user), there) else None, "both projects are known") or {}
    assert token["grants"] == door.with_token(token, "GET", "/me").json()["grants"] == given
    assert listed(door, token) == {here, there} and not roles(door, token, foreign)

    later = opened(door, company)
    eventually(lambda: roles(door, token, later) == ["manager"], "the running session may work in the new project")
    with MongoClient[Json](door.system.settings.mongo_uri) as store:
        staff = store["steward_clocks"]["staff"]
        called = eventually(lambda: staff.find_one({"_id": user["id"], "places": later}), "it can be called upon there") or {}
    assert {here, there, later} <= set(called["places"]) and foreign not in called["places"]

    admin = door.token(employed(door, {f"company:{company}": ["admin"]}))
    path = f"/users/{user['id']}/grants"
    taken = door.with_token(admin, "POST", path, json={"project": f"company:{company}", "roles": []})
    assert taken.status_code == 200, taken.text
    eventually(lambda: not any(roles(door, token, project) for project in (here, there, later)), "it is taken away at once")


def test_who_grants_in_a_company_must_hold_the_right_in_the_whole_of_it(door: Door) -> None:
    company, other = named("c"), named("c")
    here, _ = opened(door, company), opened(door, other)
    boss, local = door.token(employed(door, {f"company:{company}": ["admin"]})), door.token(door.add({here: ["admin"]}))
    user, of_all = door.add({here: ["desk"]}), door.token(door.add({"*": ["admin"]}))
    colleague = employed(door, {f"company:{company}": ["desk"]})

    def grant(token: Json, project: str) -> int:
        body = {"project": project, "roles": ["manager"]}
        return door.with_token(token, "POST", f"/users/{user['id']}/grants", json=body).status_code

    eventually(lambda: grant(boss, here) == 200, "the company's administrator is one in its project")
    assert [grant(boss, f"company:{company}"), grant(boss, f"company:{other}"), grant(boss, "*")] == [200, 403, 403]
    assert [grant(local, f"company:{company}"), grant(local, f"company:{named('none')}")] == [403, 403]
    unknown = {"project": f"company:{named('none')}", "roles": ["desk"]}
    refused = door.with_token(of_all, "POST", f"/users/{user['id']}/grants", json=unknown)
    assert refused.status_code == 422 and refused.json()["errors"][0]["field"] == "project"
    assert door.with_token(boss, "GET", f"/users/{colleague['id']}").json()["grants"] == colleague["grants"]
    assert door.with_token(local, "GET", f"/users/{colleague['id']}").status_code == 404
    assert door.with_token(boss, "GET", f"/projects/company:{company}/units").status_code == 422


def test_a_key_for_a_company_opens_its_projects(door: Door) -> None:
    company = named("c")
    here = opened(door, company)
    boss = door.token(employed(door, {f"company:{company}": ["admin"]}))
    body = {"name": "报表", "grants": {f"company:{company}": ["auditor"]}, "expires_at": iso(now() + timedelta(days=9))}
    made = door.with_token(boss, "POST", "/api-keys", json=body)
    assert made.status_code == 201 and made.json()["grants"] == body["grants"], made.text
    token = door.http.post("/auth/token", json={"api_key": made.json()["api_key"]}).json()
    principal = verify(token["access_token"], door.system.settings.token_key)
    assert principal.roles(here) == {"auditor"} and token["grants"] == body["grants"]


def test_no_grant_misses_a_project_that_is_opened_at_the_same_moment(door: Door) -> None:
    company = named("c")
    opened(door, company)
    boss = door.token(employed(door, {f"company:{company}": ["admin"]}))
    admin, users = door.token(door.add({"*": ["admin"]})), [door.add({"yh": ["desk"]}) for _ in range(4)]

    def grant(user: Json) -> None:
        body = {"project": f"company:{company}", "roles": ["desk"]}
        eventually(lambda: door.with_token(admin, "POST", f"/users/{user['id']}/grants", json=body).is_success, "it is granted")

    with ThreadPoolExecutor(5) as pool:
        granted, later = pool.map(grant, users), pool.submit(opened, door, company).result()
        list(granted)
    eventually(lambda: later in listed(door, boss), "the project is known")
    with MongoClient[Json](door.system.settings.mongo_uri) as store:
        kept = store["steward_identity"]["users"].find({"_id": {"$in": [user["id"] for user in users]}})
        assert all(later in user["estates"][f"company:{company}"] for user in kept)
