"""One project of residents, asked over HTTP."""

from __future__ import annotations

import secrets
import string
from datetime import timedelta
from typing import Any

import httpx

from steward.bus.client import Client
from steward.testing import patience
from steward.testing.system import System
from steward.testing.waiting import eventually
from steward.times import now
from steward.trust.principals import Principal, sign

Json = dict[str, Any]
ROSTER_S = 120
"""For the greatest roster of these tests, on a busy machine."""
HEADER = "楼栋,单元,房号,面积,姓名,电话,关系,入住日期,身份证"


def roster(*rows: str) -> bytes:
    """A file of these rows."""
    return "\n".join((HEADER, *rows)).encode("gbk")


class Estate:
    """One project, asked over HTTP as somebody with a role in it."""

    def __init__(self, system: System, operator: Client) -> None:
        self.system, self.operator = system, operator
        self.code = "".join(secrets.choice(string.ascii_uppercase) for _ in range(6))
        self.project = self.code.lower()
        self.http = patience.client(f"{system.url}/v1")
        body = {"id": self.project, "code": self.code, "name": "云海", "name_en": "Cloud Sea", "company": "demo"}
        operator.call("residents", "open_project", within_s=20, body=body)

    def ask(self, method: str, path: str, role: str = "supervisor", where: str = "", **options: Any) -> httpx.Response:
        principal = Principal(f"user:{role}", role, {where or self.project: (role,)})
        token = sign(principal, self.system.settings.token_key, now(), timedelta(minutes=5))
        headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}
        return self.http.request(method, path.replace("~", f"/projects/{self.project}"), headers=headers, **options)

    def send(self, path: str, body: Json, **options: Any) -> Json:
        answer = self.ask("POST", path, json=body, **options)
        assert answer.is_success, answer.text
        found: Json = answer.json()
        return found

    def get(self, path: str, **options: Any) -> Json:
        answer = self.ask("GET", path, **options)
        assert answer.is_success, answer.text
        found: Json = answer.json()
        return found

    def load(self, content: bytes, query: str = "", **options: Any) -> Json:
        """The import of ``content`` at its end."""
        answer = self.ask("POST", f"~/roster?filename=a.csv{query}", content=content, **options)
        assert answer.status_code in (200, 202), answer.text
        return self.ended(answer.json())

    def ended(self, run: Json) -> Json:
        """``run`` once it has ended."""
        assert run["state"] != "failed", run
        return run if run["ended_at"] else eventually(lambda: self._ended(run["id"]), f"run {run['id']} ends", within_s=ROSTER_S)

    def _ended(self, run: str) -> Json | None:
        answer = self.ask("GET", f"~/roster-runs/{run}")
        assert answer.status_code in (200, 503), answer.text  # whoever works it off on a busy machine may not answer in time
        found: Json = answer.json()
        return found if found.get("ended_at") else None
