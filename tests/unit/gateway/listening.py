"""A gateway's server on a real socket, with nothing behind it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import eventlet
import pytest
from nameko.web.server import BindAddress

from gateway.house import Front, House
from gateway.web import GatewayServer


@contextmanager
def listening(front: Front, monkeypatch: pytest.MonkeyPatch) -> Iterator[GatewayServer]:
    monkeypatch.setattr(House, "front", lambda _: front)
    monkeypatch.setattr(GatewayServer, "bind_addr", BindAddress("127.0.0.1", 0))
    server = GatewayServer()
    server.container = SimpleNamespace(spawn_managed_thread=eventlet.spawn)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def connect(server: GatewayServer) -> Any:
    return eventlet.connect(server._sock.getsockname())
