"""Projects and their duties, as people with roles work them over HTTP."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from types import TracebackType
from typing import Any

import httpx

from steward.bus.client import Client
from steward.testing import patience
from steward.testing.system import System
from steward.testing.waiting import eventually
from steward.times import now
from steward.trust.principals import Principal, sign

Json = dict[str, Any]
ZONES = {"abroad": "America/New_York"}


class Works:
    def __init__(self, system: System) -> None:
        self.system = system
        self._client = Client(system.settings)
        self._http = patience.client(f"{system.url}/v1/projects")

    def __enter__(self) -> Works:
        self._client.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.__exit__(kind, error, trace)
        self._http.close()

    def open_project(self, project: str) -> str:
        """Open ``project`` and wait until its duties are planned."""
        zone = ZONES.get(project, "Asia/Shanghai")
        body = {"id": project, "code": project.upper(), "name": project, "name_en": project, "timezone": zone, "company": "demo"}
        self._client.call("residents", "open_project", within_s=20, body=body)
        eventually(lambda: self.ask("GET", project, "/duties").status_code == 200, f"duties knows {project}")
        return project

    def ask(self, method: str, project: str, path: str, who: str = "security", of: str = "", **options: Any) -> httpx.Response:
        """A request under ``project`` as somebody who has the role ``who`` in the project ``of`` (default: that one)."""
        principal = Principal(f"user:{who}", who, {of or project: (who,)})
        token = sign(principal, self.system.settings.token_key, now(), timedelta(hours=1))
        headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}
        return self._http.request(method, f"/{project}{path}", headers=headers, **options)

    def get(self, project: str, path: str, who: str = "security", **query: Any) -> Json:
        answer = self.ask("GET", project, path, who, params=query)
        assert answer.is_success, answer.text
        found: Json = answer.json()
        return found

    def post(self, project: str, path: str, body: Json, who: str = "security", **options: Any) -> Json:
        answer = self.ask("POST", project, path, who, json=body, **options)
        assert answer.is_success, answer.text
        found: Json = answer.json()
        return found

    def assignments(self, project: str, **query: Any) -> list[Json]:
        """Every assignment of ``project`` that fits, the latest first."""
        found: list[Json] = []
        cursor: str | None = None
        while True:
            page = self.get(project, "/assignments", limit=50, **query, **({"cursor": cursor} if cursor else {}))
            found += page["items"]
            cursor = page["next"]
            if not cursor:
                return found

    def first_open(self, project: str, duty: str) -> Json:
        """An open assignment of ``duty``."""
        return eventually(lambda: self.assignments(project, duty=duty, state="open"), f"{duty} opened")[-1]

    def events(self, project: str, duty: str, service: str = "duties") -> list[Json]:
        """Every event about ``duty`` in the journal of ``service``."""
        told: dict[str, Json] = {}
        after = 0
        while True:
            page = self._client.call(service, "journal_page", within_s=20, project=project, after=after, limit=500)
            fresh = [entry for entry in page if entry["key"] not in told]
            told.update((entry["key"], entry) for entry in fresh)
            if not fresh:
                break
            after = max(entry["order"] for entry in page)
        return [event for entry in told.values() for event in entry["events"] if event["data"].get("duty") == duty]

    def opened(self, project: str, duty: str) -> Counter[str]:
        """How often each occurrence of ``duty`` was opened."""
        return Counter(event["data"]["occurrence"] for event in self.events(project, duty) if event["type"] == "duties.opened")

    def clocks(self, project: str, assignment: Json) -> list[Json]:
        """What clocks told about ``assignment``, in order."""
        matter = f"duties/{assignment['id']}"
        told: list[Json] = self._client.call("clocks", "timeline", within_s=20, project=project, matter=matter)
        return told

    def dead_letters(self, service: str) -> list[Json]:
        page: Json = self._client.call(service, "dead_letters", within_s=20, query={})
        found: list[Json] = page["items"]
        return found
