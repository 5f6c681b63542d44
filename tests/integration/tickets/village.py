"""A small project with people in every role, worked over HTTP as its users work it."""

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
PHONE = "13812345678"
NAME = "张三丰"


class Village:
    """One project of its own with one unit; ``crew`` engineers are enrolled."""

    def __init__(self, system: System, operator: Client, crew: tuple[str, ...] = ()) -> None:
        self.system, self.operator = system, operator
        self.code = "".join(secrets.choice(string.ascii_uppercase) for _ in range(6))
        self.project = self.code.lower()
        self._http = patience.client(f"{system.url}/v1")
        body = {"id": self.project, "code": self.code, "name": "云海花园", "name_en": "Cloud Sea", "company": "demo"}
        operator.call("residents", "open_project", within_s=20, body=body)
        unit = operator.call("residents", "register_unit", within_s=20, project=self.project, body={"label": "3-2-501"})
        self.unit = unit["id"]
        for engineer in crew:
            self.enrol(engineer)
        eventually(self._known, "tickets knows the unit")

    def close(self) -> None:
        self._http.close()

    def ask(self, method: str, path: str, role: str = "desk", user: str | None = None, **options: Any) -> httpx.Response:
        """A request under the project, as somebody who has ``role`` here."""
        principal = Principal(f"user:{user or role}", role, {self.project: (role,)})
        token = sign(principal, self.system.settings.token_key, now(), timedelta(minutes=5))
        headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}
        return self._http.request(method, f"/projects/{self.project}{path}", headers=headers, **options)

    def post(self, path: str, body: Json | None = None, role: str = "desk", **options: Any) -> Json:
        answer = self.ask("POST", path, role, json=body or {}, **options)
        assert answer.is_success, answer.text
        result: Json = answer.json()
        return result

    def get(self, path: str, role: str = "desk") -> Json:
        answer = self.ask("GET", path, role)
        assert answer.is_success, answer.text
        result: Json = answer.json()
        return result

    def enrol(self, code: str, **more: Any) -> Json:
        body = {"code": code, "name": code, "department": "engineering", "shift": "any", **more}
        return self.post("/crew", body, "supervisor")

    def intake(self, **more: Any) -> Json:
        return {
            "kind": "repair_home", "channel": "phone", "what": f"{NAME}'s tap drips", "unit": self.unit, "item": "tap",
            "caller_name": NAME, "caller_phone": PHONE, **more,
        }  # fmt: skip

    def raise_ticket(self, **more: Any) -> Json:
        return self.post("/tickets", self.intake(**more))

    def command(self, ticket: Json, command: str, role: str = "desk", **body: Any) -> Json:
        return self.post(f"/tickets/{ticket['id']}/{command}", body, role)

    def ticket_in(self, ticket: Json, state: str) -> Json:
        """The ticket once it is in ``state``."""

        def look() -> Json | None:
            found = self.get(f"/tickets/{ticket['id']}")
            return found if found["state"] == state else None

        return eventually(look, f"ticket in {state}")  # type: ignore[return-value]

    def order_in(self, ticket: Json, state: str, engineer: str | None = None, turn: int = 1) -> Json:
        """The ticket's order of round ``turn`` once it is in ``state``, with ``engineer`` if one is named."""

        def look() -> Json | None:
            answer = self.ask("GET", f"/orders/{ticket['id']}-{turn}")
            order: Json = answer.json()
            fits = answer.status_code == 200 and order["state"] == state and engineer in (None, order["engineer"])
            return order if fits else None

        return eventually(look, f"order {state} {engineer or ''}")  # type: ignore[return-value]

    def take(self, ticket: Json, turn: int = 1) -> Json:
        order = self.order_in(ticket, "offered", turn=turn)
        return self.post(f"/orders/{order['id']}/take", {"engineer": order["engineer"]})

    def events(self, ticket: Json) -> list[Json]:
        """What every service published about the ticket."""
        found = []
        for service in ("tickets", "dispatch", "clocks", "notify"):
            matter = f"tickets/{ticket['id']}"
            found += self.operator.call(service, "timeline", within_s=20, project=self.project, matter=matter)
        return found

    def _known(self) -> bool:
        answer = self.ask("POST", "/tickets", json=self.intake(kind="enquiry", channel="web"))
        return answer.status_code == 201
