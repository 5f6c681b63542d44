"""The books find a planted loss, double, disorder and imbalance, and nothing where nothing is wrong."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from steward.testing.balance import Account, accounts, disordered, idle_keys, unbalanced, unexplained, unknown_causes
from steward.testing.halves import Holdings

Json = dict[str, Any]
RAISED, ACCEPTED = "tickets.raised", "tickets.accepted"


def event(id: str, version: int, type: str = ACCEPTED) -> Json:
    return {"id": id, "type": type, "subject": "tickets/t1", "aggregateversion": version}


def handled(handler: str, cause: str, order: int) -> Json:
    return {"_id": f"{handler}:{cause}", "cause": cause, "order": order, "events": []}


GOOD = {
    "tickets": Holdings(
        "tickets",
        [
            {"_id": "call:1", "order": 1, "events": [event("e1", 1, RAISED)]},
            {"_id": "call:2", "order": 2, "events": [event("e2", 2)]},
            {"_id": "call:3", "order": 3, "events": [event("e3", 3)]},
        ],
    ),
    "dispatch": Holdings("dispatch", [handled("on_ticket", "e2", 5), handled("on_ticket", "e3", 6)]),
}
LETTER = {"queue": "dispatch.on_ticket", "message_id": "e3", "state": "dead", "error": "X: y", "stack": "in z", "attempts": 3}


@pytest.fixture
def held() -> dict[str, Holdings]:
    return deepcopy(GOOD)


def account(held: dict[str, Holdings], idle: set[str] | None = None) -> Account:
    found = accounts(held, idle or set())
    return next(one for one in found if (one.event, one.queue) == (ACCEPTED, "dispatch.on_ticket"))


def test_nothing_is_found_where_nothing_is_wrong(held: dict[str, Holdings]) -> None:
    assert account(held) == Account(ACCEPTED, "dispatch.on_ticket", 2, 2, 0, 0, ())
    assert [*unbalanced(accounts(held, set())), *unknown_causes(held), *disordered(held), *unexplained(held)] == []


def test_an_event_that_nobody_can_account_for_is_found(held: dict[str, Holdings]) -> None:
    del held["dispatch"].entries[1]
    assert unbalanced([account(held)]) == ["dispatch.on_ticket: 1 of 2 tickets.accepted unaccounted for: e3"]


def test_an_event_that_gave_nothing_to_do_is_accounted_for(held: dict[str, Holdings]) -> None:
    del held["dispatch"].entries[1]
    found = account(held, {"dispatch/on_ticket:e3"})
    assert (found.handled, found.idle, found.unaccounted) == (1, 1, ())


def test_a_dead_letter_is_accounted_for_and_one_that_was_replayed_must_have_been_handled(held: dict[str, Holdings]) -> None:
    del held["dispatch"].entries[1]
    held["dispatch"].letters.append(LETTER)
    assert (account(held).dead, account(held).unaccounted) == (1, ())
    held["dispatch"].letters[0] = LETTER | {"state": "replayed"}
    assert account(held).unaccounted == ("e3",)


def test_what_is_still_in_the_outbox_is_not_yet_dispatched(held: dict[str, Holdings]) -> None:
    del held["dispatch"].entries[1]
    held["tickets"].entries[2]["pending"] = True
    assert (account(held).dispatched, account(held).unaccounted) == (1, ())


def test_an_effect_of_an_event_that_was_never_published_is_found(held: dict[str, Holdings]) -> None:
    held["dispatch"].entries.append(handled("on_ticket", "e9", 7))
    assert unknown_causes(held) == ["dispatch: on_ticket:e9 for an event that nobody published"]


def test_a_step_back_in_an_aggregates_history_is_found(held: dict[str, Holdings]) -> None:
    held["dispatch"].entries[0]["order"] = 7
    assert disordered(held) == ["dispatch.on_ticket: tickets/t1 version 2 after 3"]


def test_a_handler_that_copes_with_any_order_may_step_back(held: dict[str, Holdings]) -> None:
    held["clocks"] = Holdings("clocks", [handled("on_event", "e2", 5), handled("on_event", "e1", 6)])
    assert disordered(held) == []


def test_two_handlers_of_one_service_need_not_keep_step(held: dict[str, Holdings]) -> None:
    held["dispatch"].entries.append(handled("on_breach", "e1", 9))
    assert disordered(held) == []


@pytest.mark.parametrize("missing", ["error", "stack", "attempts"])
def test_a_dead_letter_that_does_not_explain_itself_is_found(held: dict[str, Holdings], missing: str) -> None:
    held["dispatch"].letters += [LETTER, LETTER | {missing: None}]
    assert unexplained(held) == [f"dispatch.on_ticket: e3 has no {missing}"]


def test_events_without_anything_to_do_are_read_from_the_logs(tmp_path: Path) -> None:
    log = tmp_path / "clocks-0.log"
    log.write_text('{"service": "clocks", "event": "nothing to do: on_event:e1"}\nnot JSON\n{"service": "clocks", "event": "receiving"}\n')
    assert idle_keys([log, tmp_path / "none"]) == {"clocks/on_event:e1"}
