"""Load that does not wait: requests leave at their moments, however long the answers to those before them take.

A few hundred lines of HTTP libraries would take more of the machine than the gateway itself; this writes HTTP/1.1 onto
kept connections and reads no more of an answer than it must.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

PATIENCE_S = 10.0
LOST = 0
"""The status of a request that got no answer."""


@dataclass(frozen=True)
class Ask:
    """One request: its bytes, and who makes it."""

    raw: bytes
    caller: int = 0


@dataclass(frozen=True)
class Told:
    """The answer: its status, how long it took from the moment the request was due, and when to come back, in seconds."""

    ask: Ask
    status: int
    took_s: float
    retry_after_s: int = 0


def ask(host: str, path: str, token: str, body: bytes, key: str, caller: int = 0) -> Ask:
    """A POST of JSON under an idempotency key."""
    lines = [
        f"POST {path} HTTP/1.1", f"Host: {host}", f"Authorization: Bearer {token}", "Content-Type: application/json",
        f"Idempotency-Key: {key}", f"Content-Length: {len(body)}",
    ]  # fmt: skip
    return Ask("\r\n".join([*lines, "", ""]).encode() + body, caller)


def open_loop(address: tuple[str, int], asks: Sequence[Ask], per_s: float, come_back: bool = False) -> list[Told]:
    """Make ``asks`` at ``per_s`` a second. ``come_back``: whoever is told to comes back when told, until it is served."""
    return asyncio.run(_Load(address, come_back).at_rate(asks, per_s))


def closed_loop(address: tuple[str, int], asks: Sequence[Ask], callers: int) -> tuple[list[Told], float]:
    """Make ``asks`` by so many callers, each as soon as it was answered; also how many seconds that took."""
    started = time.perf_counter()
    told = asyncio.run(_Load(address, False).by_callers(asks, callers))
    return told, time.perf_counter() - started


class _Load:
    def __init__(self, address: tuple[str, int], come_back: bool) -> None:
        self._address, self._come_back = address, come_back
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def at_rate(self, asks: Sequence[Ask], per_s: float) -> list[Told]:
        begun = time.perf_counter()
        tasks = []
        for number, one in enumerate(asks):
            due = begun + number / per_s
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            tasks.append(asyncio.create_task(self._until_served(one, due)))
        told = [answer for answers in await asyncio.gather(*tasks) for answer in answers]
        self._close()
        return told

    async def by_callers(self, asks: Sequence[Ask], callers: int) -> list[Told]:
        left, told = list(asks), []

        async def caller() -> None:
            while left:
                told.append(await self._one(left.pop(), time.perf_counter()))

        await asyncio.gather(*(caller() for _ in range(callers)))
        self._close()
        return told

    async def _until_served(self, one: Ask, due: float) -> list[Told]:
        told = [await self._one(one, due)]
        while self._come_back and told[-1].retry_after_s:
            await asyncio.sleep(told[-1].retry_after_s)
            told.append(await self._one(one, time.perf_counter()))
        return told

    async def _one(self, one: Ask, due: float) -> Told:
        status, retry_after_s = LOST, 0
        with suppress(OSError, asyncio.IncompleteReadError, TimeoutError, ValueError):
            async with asyncio.timeout(PATIENCE_S):
                status, retry_after_s = await self._exchange(one)
        return Told(one, status, time.perf_counter() - due, retry_after_s)

    async def _exchange(self, one: Ask) -> tuple[int, int]:
        reader, writer = self._idle.pop() if self._idle else await asyncio.open_connection(*self._address)
        try:
            writer.write(one.raw)
            head = await reader.readuntil(b"\r\n\r\n")
            found = _headers(head)
            await reader.readexactly(int(found.get(b"content-length", b"0")))
        except BaseException:
            writer.close()
            raise
        if found.get(b"connection") == b"close":
            writer.close()
        else:
            self._idle.append((reader, writer))
        return int(head[9:12]), int(found.get(b"retry-after", b"0"))

    def _close(self) -> None:
        for _, writer in self._idle:
            writer.close()


def _headers(head: bytes) -> dict[bytes, bytes]:
    lines = (line.partition(b":") for line in head.split(b"\r\n")[1:] if line)
    return {name.strip().lower(): value.strip() for name, _, value in lines}


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of ``values`` do not exceed; 0 without any."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


def count(told: Sequence[Told], which: Callable[[int], bool]) -> int:
    """How many answers have a status of that kind."""
    return sum(which(answer.status) for answer in told)
