"""Somebody who goes on asking while parts of the system are away."""

from __future__ import annotations

import secrets
import string
import time
from dataclasses import dataclass
from typing import Any

import httpx

from steward.bus.client import OPERATOR, Client
from steward.bus.tokens import own_token
from steward.cli.demo import OPENED, open_project
from steward.testing.system import System
from steward.testing.waiting import eventually

LIMIT_S = 2.0
"""Within which a request must be answered, whatever is away."""
MARGIN_S = 1.5
"""For a machine that is shared by many; everything about time is asserted with it."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """One answer and how long it took, in seconds."""

    asked: str
    status: int
    retry_after: str | None
    took_s: float
    body: Json

    def refused(self) -> bool:
        """Whether it says: not now, come back."""
        return self.status in (503, 504) and (self.retry_after or "").isdigit()


class Caller:
    """Works in a project of its own, with a crew, as the operator."""

    def __init__(self, system: System, operator: Client) -> None:
        code = "".join(secrets.choice(string.ascii_uppercase) for _ in range(6))
        self.system, self.project = system, code.lower()
        open_project(operator, OPENED | {"id": self.project, "code": code})
        self._http = httpx.Client(base_url=f"{system.url}/v1", timeout=30)

    def close(self) -> None:
        self._http.close()

    def ask(self, method: str, path: str, **options: Any) -> Answer:
        """A request under the project."""
        headers = {"Authorization": f"Bearer {own_token(OPERATOR)}", **options.pop("headers", {})}
        started = time.monotonic()
        answer = self._http.request(method, f"/projects/{self.project}{path}", headers=headers, **options)
        took_s = time.monotonic() - started
        return Answer(f"{method} {path}", answer.status_code, answer.headers.get("Retry-After"), took_s, answer.json())

    def raise_ticket(self, key: str) -> Answer:
        """A ticket that the desk accepts at once; the same one for the same ``key``."""
        body = {"kind": "repair_public", "channel": "phone", "what": "lamp out", "place": "gate", "item": "lamp"}
        return self.ask("POST", "/tickets", json=body, headers={"Idempotency-Key": f"{self.project}-{key}"})

    def round(self, key: str) -> list[Answer]:
        """One write, and reads of three services."""
        return [self.raise_ticket(key), *(self.ask("GET", path) for path in ("/tickets", "/orders", "/clocks"))]

    def raised(self, key: str) -> str:
        """The id of the ticket once it is raised."""

        def look() -> str | None:
            answer = self.raise_ticket(key)
            assert answer.status == 201 or answer.refused(), answer
            return answer.body["id"] if answer.status == 201 else None

        return eventually(look, "the ticket is raised") or ""

    def dispatched(self, ticket: str) -> None:
        """Wait until the ticket has gone through tickets, dispatch and back."""
        eventually(lambda: self.ask("GET", f"/tickets/{ticket}").body.get("state") == "dispatched", "ticket is dispatched", 90)

    def number_of_tickets(self) -> int:
        answer = self.ask("GET", "/tickets")
        assert answer.status == 200, answer
        return len(answer.body["items"])
