"""The log-in, and what one can ask with a token."""

from __future__ import annotations

import secrets
from typing import Any

import httpx

from steward.bus.client import Client
from steward.testing.system import System
from steward.testing.waiting import eventually

Json = dict[str, Any]
PASSWORD = "correct horse battery"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"


class Door:
    """Adds users, logs in as them and asks."""

    def __init__(self, system: System, operator: Client) -> None:
        self.system, self.operator = system, operator
        self.http = httpx.Client(base_url=f"{system.url}/v1", timeout=30)

    def add(self, grants: dict[str, list[str]]) -> Json:
        username = f"u{secrets.token_hex(6)}"
        body = {"username": username, "password": PASSWORD, "name": "李娜", "grants": grants}
        user: Json = self.operator.call("identity", "add_user", within_s=20, body=body)
        return user

    def knock(self, username: str, password: str, **options: Any) -> httpx.Response:
        return self.http.post("/auth/token", json={"username": username, "password": password}, **options)

    def token(self, user: Json, **more: str) -> Json:
        """The answer to a log-in that succeeds, however busy the machine."""
        body = {"username": user["username"], "password": PASSWORD, **more}

        def knock() -> Json | None:
            answer = self.http.post("/auth/token", json=body, headers={"User-Agent": FIREFOX})
            assert answer.status_code in (200, 503, 504), answer.text
            return answer.json() if answer.status_code == 200 else None

        return eventually(knock, "log-in") or {}

    def with_token(self, token: Json, method: str, path: str, **options: Any) -> httpx.Response:
        """Ask in the session of ``token``."""
        return self.http.request(method, path, headers={"Authorization": f"Bearer {token['access_token']}"}, **options)

    def ask(self, user: Json, method: str, path: str, **options: Any) -> httpx.Response:
        token = eventually(lambda: self.knock(user["username"], PASSWORD).json().get("access_token"), "log-in, however busy the machine")
        return self.http.request(method, path, headers={"Authorization": f"Bearer {token}"}, **options)
