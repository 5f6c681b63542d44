"""Alive and ready, judged by progress: a process that is up but deaf is not alive."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

Check = Callable[[], bool]
Telling = Callable[[], str]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class Board:
    """The checks of one process."""

    def __init__(self) -> None:
        self._alive: dict[str, Check] = {}
        self._ready: dict[str, Check] = {}
        self._details: dict[str, Telling] = {}

    def alive(self, name: str, check: Check) -> None:
        """``check`` must hold, or the process should be restarted."""
        self._alive[name] = check

    def ready(self, name: str, check: Check) -> None:
        """``check`` must hold for the process to be of use."""
        self._ready[name] = check

    def detail(self, name: str, tell: Telling) -> None:
        """``tell`` says what an operator wants to know, and is no condition."""
        self._details[name] = tell

    def details(self) -> dict[str, str]:
        """What each detail says now."""
        return {name: tell() for name, tell in self._details.items()}

    def health(self) -> tuple[bool, dict[str, bool]]:
        """Whether the process makes progress, and each check's answer."""
        return _judge(self._alive)

    def readiness(self) -> tuple[bool, dict[str, bool]]:
        """Whether the process can do its work, and each check's answer."""
        return _judge(self._ready)


class Underway:
    """Work that has begun and not ended, each with a time after which it counts as stuck."""

    def __init__(self) -> None:
        self._late_at: dict[object, float] = {}

    def begin(self, work: object, most_s: float) -> None:
        """``work`` begins; it should have ended in ``most_s`` seconds."""
        self._late_at[work] = monotonic() + most_s

    def end(self, work: object) -> None:
        """``work`` has ended, however it did."""
        self._late_at.pop(work, None)

    def in_time(self) -> bool:
        """Whether nothing is stuck."""
        return monotonic() <= min(self._late_at.values(), default=math.inf)


def _judge(checks: dict[str, Check]) -> tuple[bool, dict[str, bool]]:
    answers = {name: bool(check()) for name, check in checks.items()}
    return all(answers.values()), answers


board = Board()
"""The board of this process."""


def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """WSGI: ``/healthz``, ``/readyz`` and ``/metrics`` of this process."""
    path = environ["PATH_INFO"]
    if path == "/metrics":
        start_response("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
        return [generate_latest()]
    judge = {"/healthz": board.health, "/readyz": board.readiness}.get(path)
    if judge is None:
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"not found\n"]
    good, answers = judge()
    start_response("200 OK" if good else "503 Service Unavailable", [("Content-Type", "application/json")])
    details = board.details() if judge == board.readiness else {}
    return [json.dumps({"ok": good, "checks": answers, **({"details": details} if details else {})}).encode()]
