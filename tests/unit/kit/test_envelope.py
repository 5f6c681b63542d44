"""The envelope against the CloudEvents project's own library, and against rubbish."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from hypothesis import given
from hypothesis import strategies as st

from steward.bus.envelope import Envelope, Malformed, decode, from_wire

EVENT = Envelope(
    id="01a",
    type="tickets.raised",
    subject="tickets/7",
    time=datetime(2026, 11, 23, 4, 12, 54, 120_000, UTC),
    data={"kind": "complaint", "place": "水景广场"},
    project="yh",
    matter="tickets/7",
    version=1,
    actor="user:1",
    correlation="r1",
)


def test_it_comes_back_as_it_went() -> None:
    assert decode(EVENT.encode()) == EVENT


def test_the_cloudevents_library_reads_it() -> None:
    message = HTTPMessage(headers={"content-type": "application/cloudevents+json"}, body=EVENT.encode())
    event = from_http_event(message)
    assert event.get_type() == "tickets.raised"
    assert event.get_subject() == "tickets/7"
    assert event.get_time() == EVENT.time
    assert event.get_data() == EVENT.data


@pytest.mark.parametrize("name", sorted(set(EVENT.to_wire()) - {"source", "datacontenttype"}))
def test_each_member_is_needed(name: str) -> None:
    document = EVENT.to_wire()
    del document[name]
    with pytest.raises(Malformed):
        from_wire(document)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@given(st.sampled_from(sorted(EVENT.to_wire())), json_values)
def test_any_value_anywhere_is_an_event_or_malformed(name: str, value: Any) -> None:
    try:
        from_wire(EVENT.to_wire() | {name: value})
    except Malformed:
        pass


@given(st.binary())
def test_any_bytes_are_an_event_or_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        decode(body)


def test_the_body_is_plain_json_with_chinese_readable() -> None:
    assert "水景广场" in EVENT.encode().decode()
    assert json.loads(EVENT.encode())["specversion"] == "1.0"
