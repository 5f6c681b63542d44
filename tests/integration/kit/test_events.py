"""Events: each takes effect once, whatever becomes of the messages and processes on the way."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from steward.bus.client import Client
from steward.bus.envelope import decode
from steward.bus.vouching import Voucher
from steward.ids import new_id
from steward.testing.bus import publisher, teller
from steward.testing.system import System
from steward.testing.waiting import eventually

QUEUE = "parcels.on_received"


def receive(operator: Client, shelf: str) -> dict[str, Any]:
    return operator.call("parcels", "receive", within_s=30, project="yh", body={"shelf": shelf})


def show(operator: Client, parcel: dict[str, Any]) -> dict[str, Any]:
    return operator.call("parcels", "show", within_s=30, project="yh", parcel=parcel["id"])


def shelvings_settle_at_one(operator: Client, parcel: dict[str, Any]) -> None:
    eventually(lambda: show(operator, parcel)["shelvings"] == 1, "shelved once")


def dead(operator: Client, **members: Any) -> list[dict[str, Any]]:
    letters = operator.items("parcels", "dead_letters")
    return [letter for letter in letters if all(letter[name] == value for name, value in members.items())]


def publish(system: System, body: bytes, message_id: str, **properties: Any) -> None:
    with teller(system.environ) as producer:
        producer.publish(body, exchange="", routing_key=QUEUE, message_id=message_id, **properties)


def event_of(operator: Client, parcel: dict[str, Any]) -> dict[str, Any]:
    return operator.call("parcels", "timeline", project="yh", matter=f"parcels/{parcel['id']}")[0]


def encoded(document: dict[str, Any]) -> bytes:
    return decode(json.dumps(document)).encode()


def test_an_event_reaches_its_handler_once(operator: Client) -> None:
    parcel = receive(operator, "A")
    shelvings_settle_at_one(operator, parcel)
    types = [event["type"] for event in operator.call("parcels", "timeline", project="yh", matter=f"parcels/{parcel['id']}")]
    assert types == ["parcels.received", "parcels.shelved"]


def test_a_message_that_comes_many_times_at_once_has_one_effect(system: System, operator: Client) -> None:
    parcel = receive(operator, "twice")
    event = event_of(operator, parcel)
    for _ in range(20):
        publish(system, encoded(event), event["id"], content_type="application/json")
    marker = receive(operator, "marker")  # behind the doubles in the queue
    shelvings_settle_at_one(operator, marker)
    assert show(operator, parcel)["shelvings"] == 1


@pytest.mark.parametrize("moment", ["crash-before-commit", "crash-after-commit"])
def test_a_process_that_dies_in_a_handler_leaves_exactly_one_effect(operator: Client, moment: str) -> None:
    parcel = receive(operator, f"{moment}-{uuid.uuid4().hex[:8]}")
    shelvings_settle_at_one(operator, parcel)


def test_a_handler_that_always_fails_ends_as_a_dead_letter_with_its_cause(operator: Client) -> None:
    event = event_of(operator, receive(operator, "broken"))
    letter = eventually(lambda: dead(operator, message_id=event["id"]), "a dead letter")[0]
    assert letter["queue"] == QUEUE
    assert letter["attempts"] == 3
    assert "ValueError: this shelf always breaks" in letter["error"]
    assert "on_received" in operator.call("parcels", "dead_letter", letter=letter["id"])["stack"]
    assert letter["first_failed"] < letter["last_failed"] <= letter["filed_at"]


def test_a_missing_earlier_event_is_waited_for_then_given_up(operator: Client) -> None:
    event = event_of(operator, receive(operator, "early"))
    letter = eventually(lambda: dead(operator, message_id=event["id"]), "a dead letter")[0]
    assert letter["attempts"] == 4


def test_a_replayed_dead_letter_is_tried_again_and_each_replay_is_recorded(operator: Client) -> None:
    event = event_of(operator, receive(operator, "broken"))
    letter = eventually(lambda: dead(operator, message_id=event["id"]), "a dead letter")[0]
    closed = operator.call("parcels", "replay_dead_letter", letter=letter["id"])
    assert closed["state"] == "replayed" and closed["closed_by"] == "service:operator"
    again = eventually(lambda: dead(operator, message_id=event["id"]), "dead again")[0]
    discarded = operator.call("parcels", "discard_dead_letter", letter=again["id"], body={"reason": "tested"})
    assert discarded["reason"] == "tested"
    assert not dead(operator, message_id=event["id"])


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"{not json", id="not JSON"),
        pytest.param(b"\xff\xfe\x00", id="not text"),
        pytest.param(b"[]", id="not an object"),
        pytest.param(b'{"specversion": "1.0"}', id="no data"),
        pytest.param(b'{"specversion": "1.0", "data": {}, "id": 7}', id="wrong type"),
    ],
)
def test_what_is_no_event_becomes_a_dead_letter_and_stops_nothing(system: System, operator: Client, body: bytes) -> None:
    message_id = new_id()
    publish(system, body, message_id, content_type="application/x-unknown", content_encoding="binary")
    letter = eventually(lambda: dead(operator, message_id=message_id), "a dead letter")[0]
    assert letter["error"].startswith("Malformed")
    shelvings_settle_at_one(operator, receive(operator, "after"))


def test_an_event_that_breaks_its_schema_becomes_a_dead_letter(system: System, operator: Client) -> None:
    event = event_of(operator, receive(operator, "A")) | {"id": new_id(), "data": {"shelf": 7}}
    publish(system, encoded(event), event["id"], content_type="application/json")
    letter = eventually(lambda: dead(operator, message_id=event["id"]), "a dead letter")[0]
    assert letter["error"].startswith("ValidationError")


@pytest.mark.parametrize("whose", [None, "another installation's key, of thirty-two bytes"])
def test_an_event_for_which_no_service_vouches_has_no_effect_even_when_it_is_replayed(
    system: System, operator: Client, whose: str | None
) -> None:
    parcel = receive(operator, "forged")
    shelvings_settle_at_one(operator, parcel)
    event = event_of(operator, parcel) | {"id": new_id()}
    body = encoded(event)
    with publisher(system.environ["STEWARD_AMQP_URI"]) as producer:
        producer.publish(
            body, exchange="", routing_key=QUEUE, message_id=event["id"], headers=Voucher(whose).headers(body) if whose else {}
        )
    letter = eventually(lambda: dead(operator, message_id=event["id"]), "a dead letter")[0]
    assert letter["error"].startswith("Forged")
    operator.call("parcels", "replay_dead_letter", within_s=30, letter=letter["id"])
    again = eventually(lambda: dead(operator, message_id=event["id"], deaths=2), "it died again")[0]
    assert again["error"].startswith("Forged")
    assert show(operator, parcel)["shelvings"] == 1


def test_newer_fields_of_an_event_are_let_through(system: System, operator: Client) -> None:
    parcel = receive(operator, "new-field")
    shelvings_settle_at_one(operator, parcel)
    event = event_of(operator, parcel)
    event |= {"id": new_id(), "data": {**event["data"], "colour": "red"}}
    publish(system, encoded(event), event["id"], content_type="application/json")
    eventually(lambda: show(operator, parcel)["shelvings"] == 2, "handled")
