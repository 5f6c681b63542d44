"""Connections beyond what the gateway keeps open, on real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import eventlet
import pytest
from nameko.web.server import BindAddress

from gateway.house import House
from gateway.web import GatewayServer
from tests.unit.gateway.example import LIMITS, front

MOST = 3
ASK = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[GatewayServer]:
    crowded = replace(front(), limits=replace(LIMITS, connections=MOST))
    monkeypatch.setattr(House, "front", lambda _: crowded)
    monkeypatch.setattr(GatewayServer, "bind_addr", BindAddress("127.0.0.1", 0))
    server = GatewayServer()
    server.container = SimpleNamespace(spawn_managed_thread=eventlet.spawn)
    server.start()
    yield server
    server.stop()


def connect(server: GatewayServer) -> Any:
    return eventlet.connect(server._sock.getsockname())


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
        while server.connections >= MOST:
            eventlet.sleep(0.001)
    assert answer(connect(server)).startswith(b"HTTP/1.1 200")


def test_one_too_many_that_asks_for_nothing_is_told_too(server: GatewayServer) -> None:
    kept = [connect(server) for _ in range(MOST)]
    eventlet.sleep(0)
    assert answer(connect(server), b"").startswith(b"HTTP/1.1 503")
    assert all(answer(one).startswith(b"HTTP/1.1 200") for one in kept)


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
