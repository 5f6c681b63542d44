"""The other limit: a bare nameko event handler, as nameko has it, that writes one document or none."""

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

store = connect(os.environ["STEWARD_MONGO_URI"])["{DATABASE}"]
seen = []

class Bare:
    name = "bare"

    @event_handler("source", "{EVENT}")
    def on_told(self, event):
        if os.environ["BARE_WRITES"] == "1":
            store["heard"].insert_one({{"_id": event["id"], "text": event["data"]["text"]}})
        seen.append({{"event": event["id"], "at": time.time()}})

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
def handler(environ: Mapping[str, str], writes: bool) -> Iterator[subprocess.Popen[bytes]]:
    """The handler's process, listening. ``writes``: one document an event."""
    with TemporaryDirectory() as folder:
        ready = Path(folder) / "ready"
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", HANDLER],
            env={**os.environ, **environ, "BARE_WRITES": str(int(writes)), "BARE_READY": str(ready)},
        )
        try:
            eventually(ready.exists, "the bare handler listens")
            yield process
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
