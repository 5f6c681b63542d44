"""The check for half-written state finds what is planted, and nothing where nothing is wrong."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from steward.testing.halves import Holdings, dead, half_written, post, unpublished

Json = dict[str, Any]


def entry(order: int, *told: tuple[str, int]) -> Json:
    return {"order": order, "events": [{"subject": subject, "aggregateversion": version} for subject, version in told]}


GOOD = {
    "tickets": Holdings(
        "tickets",
        [entry(10, ("tickets/t1", 1)), entry(20, ("tickets/t1", 2))],
        {"tickets": [{"_id": "t1", "version": 2, "_order": 20, "state": "dispatched", "round": 1}]},
    ),
    "dispatch": Holdings(
        "dispatch",
        [entry(15, ("dispatch/t1-1", 1)), entry(16)],
        {"orders": [{"_id": "t1-1", "version": 2, "_order": 16, "ticket": "t1", "state": "offered"}]},
    ),
}
MESSAGE = {"_id": "m1", "state": "sent", "channels": ["sms", "letter"], "step": 0, "doubtful": False}


@pytest.fixture
def held() -> dict[str, Holdings]:
    return deepcopy(GOOD)


def test_nothing_is_found_where_nothing_is_wrong(held: dict[str, Holdings]) -> None:
    assert half_written(held) == []


def test_state_without_its_entry_is_found(held: dict[str, Holdings]) -> None:
    del held["dispatch"].entries[1]
    assert half_written(held) == ["dispatch.orders t1-1: version 2 without an entry"]


def test_an_event_whose_state_was_not_written_is_found(held: dict[str, Holdings]) -> None:
    held["tickets"].of("tickets")[0] |= {"version": 1, "_order": 10}
    assert half_written(held) == ["tickets/t1: an event of version 2, the state has 1"]


def test_an_event_of_an_aggregate_that_is_not_there_is_found(held: dict[str, Holdings]) -> None:
    held["dispatch"].entries.append(entry(17, ("dispatch/t2-1", 1)))
    assert half_written(held) == ["dispatch/t2-1: an event of version 1, the state has gone"]


def test_a_version_that_was_made_twice_is_found(held: dict[str, Holdings]) -> None:
    held["tickets"].entries.append(entry(21, ("tickets/t1", 2)))
    assert half_written(held) == ["tickets/t1: version 2 was made 2 times"]


def test_a_dispatched_ticket_without_its_order_is_found(held: dict[str, Holdings]) -> None:
    held["tickets"].of("tickets")[0]["round"] = 2
    assert half_written(held) == ["tickets/t1: dispatched, and there is no order t1-2"]


def test_an_order_without_its_ticket_is_found(held: dict[str, Holdings]) -> None:
    held["dispatch"].of("orders")[0]["ticket"] = "t9"
    assert half_written(held) == ["dispatch/t1-1: an order of no ticket"]


def test_a_message_that_is_at_the_operator_once_is_right() -> None:
    found = post([MESSAGE], ["m1"])
    assert (found.lost, found.doubled, found.unexpected, found.under_way) == ([], [], [], [])


def test_a_message_said_to_be_sent_that_the_operator_never_got_is_found() -> None:
    assert post([MESSAGE], []).lost == ["message m1: sent, the operator never got it"]


def test_a_message_sent_twice_is_found_unless_it_is_marked_doubtful() -> None:
    assert post([MESSAGE], ["m1", "m1"]).doubled == ["message m1: sent 2 times"]
    assert post([MESSAGE | {"doubtful": True}], ["m1", "m1"]).doubled == []


def test_a_message_at_the_operator_that_nobody_knows_is_found() -> None:
    assert post([MESSAGE], ["m1", "m2"]).unexpected == ["message m2: at the operator, and nobody knows of it"]


def test_a_message_still_under_way_is_told_apart() -> None:
    assert post([MESSAGE | {"state": "sending"}], ["m1"]).under_way == ["message m1: sending"]


def test_an_unpublished_entry_is_found(held: dict[str, Holdings]) -> None:
    assert unpublished(held) == []
    held["tickets"].entries[0] |= {"_id": "call:1", "pending": True}
    assert unpublished(held) == ["tickets: call:1 not published"]


def test_a_dead_letter_is_found_until_somebody_has_seen_to_it(held: dict[str, Holdings]) -> None:
    assert dead(held) == []
    held["dispatch"].letters += [{"queue": "dispatch.on_ticket", "error": "X: y", "state": state} for state in ("dead", "discarded")]
    assert dead(held) == ["dispatch.on_ticket: X: y"]
