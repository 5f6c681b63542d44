"""People who are there and people who are not, and clocks that run out over them."""

from __future__ import annotations

import secrets
from datetime import timedelta
from types import TracebackType
from typing import Any

import httpx
from pymongo import MongoClient

from steward.bus.client import Client
from steward.bus.envelope import Envelope
from steward.ids import new_id
from steward.testing import patience
from steward.testing.system import System
from steward.testing.waiting import eventually
from steward.times import iso, now
from steward.trust.principals import Principal, sign
from tests.integration.clocks.office import Office

Json = dict[str, Any]
ADMIN = Principal("user:admin", "管理员", {"*": ("admin",)})


class House:
    """A company: its people come and go over HTTP, and its tickets are never accepted."""

    def __init__(self, system: System) -> None:
        self.system, self.office, self.operator = system, Office(system), Client(system.settings)
        self._http = patience.client(f"{system.url}/v1")
        self._store = MongoClient[Json](system.settings.mongo_uri)

    def __enter__(self) -> House:
        self.office.__enter__()
        self.operator.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.operator.__exit__(kind, error, trace)
        self.office.__exit__(kind, error, trace)
        self._http.close()
        self._store.close()

    def staff(self, *roles: str) -> tuple[str, dict[str, str]]:
        """A new project, and the id of a user for each of ``roles`` there; clocks has heard of them."""
        project = f"p{secrets.token_hex(5)}"
        return project, {role: self.hire(project, role) for role in roles}

    def hire(self, project: str, role: str) -> str:
        """A user who holds ``role`` in ``project``."""
        body = {"username": f"u{secrets.token_hex(6)}", "password": "correct horse battery", "name": "李娜", "grants": {project: [role]}}
        user: Json = self.operator.call("identity", "add_user", within_s=20, body=body)
        self._heard(user)
        return str(user["id"])

    def ask(self, path: str, body: Json | None = None, **query: Any) -> httpx.Response:
        """GET, or POST of ``body``, as the administrator."""
        return self.ask_as(ADMIN, path, body, **query)

    def ask_as(self, who: Principal, path: str, body: Json | None = None, **query: Any) -> httpx.Response:
        token = sign(who, self.system.settings.token_key, now(), timedelta(hours=1))
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": new_id()}
        return self._http.request("GET" if body is None else "POST", path, params=query, json=body, headers=headers)

    def changed(self, path: str, body: Json | None = None) -> Json:
        """Change a user; clocks has heard of it."""
        answer = self.ask(f"/users/{path}", body or {})
        assert answer.status_code == 200, answer.text
        user: Json = answer.json()
        self._heard(user)
        return user

    def leave(self, user: str, since: timedelta = timedelta(minutes=-1), until: timedelta = timedelta(hours=1)) -> Json:
        """``user`` is on leave from ``since`` to ``until``, seen from now."""
        return self.changed(f"{user}/absences", {"from": iso(now() + since), "until": iso(now() + until)})

    def stand(self, user: str, version: int, grants: dict[str, list[str]]) -> None:
        """Tell clocks, and nobody else, what ``user`` is as of ``version``."""
        data = {"user": user, "active": True, "grants": grants, "away": []}
        about = f"identity/{user}"
        event = Envelope(new_id(), "identity.standing_changed", about, now(), data, "*", about, version, "user:admin", new_id())
        self.office.send(event, "clocks.on_standing")

    def known(self, user: str) -> Json:
        """What clocks has kept of ``user``."""
        kept = self._store["steward_clocks"]["staff"].find_one({"_id": user})
        assert kept is not None
        return kept

    def breached(self, project: str, ago_s: float = 301) -> tuple[str, Json]:
        """A ticket that was raised ``ago_s`` seconds ago and never accepted, and the event that tells of it."""
        ticket = new_id()
        self.office.tell("raised", ticket, 1, at=now() - timedelta(seconds=ago_s), project=project)
        found = eventually(lambda: self._told(ticket, project), "the breach is told")
        return ticket, found

    def _told(self, ticket: str, project: str) -> Json | None:
        facts = self.office.facts(ticket, project)
        return next((fact["data"] for fact in facts if fact["type"] == "clocks.breached"), None)

    def tasks(self, project: str, **query: Any) -> list[Json]:
        """Messages of ``project`` that are to be worked off."""
        items: list[Json] = self.operator.call("notify", "messages", within_s=20, project=project, query={"state": "to_call", **query})[
            "items"
        ]
        return items

    def _heard(self, user: Json) -> None:
        kept = self._store["steward_clocks"]["staff"]
        eventually(lambda: (kept.find_one({"_id": user["id"]}) or {}).get("told", 0) >= user["version"], "clocks has heard of the user")
