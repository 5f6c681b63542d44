from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from eventlet import Timeout
from werkzeug.test import Client

from gateway.house import Front, House
from gateway.problems import problem
from gateway.web import Application, GatewayServer
from steward.errors import Unavailable
from steward.trust.principals import Principal, sign
from tests.unit.gateway.example import KEY, LIMITS, front

FRONT: Front = front()
PATH = "/v1/projects/yh/parcels"
DESK = Principal("user:li", "Li", {"yh": ("desk",)})
KNOWN = {"Authorization": "Bearer " + sign(DESK, KEY, datetime.now(UTC), timedelta(hours=1))}


class Broken:
    """An entrypoint whose worker fails."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def work(self, *_: object) -> None:
        raise self._error


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[GatewayServer]:
    monkeypatch.setattr(House, "front", lambda _: FRONT)
    yield GatewayServer()


def test_beyond_the_limit_requests_are_refused_at_once_and_probes_are_not(server: GatewayServer) -> None:
    client = Client(Application(server))
    server.admission().in_flight = LIMITS.in_flight
    refused = client.get(PATH, headers=KNOWN)
    assert refused.status_code == 503
    least, most = LIMITS.load.retry_after_s
    assert least <= int(refused.headers["Retry-After"]) <= most
    usual = problem(Unavailable("more requests than can be worked on", retry_after_s=int(refused.headers["Retry-After"])), "r-1")
    again = client.get(PATH, headers=KNOWN | {"X-Request-Id": "r-1"})
    assert json.loads(again.data) | {"retry_after_s": 0} == json.loads(usual.get_data()) | {"retry_after_s": 0}
    assert again.headers["X-Content-Type-Options"] == "nosniff" and again.headers["X-Request-Id"] == "r-1"
    for path in ("/openapi.json", "/metrics", "/healthz"):
        assert client.get(path).status_code == 200
    assert server.admission().in_flight == LIMITS.in_flight


def test_nobody_known_is_told_so_without_a_worker(server: GatewayServer) -> None:
    assert Client(Application(server)).get(PATH).status_code == 401


@pytest.mark.parametrize(("error", "status"), [(KeyError("secret"), 500), (Timeout(), 504), (BrokenPipeError(), 503)])
def test_whatever_fails_becomes_a_problem_document(
    server: GatewayServer, monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int
) -> None:
    monkeypatch.setattr(server, "entrypoint", lambda: Broken(error))
    response = Client(Application(server)).get(PATH, headers={"X-Request-Id": "r-1", **KNOWN})
    assert (response.status_code, response.headers["X-Request-Id"]) == (status, "r-1")
    assert json.loads(response.data)["instance"] == "urn:steward:request:r-1" and b"secret" not in response.data
    assert (server.admission().in_flight, server.writing) == (0, 0)


def test_a_gateway_that_stops_says_so(server: GatewayServer) -> None:
    assert Client(Application(server)).get(PATH, headers=KNOWN).status_code == 503


@pytest.mark.parametrize("path", ["/", "/nowhere", "/openapi.json", PATH])
def test_every_answer_carries_what_keeps_a_browser_safe(server: GatewayServer, path: str) -> None:
    headers = Client(Application(server)).get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"]


def test_head_has_the_headers_of_get_and_no_body(server: GatewayServer) -> None:
    response = Client(Application(server)).head("/openapi.json")
    assert (response.status_code, response.data) == (200, b"")
