"""A running clock keeps its promise until somebody moves it on purpose; then nothing is told twice, and nothing is left out."""

from __future__ import annotations

from datetime import timedelta

from services.clocks import model
from services.clocks.model import State
from services.clocks.model.replan import Move, moves, replan
from tests.unit.clocks.clock_desk import CALENDARS, MONDAY, Desk, names, rules_of

DOOR = {"start": ["door.opened"], "stop": ["door.shut"], "pause": ["door.held"], "resume": ["door.freed"], "limit_s": 1000}


def opened(*, after_s: float = 0) -> Desk:
    desk = Desk(rules_of(door=DOOR))
    desk.happens("door.opened")
    desk.sweeps(after_s)
    return desk


def planned(desk: Desk, **row: object) -> list[Move]:
    return moves(desk.watch, rules_of(door=DOOR | row), CALENDARS, desk.now)


def carried_out(desk: Desk, **row: object) -> Desk:
    decision = replan(desk.watch, planned(desk, **row), "user:li", "by order of the company", ())
    desk.watch, desk.rules = decision.state, rules_of(door=DOOR | row)
    desk.told += decision.facts
    return desk


def test_rules_that_say_the_same_move_nothing() -> None:
    assert planned(opened(after_s=900)) == []


def test_a_preview_says_from_when_to_when_and_changes_nothing() -> None:
    desk = opened()
    (move,) = planned(desk, limit_s=2000)
    assert (move.due_before, move.due_after) == (MONDAY + timedelta(seconds=1000), MONDAY + timedelta(seconds=2000))
    assert desk.clock("door").due_at == MONDAY + timedelta(seconds=1000)


def test_a_longer_limit_warns_and_breaches_again_at_its_own_time() -> None:
    desk = carried_out(opened(after_s=1000), limit_s=2000)
    assert desk.told[-1].name == "replanned"
    assert desk.told[-1].data | {"about": {}} == desk.told[-1].data | {"about": {}, "by": "user:li", "note": "by order of the company"}
    assert desk.clock("door").shown is State.RUNNING
    assert names(desk.sweeps(599)) == []
    assert names(desk.sweeps(1)) == [("warned", "door")]
    assert names(desk.sweeps(400)) == [("breached", "door")]


def test_a_shorter_limit_that_has_passed_is_told_once() -> None:
    desk = carried_out(opened(after_s=900), limit_s=500)
    assert names(desk.sweeps()) == [("breached", "door"), ("escalated", "door")]
    assert names(desk.sweeps()) == []


def test_what_was_told_is_not_told_again() -> None:
    desk = carried_out(opened(after_s=1100), limit_s=1050)
    assert names(desk.sweeps()) == []
    assert names(desk.sweeps(10_000)) == [("escalated", "door"), ("escalated", "door")]


def test_a_breach_that_was_taken_on_is_open_again_when_the_limit_moves_beyond_now() -> None:
    desk = opened(after_s=1000)
    clock = desk.clock("door")
    desk.watch = model.acknowledge(desk.watch, clock.id, "user:li", desk.now, ()).state
    desk = carried_out(desk, limit_s=2000)
    assert desk.clock("door").acknowledged_by is None
    assert ("breached", "door") in names(desk.sweeps(1000))


def test_a_paused_clock_keeps_what_it_has_counted() -> None:
    desk = opened(after_s=100)
    desk.happens("door.held", after_s=0)
    desk = carried_out(desk, limit_s=500)
    desk.happens("door.freed", after_s=5_000)
    assert desk.clock("door").left_s(desk.now) == 400


def test_clocks_that_have_ended_and_those_whose_rule_is_gone_are_left_alone() -> None:
    ended = opened()
    ended.happens("door.shut", after_s=10)
    assert planned(ended, limit_s=5) == []
    assert moves(opened().watch, rules_of(window=DOOR), CALENDARS, MONDAY) == []
