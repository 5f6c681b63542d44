"""Parcels handed in by several callers at once, or laid before the service in one go."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from types import TracebackType

from pymongo import MongoClient

from steward.bus.client import Client
from steward.bus.envelope import Envelope
from steward.bus.postbox import Postbox
from steward.bus.vouching import Voucher
from steward.errors import Transient
from steward.ids import new_id
from steward.store.client import Document
from steward.testing.system import System
from steward.testing.waiting import eventually
from steward.times import now

PROJECT = "yh"
CALL_S = 1.5
GIVE_UP_S = 120.0
_PAUSE_S = 0.02
_BATCH = 100


class Load:
    """Each caller hands in one parcel after the other, asking under the same key until it is acknowledged.

    A context manager: callers work meanwhile, and each finishes the parcel it is at. ``acknowledged``: key → parcel's id.
    ``unanswered``: how often a caller was not told in time, or that something is away.
    """

    def __init__(self, system: System, callers: int = 4, shelf: str = "A") -> None:
        self._settings, self._shelf, self._name = system.settings, shelf, new_id()
        self.acknowledged: dict[str, str] = {}
        self.unanswered = 0
        self._stopping = threading.Event()
        self._callers = [threading.Thread(target=self._work, args=(number,), daemon=True) for number in range(callers)]

    def __enter__(self) -> Load:
        for caller in self._callers:
            caller.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stopping.set()
        for caller in self._callers:
            caller.join(GIVE_UP_S)
            assert not caller.is_alive(), "a parcel was never acknowledged"

    def until(self, more: int) -> None:
        """Wait until so many more are acknowledged."""
        goal = len(self.acknowledged) + more
        eventually(lambda: len(self.acknowledged) >= goal, f"{more} more parcels acknowledged", GIVE_UP_S)

    def _work(self, caller: int) -> None:
        keys = self._keys(caller)
        key = next(keys, None)
        while key is not None:
            try:
                with Client(self._settings) as client:
                    while key is not None:
                        parcel = client.call("parcels", "receive", key=key, within_s=CALL_S, project=PROJECT, body={"shelf": self._shelf})
                        self.acknowledged[key] = parcel["id"]
                        key = next(keys, None)
            except Transient:
                self.unanswered += 1
                time.sleep(_PAUSE_S)

    def _keys(self, caller: int) -> Iterator[str]:
        number = 0
        while not self._stopping.is_set():
            number += 1
            yield f"{self._name}-{caller}-{number}"


def lay_before(system: System, shelves: Sequence[str], times: int = 1) -> list[Envelope]:
    """Make a parcel for each of ``shelves`` and publish its event, ``times`` times running, past the service's processes.

    What the service itself does when it receives them, but in one go: for when its processes are away or are to be flooded.
    """
    settings = system.settings
    events = [_received(new_id(), shelf) for shelf in shelves]
    with MongoClient[Document](settings.mongo_uri) as store:
        store.steward_parcels.parcels.insert_many([_parcel(event) for event in events])
        store.steward_parcels.journal.insert_many([_entry(event) for event in events])
    publish(system, [event for event in events for _ in range(times)])
    return events


def publish(system: System, events: Sequence[Envelope]) -> None:
    """Publish ``events`` as their service does, and wait until the broker has them all."""
    postbox = Postbox(system.settings.amqp_uri, confirms=True)
    voucher = Voucher(system.settings.token_key)
    messages = [voucher.message(f"{event.service}.events", event.name, event.encode(), event.id) for event in events]
    try:
        for start in range(0, len(messages), _BATCH):
            assert not postbox.send_all(messages[start : start + _BATCH])
    finally:
        postbox.close()


def _received(parcel: str, shelf: str) -> Envelope:
    subject = f"parcels/{parcel}"
    return Envelope(new_id(), "parcels.received", subject, now(), {"shelf": shelf}, PROJECT, subject, 1, "service:tests", new_id())


def _order(event: Envelope) -> int:
    return int(event.time.timestamp() * 1_000_000)


def _parcel(event: Envelope) -> Document:
    return {
        "_id": event.aggregate, "project": PROJECT, "version": 1, "_order": _order(event), "shelf": event.data["shelf"], "shelvings": 0
    }  # fmt: skip


def _entry(event: Envelope) -> Document:
    return {
        "_id": f"call:{event.id}", "at": event.time, "order": _order(event), "project": PROJECT, "matter": event.matter,
        "correlation": event.correlation, "actor": event.actor, "events": [event.to_wire()],
    }  # fmt: skip
