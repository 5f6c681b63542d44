"""What gets on record: fields by name, values only where they say nothing of people; reads with their subjects and reasons."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.trail import _cell
from steward.bus import calls
from steward.bus.envelope import Envelope
from steward.bus.reads import recorded
from steward.bus.serving import _behalf
from steward.context import Context
from steward.errors import BadInput, NotFound, Unavailable
from steward.plugins import installed_services
from steward.spec import Call
from steward.store.touched import touched
from steward.store.trail import Place, place_of
from steward.store.work import read_entry
from steward.trust.principals import Principal, service_principal

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)


class Mood(StrEnum):
    CALM = "calm"
    CROSS = "cross"


@dataclass(frozen=True)
class Guest:
    id: str
    project: str
    name: str
    mood: Mood
    since: date | None = None
    phones: tuple[str, ...] = ()
    visits: int = 0
    version: int = 0


GUEST = Guest("g1", "yh", "李四", Mood.CALM)


def test_a_change_tells_names_of_fields_and_values_of_kinds_that_hold_nothing_personal() -> None:
    after = replace(GUEST, name="王五", mood=Mood.CROSS, since=date(2026, 1, 2), phones=("139",), visits=1)
    row = touched("hall/g1", GUEST, after, 2)
    assert row == {
        "subject": "hall/g1",
        "before": 1,
        "after": 2,
        "fields": ["mood", "name", "phones", "since", "visits"],
        "values": {"mood": ["calm", "cross"], "since": [None, "2026-01-02"], "visits": [0, 1]},
    }


def test_what_is_new_has_no_version_before_and_tells_no_text() -> None:
    row = touched("hall/g1", None, GUEST, 1)
    assert row == {"subject": "hall/g1", "before": None, "after": 1, "values": {"mood": [None, "calm"], "visits": [None, 0]}}


class Notebook:
    """A service that notes what is put on record."""

    name = "hall"

    def __init__(self, away: bool = False) -> None:
        self.noted: list[tuple[Any, ...]] = []
        self.store = self
        self.away = away

    def note_read(self, *what: Any) -> None:
        if self.away:
            raise Unavailable("the store is away")
        self.noted.append(what)


def answered(call: Call, arguments: dict[str, Any], answer: Any) -> list[tuple[Any, ...]]:
    book = Notebook()
    assert recorded(book, call, arguments, lambda: answer) == answer
    return book.noted


def test_a_read_is_noted_with_its_subjects_from_arguments_and_answer_and_its_reason() -> None:
    one = Call("guest", "hall.people", audited="read", subjects=("guest", "room.id"))
    arguments = {"project": "yh", "guest": "g1", "query": {"reason": "a leak next door"}}
    assert answered(one, arguments, {"room": {"id": "r1"}}) == [("yh", ["hall/g1", "hall/r1"], "a leak next door")]
    many = Call("guests", "hall.people", audited="read", subjects=("items.id",))
    assert answered(many, {"project": "yh"}, {"items": [{"id": "g1"}, {"id": "g2"}]}) == [("yh", ["hall/g1", "hall/g2"], None)]
    assert answered(many, {"project": "yh"}, {"items": []}) == []


def test_what_cannot_be_put_on_record_is_not_told() -> None:
    call = Call("guest", "hall.people", audited="read", subjects=("guest",))
    with pytest.raises(Unavailable):
        recorded(Notebook(away=True), call, {"guest": "g1"}, lambda: "told")


def test_what_is_not_there_was_read_by_nobody() -> None:
    def missing() -> None:
        raise NotFound("no such guest")

    book = Notebook()
    with pytest.raises(NotFound):
        recorded(book, Call("guest", "hall.people", audited="read", subjects=("guest",)), {"guest": "g1"}, missing)
    assert book.noted == []


def test_a_service_that_reads_for_somebody_is_recorded_with_both() -> None:
    context = Context(service_principal("notify"), NOW, "c1", "call:1", how="call", doing="contact", behalf="user:desk")
    entry = read_entry(context, "yh", ["residents/p1"], None)
    assert (entry["actor"], entry["behalf"], entry["how"], entry["doing"]) == ("service:notify", "user:desk", "read", "contact")
    assert entry["subjects"] == ["residents/p1"] and "reason" not in entry


def test_whoever_is_behind_a_call_is_passed_on_through_services() -> None:
    user, service = Principal("user:desk"), service_principal("notify")
    event = Envelope("e1", "tickets.raised", "tickets/t1", NOW, {}, "yh", "tickets/t1", 1, "user:boss", "c1")
    assert Context(user, NOW, "c", "k").asker == "user:desk"
    assert Context(service, NOW, "c", "k", behalf="user:desk").asker == "user:desk"
    assert Context(service, NOW, "c", "k", event=event).asker == "user:boss"
    assert Context(service, NOW, "c", "k").asker == "service:notify"


def test_only_a_service_is_believed_for_whom_it_asks() -> None:
    delivery: Any = SimpleNamespace(headers={calls.BEHALF: "user:desk"})
    assert _behalf(delivery, service_principal("notify")) == "user:desk"
    assert _behalf(delivery, Principal("user:mallory")) is None
    assert _behalf(delivery, Principal("user:desk")) is None


def test_calls_that_are_on_record_say_of_whom_they_tell() -> None:
    audited = {f"{spec.name}.{call.name}": call.subjects for spec in installed_services().values() for call in spec.calls if call.audited}
    assert {"residents.person", "residents.people", "residents.contact", "residents.unit_contact"} <= audited.keys()
    assert all(audited.values())


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_of_an_export_is_a_formula(text: str) -> None:
    assert _cell(text) == _cell([text]) == f"'{text}"


def test_cells_of_an_export_are_text() -> None:
    cells = {"": [None, "", [], {}], "a b": [["a", "b"]], '{"a": 1}': [{"a": 1}], '[{"a": "楼"}]': [[{"a": "楼"}]]}
    assert all(_cell(value) == cell for cell, values in cells.items() for value in values)


def test_a_place_comes_back_from_its_cursor_and_nothing_else_does() -> None:
    place = Place(1_795_000_000_000_000, "call:user:desk:tickets.raise:k-1", "tickets")
    assert place_of(place.cursor()) == place
    for wrong in ("x", "", "AAAA", "楼"):
        with pytest.raises(BadInput):
            place_of(wrong)
