"""A process that is killed within a transaction is in nobody's way once its successor has started."""

from __future__ import annotations

import subprocess
import sys

import pytest

from steward.errors import Conflict
from steward.ids import new_id
from steward.store.client import connect, database, our_words
from steward.store.sessions import Sessions
from steward.testing.system import System

KILLED_WITHIN = """
import sys, time
from steward.store.client import connect, database
from steward.store.sessions import Sessions
uri, name, key = sys.argv[1:]
client = connect(uri)
db = database(client, name)
with client.start_session() as session:
    Sessions(client, db, "probe-0").note(session)
    with session.start_transaction():
        db["things"].insert_one({"_id": key}, session=session)
        print("within", flush=True)
        time.sleep(600)
"""


def test_the_successor_ends_what_a_killed_process_left_open(system: System) -> None:
    uri, name, key = system.settings.mongo_uri, f"probe{new_id()}", new_id()
    killed = subprocess.Popen([sys.executable, "-c", KILLED_WITHIN, uri, name, key], stdout=subprocess.PIPE)
    with killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == b"within\n"
        killed.kill()
    client = connect(uri)
    try:
        things = database(client, name)["things"]

        def write() -> None:
            with our_words(), client.start_session() as session, session.start_transaction():
                things.insert_one({"_id": key}, session=session)

        with pytest.raises(Conflict):
            write()
        Sessions(client, database(client, name), "probe-0").end_predecessors()
        write()
        assert things.count_documents({"_id": key}) == 1
    finally:
        client.close()
