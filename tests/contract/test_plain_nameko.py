"""A service that knows nothing of Steward hears its events: nameko's own event handler, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from steward.bus.client import Client
from steward.cli.demo import OPENED, open_project
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


def receive_parcel(operator: Client) -> str:
    parcel = operator.call("parcels", "receive", within_s=30, project="yh", body={"shelf": "A"})
    return f"parcels/{parcel['id']}"


def raise_ticket(operator: Client) -> str:
    open_project(operator, OPENED | {"id": "outside", "code": "OUT"})
    body = {"kind": "repair_public", "channel": "phone", "what": "lamp out", "place": "gate", "item": "lamp"}
    ticket = operator.call("tickets", "raise_ticket", within_s=30, project="outside", body=body)
    return f"tickets/{ticket['id']}"


@pytest.mark.parametrize(("source", "event", "cause"), [("parcels", "received", receive_parcel), ("tickets", "raised", raise_ticket)])
def test_a_plain_nameko_service_receives_our_events(
    system: System, operator: Client, tmp_path: Path, source: str, event: str, cause: Callable[[Client], str]
) -> None:
    heard = tmp_path / "heard.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", OUTSIDER.format(source=source, event=event)],
        env={**system.environ, "HEARD": str(heard)},
    )
    try:
        eventually(heard.exists, "the outsider listens")
        subject = cause(operator)
        document = eventually(lambda: _about(heard, subject), "the outsider heard it")
    finally:
        process.terminate()
        process.wait()
    assert document["specversion"] == "1.0"
    assert document["type"] == f"{source}.{event}"
    assert document["data"]


def _about(heard: Path, subject: str) -> dict[str, Any] | None:
    documents = [json.loads(line) for line in heard.read_text().splitlines() if line.endswith("}")]
    return next((document for document in documents if document["subject"] == subject), None)
