"""Its handler."""

import eventlet

from bench_sink.spec import SPEC
from steward.bus.envelope import Envelope
from steward.service import Service, handles


class Sink(Service):
    spec = SPEC

    @handles
    def on_told(self, event: Envelope) -> None:
        if event.data["wait_s"]:
            eventlet.sleep(event.data["wait_s"])  # a far side that takes its time
        with self.store.work() as work:
            work.keep("heard", {"_id": event.id, "text": event.data["text"]})
