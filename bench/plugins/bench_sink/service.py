"""Its handler, and a record of when each event was done with."""

import time

import eventlet

from bench_sink.spec import SPEC
from steward.bus.envelope import Envelope
from steward.ids import new_id
from steward.service import Service, handles, sweep

SEEN: list[dict[str, object]] = []


class Sink(Service):
    spec = SPEC

    @handles
    def on_told(self, event: Envelope) -> None:
        if event.data["wait_s"]:
            eventlet.sleep(event.data["wait_s"])  # a far side that takes its time
        with self.store.work() as work:
            work.keep("heard", {"_id": event.id, "text": event.data["text"]})
        SEEN.append({"_id": new_id(), "event": event.id, "at": time.time()})

    @sweep
    def write_down(self) -> None:
        """Afterwards, so that the record itself costs next to nothing."""
        seen, SEEN[:] = list(SEEN), []
        if seen:
            self.store.database["seen"].insert_many(seen)
