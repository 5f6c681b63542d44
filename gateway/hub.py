"""The live stream's hub: events come in once, and go to every client that may see them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from eventlet.queue import Empty, LightQueue

from gateway.answering import dumped
from steward.errors import Overloaded, Unavailable

Event = dict[str, Any]
END = object()


@dataclass(eq=False)
class Client:
    """Somebody who listens: the principal ``who``, in the log-in ``session`` if in one. ``wants`` says whether an event is for them."""

    wants: Callable[[Event], bool]
    queue: LightQueue
    who: str
    session: str = ""
    dropped: bool = False
    ended: bool = False
    backlog: list[Event] = field(default_factory=list)


class Hub:
    """Hands events to clients and keeps the last ``ring`` of them for those who come back.

    A client that does not read as fast as events come is dropped once ``queue`` of them wait for it; it may come back
    and name the last event that it saw. More than ``clients`` at once are refused, and more than ``each`` of one principal.
    """

    def __init__(self, ring: int, queue: int, clients: int, each: int) -> None:
        self._ring: deque[Event] = deque(maxlen=ring)
        self._queue, self._most, self._each = queue, clients, each
        self._clients: set[Client] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._clients)

    def publish(self, event: Event) -> None:
        """Give ``event`` to every client that wants it. Never waits."""
        self._ring.append(event)
        for client in list(self._clients):
            if client.wants(event):
                self._give(client, event)

    def _give(self, client: Client, item: Any) -> None:
        if client.queue.full():
            client.dropped = True
            self._clients.discard(client)
        else:
            client.queue.put_nowait(item)

    def join(self, wants: Callable[[Event], bool], who: str, after: str | None = None, session: str = "") -> tuple[Client, bool]:
        """A new client, and whether nothing is missing since the event ``after``.

        Raises Overloaded when ``who`` has too many, Unavailable when it is full.
        """
        if sum(client.who == who for client in self._clients) >= self._each:
            raise Overloaded(f"at most {self._each} live streams at once are one's own")
        if self._closed or len(self._clients) >= self._most:
            raise Unavailable("no more live streams at the moment")
        client = Client(wants, LightQueue(self._queue), who, session)
        since, complete = self._since(after, wants)
        client.backlog = [event for event in since if wants(event)]
        self._clients.add(client)
        return client, complete

    def _since(self, after: str | None, wants: Callable[[Event], bool]) -> tuple[list[Event], bool]:
        """An event that the client may not see is as unknown to it as one that there never was."""
        if after is None:
            return [], True
        ids = [event["id"] if wants(event) else "" for event in self._ring]
        if after not in ids:
            return [], False
        return list(self._ring)[ids.index(after) + 1 :], True

    def leave(self, client: Client) -> None:
        """``client`` listens no more."""
        self._clients.discard(client)

    def end(self, session: str) -> None:
        """End the streams of a log-in; whoever still may listen comes back with a fresh proof of who they are."""
        for client in [one for one in self._clients if one.session == session]:
            self._clients.discard(client)
            client.ended = True
            self._give(client, END)

    def close(self) -> None:
        """End every stream, and take no more."""
        self._closed = True
        for client in list(self._clients):
            self._clients.discard(client)
            self._give(client, END)


def lines(hub: Hub, client: Client, complete: bool, heartbeat_s: float, longest_s: float) -> Iterator[bytes]:
    """What one client is sent: server-sent events, and a comment whenever ``heartbeat_s`` passed without any.

    Begins with the event ``hello``, or ``gap`` when events since the last one seen are no longer known.
    """
    ends = monotonic() + longest_s
    try:
        yield f"retry: 1000\nevent: {'hello' if complete else 'gap'}\ndata: {{}}\n\n".encode()
        for event in client.backlog:
            yield frame(event)
        while not (client.dropped or client.ended) and monotonic() < ends:
            try:
                event = client.queue.get(timeout=heartbeat_s)
            except Empty:
                yield b": still here\n\n"
                continue
            if event is END:
                return
            yield frame(event)
    finally:
        hub.leave(client)


def frame(event: Event) -> bytes:
    """One event as a browser's EventSource reads it; JSON has no line breaks of its own."""
    return f"id: {event['id']}\ndata: {dumped(event)}\n\n".encode()
