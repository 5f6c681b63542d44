from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Sequence

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from steward.local import store
from steward.local.part import Part
from steward.local.place import Place
from steward.local.ports import KeptPorts
from steward.local.processes import Process, wait_until

Run = Callable[[Sequence[Part]], list[Process]]
WRITERS = 4


def write_until_it_breaks(uri: str, writer: int, acknowledged: list[tuple[int, int]]) -> None:
    """Transactions of two documents that belong together, until the store is gone."""
    with MongoClient(uri, serverSelectionTimeoutMS=2000, socketTimeoutMS=5000) as client:
        for number in range(1_000_000):
            try:
                with client.start_session() as session, session.start_transaction():
                    client.t.state.insert_one({"_id": f"{writer}-{number}"}, session=session)
                    client.t.outbox.insert_one({"_id": f"{writer}-{number}"}, session=session)
            except PyMongoError:
                return
            acknowledged.append((writer, number))


def test_a_killed_store_keeps_what_it_acknowledged_and_nothing_half(place: Place, run: Run) -> None:
    part, uri = store.make(place, KeptPorts(place.ports))
    (process,) = run([part])
    acknowledged: list[tuple[int, int]] = []
    writers = [threading.Thread(target=write_until_it_breaks, args=(uri, writer, acknowledged)) for writer in range(WRITERS)]
    for writer in writers:
        writer.start()
    assert wait_until(lambda: len(acknowledged) >= 400, 60)
    process.send(signal.SIGKILL)
    for writer in writers:
        writer.join(30)
    run([part])
    with MongoClient(uri) as client:
        state, outbox = ({row["_id"] for row in client.t[name].find()} for name in ("state", "outbox"))
    assert state == outbox
    assert {f"{writer}-{number}" for writer, number in acknowledged} <= state
    assert len(state) <= len(acknowledged) + WRITERS


def test_sigterm_stops_it_cleanly_and_its_data_is_there_again(place: Place, run: Run) -> None:
    part, uri = store.make(place, KeptPorts(place.ports))
    (process,) = run([part])
    with MongoClient(uri) as client:
        client.t.things.insert_one({"_id": 1})
    process.send(signal.SIGTERM)
    assert wait_until(lambda: not process.lives(), 20)
    assert not store.probe(uri.replace("?", "?serverSelectionTimeoutMS=200&")).ready
    run([part])
    with MongoClient(uri) as client:
        assert client.t.things.find_one() == {"_id": 1}


@pytest.mark.parametrize("folder", ["with a space", "文件夹"])
def test_its_folder_may_have_any_name(place: Place, run: Run, folder: str) -> None:
    odd = Place(place.data / folder)
    odd.make()
    part, uri = store.make(odd, KeptPorts(odd.ports))
    run([part])
    assert store.probe(uri).ready
