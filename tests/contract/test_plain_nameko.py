"""A service that knows nothing of Steward hears its events: nameko's own event handler, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from steward.bus.client import Client
from steward.testing.system import System
from steward.testing.waiting import eventually

OUTSIDER = """
import eventlet; eventlet.monkey_patch()
import json, os, sys
from nameko.events import event_handler
from nameko.standalone.events import event_dispatcher
from nameko.containers import ServiceContainer


class Outsider:
    name = "outsider"

    @event_handler("{source}", "{event}")
    def on_event(self, payload):
        with open(os.environ["HEARD"], "a") as heard:
            heard.write(json.dumps(payload) + "\\n")


container = ServiceContainer(Outsider, {{"AMQP_URI": os.environ["STEWARD_AMQP_URI"]}})
container.start()
open(os.environ["HEARD"], "a").close()
container.wait()
"""


@pytest.mark.parametrize(("source", "event"), [("parcels", "received")])
def test_a_plain_nameko_service_receives_our_events(system: System, operator: Client, tmp_path: Path, source: str, event: str) -> None:
    heard = tmp_path / "heard.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", OUTSIDER.format(source=source, event=event)],
        env={**system.environ, "HEARD": str(heard)},
    )
    try:
        eventually(heard.exists, "the outsider listens")
        parcel = operator.call("parcels", "receive", project="yh", body={"shelf": "A"})
        documents = eventually(
            lambda: [d for d in map(json.loads, heard.read_text().splitlines()) if d["subject"] == f"parcels/{parcel['id']}"],
            "the outsider heard it",
        )
    finally:
        process.terminate()
        process.wait()
    assert documents[0]["specversion"] == "1.0"
    assert documents[0]["type"] == f"{source}.{event}"
    assert documents[0]["data"] == {"shelf": "A"}
