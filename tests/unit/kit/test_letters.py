"""Dead letters: what they are made of, in which order they come, and who may find which."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from steward.bus import settling
from steward.bus.letters import letter_id, made_of, wanted
from steward.ids import id_at, new_id

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


@dataclass
class Delivery:
    body: bytes = b"{torn"
    headers: dict[str, Any] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)


def made(**headers: Any) -> dict[str, Any]:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return made_of(Delivery(headers=given, properties={"message_id": "m1"}), NOW)  # type: ignore[arg-type]


def test_letters_are_in_the_order_of_their_events_whatever_gave_them_up() -> None:
    early = id_at(datetime(2026, 1, 1, tzinfo=UTC))
    assert letter_id("z.on_z", early) < letter_id("a.on_a", new_id())
    assert letter_id("a.on_a", "no id of ours") < letter_id("a.on_a", early)


def test_the_same_message_of_the_same_queue_is_one_letter() -> None:
    message = new_id()
    assert letter_id("a.on_a", message) == letter_id("a.on_a", message) != letter_id("a.on_b", message)


def test_what_the_broker_gave_up_explains_itself_too() -> None:
    letter = made(x_first_death_queue="a.on_a", x_first_death_reason="delivery_limit", x_delivery_count=101)
    assert (letter["queue"], letter["error"], letter["attempts"]) == ("a.on_a", "broker: delivery_limit", 101)
    assert letter["stack"] and letter["first_failed"] == letter["last_failed"]


@pytest.mark.parametrize("lie", [7, "", None, {}, "many"])
def test_headers_that_say_nothing_sensible_keep_no_letter_from_being_filed(lie: Any) -> None:
    letter = made(**dict.fromkeys((settling.ERROR, settling.STACK, settling.FIRST_FAILED), lie), x_delivery_count=str(lie))
    assert all(isinstance(letter[name], str) and letter[name] for name in ("queue", "error", "stack", "first_failed"))
    assert letter["attempts"] == 1


def test_each_giving_up_is_a_death_of_its_own_and_the_same_one_told_twice_is_not() -> None:
    first, again = (made(**{settling.LAST_FAILED: f"2026-11-23T04:00:0{second}Z"}) for second in (1, 2))
    assert first["_id"] == again["_id"]
    assert first["death"] != again["death"]
    assert first["death"] == made(**{settling.LAST_FAILED: "2026-11-23T04:00:01Z"})["death"]


@pytest.mark.parametrize(
    ("asked", "may", "found"),
    [
        ({}, {"*"}, None),
        ({}, {"yh"}, ["yh"]),
        ({"project": "yh"}, {"*"}, ["yh"]),
        ({"project": "yh"}, {"yh", "other"}, ["yh"]),
        ({"project": "yh"}, {"other"}, []),
        ({}, set(), []),
    ],
)
def test_nobody_finds_letters_of_projects_that_are_not_theirs(asked: dict[str, Any], may: set[str], found: list[str] | None) -> None:
    assert wanted(asked, "a", may).get("project") == (None if found is None else {"$in": found})


def test_a_text_in_an_error_is_a_text_and_no_pattern() -> None:
    assert wanted({"error": "a(.*"}, "a", {"*"})["error"]["$regex"] == r"a\(\.\*"
