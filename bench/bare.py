"""The other limit: a bare nameko event handler, as nameko has it, that writes little or nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from steward.testing.waiting import eventually

DATABASE = "bench_bare"
EVENT = "told_bare"
"""The routing key, on the source's exchange, of what only the bare handler hears."""
HANDLER = f"""
import eventlet; eventlet.monkey_patch()
import os, time
from pathlib import Path
from nameko.containers import ServiceContainer
from nameko.events import event_handler
from steward.store.client import connect

client = connect(os.environ["STEWARD_MONGO_URI"])
store = client["{DATABASE}"]
seen = []

class Bare:
    name = "bare"

    @event_handler("source", "{EVENT}")
    def on_told(self, event):
        does[os.environ["BARE_DOES"]](event)
        seen.append({{"event": event["id"], "at": time.time()}})

def nothing(event):
    pass

def one_write(event):
    store["heard"].insert_one(document(event))

def transaction(event):
    with client.start_session() as session, session.start_transaction():
        store["marks"].insert_one({{"_id": event["id"], "event": event["type"]}}, session=session)
        store["heard"].replace_one({{"_id": event["id"]}}, document(event), upsert=True, session=session)

def document(event):
    return {{"_id": event["id"], "text": event["data"]["text"]}}

does = {{"nothing": nothing, "one_write": one_write, "transaction": transaction}}

def write_down():
    while True:
        eventlet.sleep(0.5)
        some, seen[:] = list(seen), []
        if some:
            store["seen"].insert_many(some)

container = ServiceContainer(Bare, {{"AMQP_URI": os.environ["STEWARD_AMQP_URI"]}})
container.start()
eventlet.spawn(write_down)
Path(os.environ["BARE_READY"]).touch()
container.wait()
"""


@contextmanager
def handler(environ: Mapping[str, str], does: str) -> Iterator[subprocess.Popen[bytes]]:
    """The handler's process, listening. It ``does`` with each event: ``nothing``, ``one_write`` or a ``transaction`` of two."""
    with TemporaryDirectory() as folder:
        ready = Path(folder) / "ready"
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", HANDLER],
            env={**os.environ, **environ, "BARE_DOES": does, "BARE_READY": str(ready)},
        )
        try:
            eventually(ready.exists, "the bare handler listens")
            yield process
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
