"""Connections beyond what the gateway keeps open, on real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import eventlet
import pytest

from gateway.crowd import Crowd
from gateway.web import GatewayServer
from tests.unit.gateway.example import LIMITS, front
from tests.unit.gateway.listening import connect, listening

MOST = 3
ASK = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(params=["connections", "connections_each"])
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[GatewayServer]:
    crowded = replace(front(), limits=replace(LIMITS, **{request.param: MOST}))
    with listening(crowded, monkeypatch) as server:
        yield server


def answer(connection: Any, ask: bytes = ASK) -> bytes:
    connection.sendall(ask)
    with eventlet.Timeout(5):
        return bytes(connection.recv(65_536))


def test_one_too_many_is_told_to_come_back_and_may_when_another_has_left(server: GatewayServer) -> None:
    kept = [connect(server) for _ in range(MOST)]
    assert all(answer(one).startswith(b"HTTP/1.1 200") for one in kept)
    refused = answer(connect(server))
    assert refused.startswith(b"HTTP/1.1 503") and b"Retry-After: " in refused and b"Connection: close" in refused
    kept.pop().close()
    with eventlet.Timeout(5):
        while len(server.crowd()) >= MOST:
            eventlet.sleep(0.001)
    assert answer(connect(server)).startswith(b"HTTP/1.1 200")


def test_one_too_many_that_asks_for_nothing_is_told_too(server: GatewayServer) -> None:
    kept = [connect(server) for _ in range(MOST)]
    eventlet.sleep(0)
    assert answer(connect(server), b"").startswith(b"HTTP/1.1 503")
    assert all(answer(one).startswith(b"HTTP/1.1 200") for one in kept)


def test_one_address_leaves_room_for_others() -> None:
    crowd = Crowd(replace(LIMITS, connections=4, connections_each=2))
    assert [crowd.take("192.0.2.1") for _ in range(3)] == [True, True, False]
    assert [crowd.take("2001:db8::1"), crowd.take("2001:db8::2"), crowd.take("192.0.2.2")] == [True, True, False]
    crowd.left("192.0.2.1")
    assert crowd.take("192.0.2.2")


def test_behind_a_proxy_of_ours_all_come_from_one_address() -> None:
    crowd = Crowd(replace(LIMITS, proxies=1, connections=4, connections_each=2))
    assert [crowd.take("192.0.2.1") for _ in range(5)] == [True] * 4 + [False]


def test_a_connection_that_cannot_be_taken_does_not_end_the_taking(server: GatewayServer, monkeypatch: pytest.MonkeyPatch) -> None:
    taking, failures = server._sock.accept, [OSError(24, "Too many open files")] * 2

    def accept() -> Any:
        if failures:
            raise failures.pop()
        return taking()

    monkeypatch.setattr(server._sock, "accept", accept)
    waiting = connect(server)  # wakes the accept that was under way before the patch
    assert answer(waiting).startswith(b"HTTP/1.1 200")
    assert answer(connect(server)).startswith(b"HTTP/1.1 200")
    assert not failures
