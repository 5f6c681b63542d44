"""Stands for the services that clocks hears: publishes their events, reads what clocks made of them."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any

import httpx

from steward.bus.client import Client
from steward.bus.envelope import CONTENT_TYPE, Envelope
from steward.ids import new_id
from steward.testing import patience
from steward.testing.bus import teller
from steward.testing.system import System
from steward.times import now
from steward.trust.principals import Principal, sign

QUEUE = "clocks.on_event"
ENQUIRY = {
    "number": "YH-2611-00042",
    "kind": "enquiry",
    "urgency": "normal",
    "channel": "phone",
    "department": "desk",
    "unit": None,
    "place": None,
    "item": None,
    "round": 1,
    "to_dispatch": False,
    "difficulty": None,
    "has_phone": True,
    "appointment_at": None,
    "by": "user:li",
    "order": "01k-1",
}
"""Starts one clock only, that of the desk: 5 minutes."""


class Office:
    def __init__(self, system: System) -> None:
        self.system = system
        self._publishing = teller(system.environ)
        self._client = Client(system.settings)
        self._http = patience.client(f"{system.url}/v1")

    def __enter__(self) -> Office:
        self._client.__enter__()
        self._producer = self._publishing.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.__exit__(kind, error, trace)
        self._http.close()
        self._publishing.__exit__(kind, error, trace)

    def tell(self, name: str, ticket: str, version: int, at: datetime | None = None, project: str = "yh", **data: Any) -> Envelope:
        """Publish ``tickets.{name}`` of ``ticket``, as it happened ``at`` (default: now)."""
        event = Envelope(
            id=new_id(),
            type=f"tickets.{name}",
            subject=f"tickets/{ticket}",
            time=at or now(),
            data={**ENQUIRY, **data},
            project=project,
            matter=f"tickets/{ticket}",
            version=version,
            actor="user:li",
            correlation=new_id(),
        )
        self.send(event)
        return event

    def send(self, event: Envelope, queue: str = QUEUE) -> None:
        """Put ``event`` into the queue of clocks, or of another handler."""
        self._producer.publish(
            event.encode(), exchange="", routing_key=queue, message_id=event.id, content_type=CONTENT_TYPE, delivery_mode=2
        )

    def facts(self, ticket: str, project: str = "yh") -> list[dict[str, Any]]:
        """What clocks told about ``ticket``, in order."""
        events: list[dict[str, Any]] = self._client.call("clocks", "timeline", within_s=20, project=project, matter=f"tickets/{ticket}")
        return events

    def told(self, ticket: str, project: str = "yh") -> Counter[str]:
        """How often each kind of fact was told about ``ticket``."""
        return Counter(fact["type"] for fact in self.facts(ticket, project))

    def get(self, path: str, role: str = "desk", project: str = "yh", **query: Any) -> httpx.Response:
        """GET ``path`` under ``/v1`` as somebody with ``role`` in ``project``."""
        return self._http.get(path, params=query, headers=self._as(role, project))

    def post(self, path: str, body: dict[str, Any], role: str = "desk", project: str = "yh") -> httpx.Response:
        """POST ``body`` to ``path`` under ``/v1`` as somebody with ``role`` in ``project``."""
        headers = self._as(role, project) | {"Idempotency-Key": new_id()}
        return self._http.post(path, json=body, headers=headers)

    def _as(self, role: str, project: str) -> dict[str, str]:
        principal = Principal("user:li", "李", {project: (role,)})
        token = sign(principal, self.system.settings.token_key, now(), timedelta(hours=1))
        return {"Authorization": f"Bearer {token}"}
