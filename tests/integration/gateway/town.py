"""A project with units, a crew and people who may do things in it, made over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx

from steward.testing import patience
from steward.testing.waiting import eventually
from steward.times import now
from steward.trust.principals import EVERYWHERE, Principal, sign

PASSWORD = "a password for tests 1"


def token(key: str, role: str, project: str = EVERYWHERE, lifetime_s: float = 3600) -> str:
    """A token of somebody with ``role`` in ``project``."""
    return token_of(key, (role,), project, lifetime_s)


def token_of(key: str, roles: tuple[str, ...], project: str, lifetime_s: float = 3600) -> str:
    """A token of somebody with all of ``roles`` in ``project``."""
    return sign(Principal(f"user:{roles[0]}", roles[0], {project: roles}), key, now(), timedelta(seconds=lifetime_s))


@dataclass(frozen=True)
class Town:
    """``name`` is the project; ``unit`` one of its units."""

    url: str
    key: str
    name: str
    unit: str

    def as_(self, role: str) -> httpx.Client:
        """A client with the token of somebody with ``role`` in this project alone."""
        headers = {"Authorization": f"Bearer {token(self.key, role, self.name)}"}
        return patience.client(f"{self.url}/v1/projects/{self.name}", headers)

    def repair(self, **more: Any) -> dict[str, Any]:
        """What the desk sends for a leaking pipe."""
        leak = {"kind": "repair_home", "channel": "phone", "what": "水管漏水", "item": "pipe", "urgency": "urgent"}
        return {**leak, "unit": self.unit, "caller_name": "王女士", "caller_phone": "13812345678", **more}


def new_name() -> str:
    """A project that there is not yet."""
    return f"p{uuid4().hex[:10]}"


def found(url: str, key: str, name: str = "") -> Town:
    """A new project that tickets know of, with one unit and one engineer."""
    name = name or new_name()
    code = "".join(chr(65 + byte % 26) for byte in uuid4().bytes[:6])
    project = {"id": name, "code": code, "name": "颐和花园", "name_en": "Yihe Garden", "company": "acme"}
    with _admin(url, key) as admin:
        _good(admin.post("/projects", json=project))
        unit = _good(admin.post(f"/projects/{name}/units", json={"label": "3-2-501"}))
    town = Town(url, key, name, unit["id"])
    with town.as_("supervisor") as boss, town.as_("desk") as desk:
        engineer = {"code": "E1", "name": "Zhang", "department": "engineering", "user": "user:engineer"}
        _good(boss.post("/crew", json=engineer))
        probe = town.repair(kind="enquiry", item=None)
        eventually(lambda: desk.post("/tickets", json=probe).status_code == 201, "tickets have heard of the unit")
    return town


def add_user(url: str, key: str, username: str, project: str, roles: list[str]) -> None:
    """Somebody who can log in with PASSWORD."""
    user = {"username": username, "password": PASSWORD, "name": "李前台", "grants": {project: roles}}
    with _admin(url, key) as admin:
        _good(admin.post("/users", json=user))


def _admin(url: str, key: str) -> httpx.Client:
    return patience.client(f"{url}/v1", {"Authorization": f"Bearer {token(key, 'admin')}"})


def _good(response: httpx.Response) -> dict[str, Any]:
    assert response.is_success, response.text
    answer: dict[str, Any] = response.json()
    return answer
