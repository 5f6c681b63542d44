"""Raising the requests through the HTTP API: at a rate, by several callers, until each is acknowledged."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from steward.replay.mapping import Request
from steward.times import iso, now

GIVE_UP_S = 120.0
_PAUSES_S = (0.1, 0.25, 0.5, 1.0)
_COME_BACK = {429, 500, 502, 503, 504}


@dataclass(frozen=True)
class Outcome:
    """What became of one request: the ticket's id when it was acknowledged, else the answer that refused it."""

    key: str
    line: int
    ticket: str | None
    acknowledged_at: str
    tries: int
    refusal: str = ""


class Progress:
    """Outcomes on disk, one JSON line each: what makes a replay resumable."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self._lock = path, threading.Lock()

    def read(self) -> dict[str, Outcome]:
        """Acknowledged requests so far, by key. A last line cut short by a crash is passed over."""
        if not self.path.exists():
            return {}
        found = {}
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                outcome = Outcome(**json.loads(line))
            except (ValueError, TypeError):
                continue
            if outcome.ticket:
                found[outcome.key] = outcome
        return found

    def add(self, outcome: Outcome) -> None:
        """Keep ``outcome``."""
        with self._lock, self.path.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(asdict(outcome)) + "\n")


class Feeder:
    """Posts tickets of one project. ``prefix`` keeps the keys of one file apart from those of another."""

    def __init__(self, url: str, token: Callable[[], str], project: str, prefix: str) -> None:
        self._path, self._token, self._prefix = f"/v1/projects/{project}/tickets", token, prefix
        self._http = httpx.Client(base_url=url, timeout=10.0)
        self._broken_off = threading.Event()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def feed(self, requests: Iterable[Request], callers: int, rate: float | None, done: Callable[[Outcome], None]) -> None:
        """Post all ``requests``, ``rate`` a second at most; ``done`` is called with each outcome, in this thread.

        Broken off (Ctrl-C), it ends as soon as what is under way has been answered; whatever was not told to ``done``
        may have been raised all the same, and is raised no second time when it is posted again.
        """
        start = time.monotonic()
        with ThreadPoolExecutor(callers, thread_name_prefix="caller") as pool:
            futures = [pool.submit(self._at, start + (n / rate if rate else 0), request) for n, request in enumerate(requests)]
            try:
                for future in as_completed(futures):
                    done(future.result())
            except BaseException:
                self._broken_off.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _at(self, moment: float, request: Request) -> Outcome:
        self._broken_off.wait(max(moment - time.monotonic(), 0))
        return self.post(request)

    def post(self, request: Request) -> Outcome:
        """Post one request until it is answered; the same key each time, so it is raised once."""
        deadline = time.monotonic() + GIVE_UP_S
        tries = 0
        refusal = "no answer"
        while time.monotonic() < deadline and not self._broken_off.is_set():
            tries += 1
            try:
                answer = self._http.post(self._path, json=request.body, headers=self._headers(request))
            except httpx.HTTPError as error:
                refusal = type(error).__name__
            else:
                if answer.status_code == httpx.codes.CREATED:
                    return Outcome(request.key, request.line, answer.json()["id"], iso(now()), tries)
                refusal = f"{answer.status_code} {answer.text[:300]}"
                if answer.status_code not in _COME_BACK:
                    break
            self._broken_off.wait(_PAUSES_S[min(tries, len(_PAUSES_S)) - 1])
        return Outcome(request.key, request.line, None, iso(now()), tries, refusal)

    def _headers(self, request: Request) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token()}", "Idempotency-Key": f"{self._prefix}-{request.key}"}
