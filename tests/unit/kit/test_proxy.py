"""The proxy of fault tests: what each fault does to a connection, as both ends see it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from steward.testing.proxy import Proxy
from steward.testing.waiting import eventually

SHORT_S = 0.2
"""Long enough to say that nothing comes."""


class Echo:
    """Says everything again, and knows how many connections of its own have ended."""

    def __init__(self) -> None:
        self.heard, self.ended = b"", 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Listen no longer."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)  # wakes who accepts; closed alone, it would go on listening
        self.socket.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._say_again, args=(self.socket.accept()[0],), daemon=True).start()

    def _say_again(self, peer: socket.socket) -> None:
        with peer, suppress(OSError):
            while data := peer.recv(1_000):
                self.heard += data
                peer.sendall(data)
        self.ended += 1


@pytest.fixture
def echo() -> Iterator[Echo]:
    found = Echo()
    yield found
    found.close()


@pytest.fixture
def proxy(echo: Echo) -> Iterator[Proxy]:
    with Proxy(echo.port) as found:
        yield found


@pytest.fixture
def client(proxy: Proxy) -> Iterator[socket.socket]:
    with closing(socket.create_connection(("127.0.0.1", proxy.port))) as found:
        found.settimeout(10)
        found.sendall(b"a")
        assert found.recv(10) == b"a"
        yield found


def silent(client: socket.socket) -> bool:
    client.settimeout(SHORT_S)
    try:
        client.recv(10)
    except TimeoutError:
        return True
    finally:
        client.settimeout(10)
    return False


def test_in_a_partition_nothing_passes_and_afterwards_everything_does(proxy: Proxy, echo: Echo, client: socket.socket) -> None:
    with proxy.partitioned():
        client.sendall(b"b")
        assert silent(client)
        assert echo.heard == b"a"
    assert client.recv(10) == b"b"


def test_to_the_deaf_the_answer_is_lost_and_not_the_question(proxy: Proxy, echo: Echo, client: socket.socket) -> None:
    with proxy.deaf():
        client.sendall(b"b")
        eventually(lambda: echo.heard == b"ab", "heard")
        assert silent(client)
    assert client.recv(10) == b"b"


def test_a_slow_way_keeps_the_order(proxy: Proxy, client: socket.socket) -> None:
    with proxy.slow(0.1):
        started = time.monotonic()
        client.sendall(b"b")
        client.sendall(b"c")
        assert client.recv(1) + client.recv(1) == b"bc"
        assert time.monotonic() - started >= 0.2


def test_a_half_open_connection_is_gone_for_one_end_only_and_others_pass(proxy: Proxy, echo: Echo, client: socket.socket) -> None:
    assert proxy.forget() == 1
    eventually(lambda: echo.ended == 1, "the upstream sees its end")
    client.sendall(b"b")
    assert silent(client)
    with closing(socket.create_connection(("127.0.0.1", proxy.port))) as other:
        other.settimeout(10)
        other.sendall(b"c")
        assert other.recv(10) == b"c"
    assert echo.heard == b"ac"


def test_a_reset_is_told_to_both_ends(proxy: Proxy, echo: Echo, client: socket.socket) -> None:
    proxy.reset()
    with pytest.raises(ConnectionResetError):
        client.recv(10)
    eventually(lambda: echo.ended == 1 and proxy.connections == 0, "both ends are closed")


def test_when_nobody_listens_behind_it_a_client_is_told_at_once(proxy: Proxy, echo: Echo, client: socket.socket) -> None:
    echo.close()
    with closing(socket.create_connection(("127.0.0.1", proxy.port))) as other, suppress(ConnectionResetError):
        other.settimeout(10)
        assert other.recv(10) == b""
