"""A TCP proxy that can be told to behave as a bad network does: between services and the broker, or between two brokers.

    with Proxy(broker_port) as proxy:
        postbox = Postbox(proxy.uri(broker_uri), confirms=True)
        with proxy.partitioned():
            ...  # everything that is sent either way waits, as packets do that are sent again and again

It runs in a thread of its own. Nothing is ever changed, dropped or put out of order within a connection that goes on:
TCP does not do that either.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar
from urllib.parse import urlsplit

from steward.local.ports import LOOPBACK

T = TypeVar("T")

_CHUNK = 65_536
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of 0 seconds: closing sends RST in place of FIN."""


class _Way:
    """One direction of a connection."""

    def __init__(self, proxy: Proxy, there: bool) -> None:
        self._proxy, self._there = proxy, there
        self._parcels: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def read(self, source: asyncio.StreamReader) -> None:
        """Take what comes, until the end, which is passed on as an empty piece."""
        loop = asyncio.get_running_loop()
        data = b"more"
        while data:
            data = await source.read(_CHUNK)
            self._parcels.put_nowait((loop.time() + self._proxy.latency_s, data))

    async def write(self, target: asyncio.StreamWriter) -> None:
        """Pass on what was taken, when its time has come and this way is open."""
        loop = asyncio.get_running_loop()
        while True:
            due, data = await self._parcels.get()
            await asyncio.sleep(max(due - loop.time(), 0))
            await self._proxy.gate(self._there).wait()
            if not data:
                return
            target.write(data)
            await target.drain()
            self._proxy.passed += len(data)


class _Link:
    """One connection through the proxy: the client's half and the upstream's."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.client = (reader, writer)
        self.upstream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.forgotten = asyncio.Event()

    def writers(self) -> Iterator[asyncio.StreamWriter]:
        for half in (self.client, self.upstream):
            if half is not None:
                yield half[1]


class Proxy:
    """Passes connections on to ``port`` of this machine. A context manager; ``port`` of its own is free to be connected to."""

    def __init__(self, upstream: int) -> None:
        self._upstream = upstream
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True, name="proxy")
        self._links: set[_Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: Any = None
        self.port = 0
        self.latency_s = 0.0
        """How long each piece is on its way, in seconds, one way; the order is kept."""
        self.passed = 0
        """Bytes that were passed on so far."""

    def uri(self, uri: str) -> str:
        """``uri`` with this proxy's port in place of its own."""
        return uri.replace(f":{urlsplit(uri).port}", f":{self.port}")

    @property
    def connections(self) -> int:
        """How many connections there are now, forgotten ones too."""
        return len(self._links)

    # faults

    @contextmanager
    def partitioned(self) -> Iterator[None]:
        """Nothing passes either way, and nobody is told: a cable is out. Afterwards all that was sent arrives."""
        with self.deaf(), self.dumb():
            yield

    @contextmanager
    def deaf(self) -> Iterator[None]:
        """What the upstream says waits; what it is told arrives: a publisher's confirms are swallowed, its messages are not."""
        yield from self._shut(False)

    @contextmanager
    def dumb(self) -> Iterator[None]:
        """What the upstream is told waits; what it says arrives."""
        yield from self._shut(True)

    @contextmanager
    def slow(self, latency_s: float) -> Iterator[None]:
        """Each piece takes ``latency_s`` longer, each way."""
        self.latency_s = latency_s
        try:
            yield
        finally:
            self.latency_s = 0.0

    def forget(self) -> int:
        """Every connection becomes half-open: the upstream sees it closed, the client is told nothing, ever.

        So does a router that lost its table, or a machine that was switched off. New connections pass. Returns how many.
        """
        return self._do(self._forget)

    def reset(self) -> int:
        """Every connection is broken off by RST, both ways. Returns how many."""
        return self._do(self._reset)

    # the thread

    def __enter__(self) -> Proxy:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def gate(self, there: bool) -> asyncio.Event:
        """What bytes to the upstream (``there``), or from it, wait for."""
        return self._there if there else self._back

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _open(self) -> None:
        self._there, self._back = asyncio.Event(), asyncio.Event()
        self._there.set()
        self._back.set()
        self._server = await asyncio.start_server(self._accept, LOOPBACK, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        link = _Link(reader, writer)
        self._tasks.add(task)
        self._links.add(link)
        try:
            await self._carry(link)
        except asyncio.CancelledError:
            pass
        finally:
            self._tasks.discard(task)
            self._links.discard(link)
            for each in link.writers():
                each.close()

    async def _carry(self, link: _Link) -> None:
        reader, writer = link.client
        try:
            link.upstream = await asyncio.open_connection(LOOPBACK, self._upstream)
        except OSError:
            _linger_not(writer)  # nobody listens there: as if nobody listened here
            return
        there, back = _Way(self, True), _Way(self, False)
        jobs = [
            asyncio.ensure_future(job)
            for job in (there.read(reader), there.write(link.upstream[1]), back.read(link.upstream[0]), back.write(writer))
        ]
        ending = [*jobs[1::2], asyncio.ensure_future(link.forgotten.wait())]
        try:
            await asyncio.wait(ending, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for job in (*jobs, *ending):
                job.cancel()
            await asyncio.gather(*jobs, *ending, return_exceptions=True)
        if link.forgotten.is_set():
            link.upstream[1].close()
            await _swallow(reader)

    def _shut(self, there: bool) -> Iterator[None]:
        self._do(lambda: self.gate(there).clear())
        try:
            yield
        finally:
            self._do(lambda: self.gate(there).set())

    def _forget(self) -> int:
        for link in self._links:
            link.forgotten.set()
        return len(self._links)

    def _reset(self) -> int:
        for link in self._links:
            for writer in link.writers():
                with suppress(OSError):
                    _linger_not(writer)
                writer.transport.abort()
        return len(self._links)

    def _do(self, act: Callable[[], T]) -> T:
        async def acted() -> T:
            return act()

        return asyncio.run_coroutine_threadsafe(acted(), self._loop).result(10)


async def _swallow(source: asyncio.StreamReader) -> None:
    with suppress(OSError):
        while await source.read(_CHUNK):
            pass


def _linger_not(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
