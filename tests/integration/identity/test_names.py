"""What those are called who did something, told to those who meet them in a project, and to nobody else."""

from __future__ import annotations

from datetime import timedelta

from steward.times import iso, now
from tests.integration.identity.door import Door, Json


def named(door: Door, token: Json, project: str, *by: str) -> dict[str, str]:
    answer = door.with_token(token, "GET", f"/projects/{project}/names", params={"by": by})
    assert answer.status_code == 200, answer.text
    return {one["id"]: one["name"] for one in answer.json()["items"]}


def test_colleagues_and_programs_have_names_even_once_they_are_gone_and_strangers_have_none(door: Door) -> None:
    admin = door.token(door.add({"yh": ["admin"], "xh": ["admin"]}))
    body = {"name": "门禁系统", "grants": {"yh": ["desk"]}, "expires_at": iso(now() + timedelta(days=9))}
    key = door.with_token(admin, "POST", "/api-keys", json=body).json()["id"]
    gone, elsewhere, desk = door.add({"yh": ["cashier"]}), door.add({"xh": ["desk"]}), door.token(door.add({"yh": ["desk"]}))
    assert door.with_token(admin, "POST", f"/users/{gone['id']}/grants", json={"project": "yh", "roles": []}).status_code == 200
    assert door.with_token(admin, "POST", f"/api-keys/{key}/end").status_code == 200
    owner = door.add({"yh": ["resident"]})
    ids = f"user:{gone['id']}", f"key:{key}", f"user:{elsewhere['id']}", f"user:{owner['id']}", "user:nobody", "service:residents"
    assert named(door, desk, "yh", *ids) == {ids[0]: "李娜", ids[1]: "门禁系统"}
    assert named(door, admin, "xh", *ids) == {ids[2]: "李娜"}
    assert door.with_token(desk, "GET", "/projects/xh/names", params={"by": ids}).status_code == 403
    assert door.ask(owner, "GET", "/projects/yh/names", params={"by": ids}).status_code == 403
    chosen = {one["id"] for one in door.with_token(admin, "GET", "/projects/xh/names").json()["items"]}
    assert ids[2] in chosen and ids[0] not in chosen
    for wrong in ({"by": "x" * 200}, {"by": [f"user:{n}" for n in range(101)]}):
        refused = door.with_token(desk, "GET", "/projects/yh/names", params=wrong)
        assert refused.status_code == 422 and refused.json()["errors"][0]["field"].startswith("by"), refused.text
