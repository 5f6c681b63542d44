"""Events of older and newer minor versions are understood by everybody who hears them.

``events/`` holds one event of each shape that each version has had, as a running system published it; see ``keeping.py``.
"""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from marshmallow import INCLUDE, Schema
from prometheus_client.parser import text_string_to_metric_families

from steward.bus.client import Client
from steward.bus.envelope import from_wire
from steward.ids import new_id
from steward.testing.bus import teller
from steward.testing.evolution import Example, broken, examples, newer, published
from steward.testing.system import System
from steward.testing.waiting import eventually
from steward.validation import schema
from tests.contract.keeping import FOLDER, shipped

KEPT = [one for one in examples(FOLDER) if one.type.partition(".")[0] in shipped()]
HANDLERS = [pytest.param(spec.name, hears.handler, id=queue) for spec in shipped().values() for queue, hears in spec.queues()]
FINE = {"ok", "OutOfOrder", "NotFound"}
"""How handling an example may end: it stands alone, so what it builds on may be missing."""
EACH = pytest.mark.parametrize("example", [pytest.param(one, id=one.name) for one in KEPT])


def contract_of(example: Example) -> Schema:
    """What its publisher says of such events today."""
    event = example.envelope
    return schema(shipped()[event.service].event(event.name).schema)


def test_every_published_event_has_an_example_of_its_present_shape() -> None:
    known = [(one.type, one.version, one.shape) for one in KEPT]
    missing = [name for name, event, shape in published(shipped().values()) if (name, event.version, shape) not in known]
    assert not missing, "run: .venv/bin/python -m pytest -p tests.contract.keeping tests/unit (or tests/integration, see keeping.py)"


def test_nothing_changed_within_a_version_but_by_adding() -> None:
    now = {(name, event.version): shape for name, event, shape in published(shipped().values())}
    found = {one.name: broken(one.shape, now[one.type, one.version]) for one in KEPT if (one.type, one.version) in now}
    assert not {name: changes for name, changes in found.items() if changes}


def test_a_version_only_ever_goes_up() -> None:
    now = {name: event.version for name, event, _ in published(shipped().values())}
    assert not [one.name for one in KEPT if one.version > now.get(one.type, one.version)]


@EACH
def test_each_example_is_what_its_publisher_would_accept_today_and_so_is_a_newer_one(example: Example) -> None:
    contract = contract_of(example)
    for document in (example.event, newer(example.event, contract)):
        event = from_wire(document)
        contract.load(event.data, unknown=INCLUDE)
        assert event.schema_version == example.version


def handled(system: System, service: str, handler: str) -> dict[str, float]:
    """How often ``handler`` has ended how."""
    found: dict[str, float] = {}
    for row in system.rows(service):
        for family in text_string_to_metric_families(httpx.get(f"http://127.0.0.1:{row.port}/metrics", timeout=30).text):
            for sample in family.samples:
                if sample.name == "steward_handler_seconds_count" and sample.labels["handler"] == handler:
                    found[sample.labels["outcome"]] = found.get(sample.labels["outcome"], 0) + sample.value
    return found


@pytest.mark.parametrize(("service", "handler"), HANDLERS)
def test_each_handler_copes_with_each_example_and_with_a_newer_one(system: System, operator: Client, service: str, handler: str) -> None:
    heard = shipped()[service].handler(handler).events
    told = [alone(document) for one in KEPT if one.type in heard for document in (one.event, newer(one.event, contract_of(one)))]
    assert told, "nothing is known of what it hears"
    before = handled(system, service, handler)
    with teller(system.environ) as producer:
        for event in told:
            producer.publish(json.dumps(event).encode(), exchange="", routing_key=f"{service}.{handler}", message_id=event["id"])
    ended = eventually(lambda: _ended(before, handled(system, service, handler), len(told)), "all are handled")
    assert ended.keys() <= FINE, ended
    ids = {event["id"] for event in told}
    letters = [letter["error"] for letter in operator.items(service, "dead_letters", handler=handler) if letter["message_id"] in ids]
    assert not [error for error in letters if error.partition(":")[0] not in FINE]


def alone(document: dict[str, Any]) -> dict[str, Any]:
    """``document`` as news of a matter of its own, in a project that nobody else works in."""
    return document | {"id": new_id(), "matter": f"examples/{new_id()}", "project": "examples"}


def _ended(before: dict[str, float], after: dict[str, float], least: int) -> dict[str, float]:
    grown = {outcome: count - before.get(outcome, 0) for outcome, count in after.items() if count > before.get(outcome, 0)}
    return grown if sum(grown.values()) >= least else {}
