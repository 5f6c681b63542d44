from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from services.clocks import calendars, model
from services.clocks.book import shipped
from services.clocks.calendars import Calendars
from services.clocks.model import Sighting, State
from services.clocks.rules import Rules
from steward.errors import IllegalTransition, OutOfOrder
from steward.times import iso
from tests.unit.clocks.clock_desk import CALENDARS, MONDAY, Desk, names, rules_of

REPAIR = {"kind": "repair_home", "urgency": "normal", "channel": "phone", "item": "tap", "department": None, "number": "YH-2611-00042"}
HALF_HOUR = {"start": ["door.opened"], "stop": ["door.shut"], "limit_s": 1800}
PAUSABLE = HALF_HOUR | {"pause": ["door.held"], "resume": ["door.freed"], "cancel": ["door.gone"]}


def test_a_clock_that_stops_in_time_tells_nobody_but_the_record(shipped_rules: Rules) -> None:
    desk = Desk(shipped_rules, **REPAIR)
    assert ("started", "desk-accept") in names(desk.happens("tickets.raised"))
    (stopped,) = desk.happens("tickets.accepted", after_s=239)
    assert (stopped.name, stopped.data["elapsed_s"], stopped.data["late"]) == ("stopped", 239.0, False)
    assert desk.clock("desk-accept").state is State.STOPPED


def test_a_clock_warns_at_80_percent_breaches_at_100_and_goes_up_the_ladder(shipped_rules: Rules) -> None:
    desk = Desk(shipped_rules, kind="enquiry", department="desk")
    desk.happens("tickets.raised")
    assert desk.sweeps(239.999) == []
    (warned,) = desk.sweeps(0.001)
    (breached,) = desk.sweeps(60)
    (manager,) = desk.sweeps(150)
    (quality,) = desk.sweeps(150)
    assert desk.sweeps(1_000_000) == []
    assert (warned.name, warned.data["audience"]) == ("warned", ("desk",))
    assert (breached.name, breached.data["audience"], breached.data["department"]) == ("breached", ("desk", "supervisor"), "desk")
    assert (manager.name, manager.data["step"], manager.data["audience"]) == ("escalated", 1, ("manager",))
    assert (quality.name, quality.data["step"], quality.data["audience"]) == ("escalated", 2, ("quality",))
    assert desk.clock("desk-accept").shown is State.BREACHED


def test_after_an_outage_everything_due_is_told_once_in_order() -> None:
    desk = Desk(rules_of(short={**HALF_HOUR, "limit_s": 100}, long={**HALF_HOUR, "limit_s": 130}))
    desk.happens("door.opened")
    told = names(desk.sweeps(165))
    assert told == [
        ("warned", "short"),  # 80
        ("breached", "short"),  # 100
        ("warned", "long"),  # 104
        ("breached", "long"),  # 130
        ("escalated", "short"),  # 150
    ]
    assert desk.sweeps() == []


def test_a_stop_after_the_limit_is_late_and_a_breach_that_no_sweep_told_is_told_first() -> None:
    desk = Desk(rules_of(shut=HALF_HOUR))
    desk.happens("door.opened")
    told = desk.happens("door.shut", after_s=2000)
    assert names(told) == [("warned", "shut"), ("breached", "shut"), ("stopped", "shut")]
    assert told[-1].data["late"] is True
    assert told[-1].data["elapsed_s"] == 2000.0


def test_a_stop_at_the_very_moment_is_in_time() -> None:
    desk = Desk(rules_of(shut=HALF_HOUR))
    desk.happens("door.opened")
    told = desk.happens("door.shut", after_s=1800)
    assert ("breached", "shut") not in names(told)
    assert told[-1].data["late"] is False


def test_paused_time_does_not_count_and_nothing_fires_meanwhile() -> None:
    desk = Desk(rules_of(shut=PAUSABLE))
    desk.happens("door.opened")
    desk.happens("door.held", after_s=600)
    assert desk.watch.next_at is None
    assert desk.sweeps(1_000_000) == []
    desk.happens("door.freed")
    assert desk.clock("shut").due_at == desk.now + timedelta(seconds=1200)
    told = desk.happens("door.shut", after_s=1200)
    assert (told[-1].data["elapsed_s"], told[-1].data["late"]) == (1800.0, False)


def test_a_clock_past_its_limit_can_be_paused_and_goes_on_up_the_ladder() -> None:
    desk = Desk(rules_of(shut=PAUSABLE))
    desk.happens("door.opened")
    desk.sweeps(1800)
    desk.happens("door.held")
    assert desk.sweeps(99_999) == []
    desk.happens("door.freed")
    assert desk.clock("shut").shown is State.BREACHED
    assert names(desk.sweeps(900)) == [("escalated", "shut")]


def test_working_time_stands_still_at_night_and_over_the_weekend(shipped_rules: Rules) -> None:
    desk = Desk(shipped_rules, **REPAIR | {"item": "lamp"})
    desk.happens("tickets.raised", difficulty="simple")
    desk.happens("tickets.dispatched", after_s=4 * 86_400)  # Friday 10:00
    assert iso(desk.clock("lamp-or-pipe-done").due_at) == "2026-11-30T02:00:00.000Z"  # Monday 10:00
    desk.happens("tickets.waiting", after_s=3600)
    desk.happens("tickets.resumed", after_s=86_400)  # Saturday 11:00: 10 hours are left, from Monday 08:00
    assert iso(desk.clock("lamp-or-pipe-done").due_at) == "2026-11-30T10:00:00.000Z"  # 18:00


def test_an_appointment_replaces_the_limit(shipped_rules: Rules) -> None:
    desk = Desk(shipped_rules, **REPAIR)
    tomorrow = MONDAY + timedelta(days=1, seconds=17.5)
    desk.happens("tickets.raised", appointment_at=iso(tomorrow))
    assert desk.clock("arrival-other").due_at == tomorrow
    assert desk.clock("desk-accept").due_at == MONDAY + timedelta(minutes=5)


@pytest.mark.parametrize("appointment", [None, "", "soon", "2026-11-23T01:00:00.000Z", "2026-11-24T10:00:00", 7])
def test_what_is_no_appointment_in_the_future_leaves_the_limit(shipped_rules: Rules, appointment: object) -> None:
    desk = Desk(shipped_rules, **REPAIR)
    desk.happens("tickets.raised", appointment_at=appointment)
    assert desk.clock("arrival-other").due_at == MONDAY + timedelta(minutes=30)


def test_what_one_event_said_is_known_when_a_later_one_starts_a_clock(shipped_rules: Rules) -> None:
    desk = Desk(shipped_rules, **REPAIR)
    desk.happens("tickets.raised", difficulty="difficult")
    desk.happens("tickets.arrived", after_s=60)
    assert desk.clock("repair-done-difficult").due_at == desk.now + timedelta(hours=72)


def test_a_second_round_starts_the_clock_again(shipped_rules: Rules) -> None:
    desk = Desk(shipped_rules, **REPAIR)
    for event in ("raised", "accepted", "dispatched", "taken", "arrived", "done", "called_back", "reopened", "dispatched"):
        desk.happens(f"tickets.{event}", after_s=10)
    runs = [clock for clock in desk.watch.clocks if clock.rule == "repair-order-taken"]
    assert [run.state for run in runs] == [State.STOPPED, State.RUNNING]
    assert runs[0].id != runs[1].id


def test_starting_again_while_it_runs_changes_nothing() -> None:
    desk = Desk(rules_of(shut=HALF_HOUR))
    desk.happens("door.opened")
    assert desk.happens("door.opened", after_s=1000) == []
    assert desk.clock("shut").due_at == MONDAY + timedelta(seconds=1800)


def test_one_event_may_stop_a_clock_and_start_it_anew() -> None:
    desk = Desk(rules_of(beat={"start": ["heart.beat"], "stop": ["heart.beat"], "limit_s": 100}))
    desk.happens("heart.beat")
    assert names(desk.happens("heart.beat", after_s=60)) == [("stopped", "beat"), ("started", "beat")]
    assert names(desk.happens("heart.beat", after_s=60)) == [("stopped", "beat"), ("started", "beat")]
    assert names(desk.sweeps(80)) == [("warned", "beat")]


def test_start_and_stop_in_one_commit_are_one_clock_of_no_length(shipped_rules: Rules) -> None:
    desk = Desk(shipped_rules, kind="enquiry")
    desk.happens("tickets.raised", seq=1)
    assert names(desk.happens("tickets.accepted", seq=1)) == [("stopped", "desk-accept")]


def test_stop_and_start_in_one_commit_end_the_run_before_and_begin_the_next() -> None:
    desk = Desk(rules_of(shut=HALF_HOUR))
    desk.happens("door.opened", seq=1)
    desk.happens("door.opened", seq=2, after_s=60)
    told = desk.happens("door.shut", seq=2)
    assert names(told) == [("stopped", "shut"), ("started", "shut")]
    assert [clock.state for clock in desk.watch.clocks] == [State.STOPPED, State.RUNNING]


def test_the_same_event_twice_is_heard_once() -> None:
    desk = Desk(rules_of(shut=HALF_HOUR))
    desk.happens("door.opened", seq=1)
    before = desk.watch
    assert desk.happens("door.opened", seq=1) == []
    assert desk.watch == before


def test_an_old_start_that_arrives_late_does_not_restart_what_was_stopped() -> None:
    desk = Desk(rules_of(shut=HALF_HOUR, other={"start": ["door.painted"], "stop": ["door.dry"], "limit_s": 60}))
    desk.happens("door.painted", seq=1)
    desk.happens("door.shut", seq=3, after_s=600)
    told = desk.arrives(Sighting("door.opened", 2, MONDAY + timedelta(seconds=100)))
    assert names(told) == [("started", "shut"), ("stopped", "shut")]
    assert told[-1].data["elapsed_s"] == 500.0


def test_a_stop_for_a_subject_that_was_never_seen_waits_its_turn(shipped_rules: Rules) -> None:
    with pytest.raises(OutOfOrder):
        Desk(shipped_rules, **REPAIR).happens("tickets.accepted", seq=2)


def test_a_start_whose_conditions_came_late_still_starts(shipped_rules: Rules) -> None:
    desk = Desk(shipped_rules, **REPAIR)
    arrived = MONDAY + timedelta(seconds=60)
    desk.arrives(Sighting("tickets.arrived", 5, arrived, dict(REPAIR)))
    told = names(desk.arrives(Sighting("tickets.raised", 1, MONDAY, {**REPAIR, "difficulty": "simple"})))
    assert ("started", "repair-done-simple") in told
    assert ("stopped", "arrival-other") in told
    assert desk.clock("repair-done-simple").due_at == arrived + timedelta(hours=2)


def test_a_subject_for_which_no_clock_starts_is_remembered_all_the_same() -> None:
    desk = Desk(rules_of(shut={**HALF_HOUR, "when": {"kind": "heavy"}}), kind="light")
    assert desk.happens("door.opened") == []
    assert desk.happens("door.shut") == []
    assert desk.watch.clocks == ()


def test_cancelling_ends_a_clock_without_a_verdict() -> None:
    desk = Desk(rules_of(shut=PAUSABLE))
    desk.happens("door.opened")
    assert names(desk.happens("door.gone", after_s=10)) == [("cancelled", "shut")]
    assert desk.sweeps(1_000_000) == []


def test_editing_policy_moves_no_promise_that_was_given() -> None:
    desk = Desk(rules_of(shut=PAUSABLE))
    desk.happens("door.opened")
    due = desk.clock("shut").due_at
    desk.rules = rules_of(shut={**PAUSABLE, "limit_s": 60, "warn_at": 0.1}, other=HALF_HOUR)
    desk.happens("door.held", after_s=10)
    desk.happens("door.freed")
    assert desk.clock("shut").due_at == due
    assert {clock.rule for clock in desk.watch.clocks} == {"shut"}


def test_a_new_calendar_moves_no_promise_that_was_given() -> None:
    row = PAUSABLE | {"limit_s": None, "limit_days": 2, "calendar": "working"}
    desk = Desk(rules_of(shut={key: value for key, value in row.items() if value is not None}))
    desk.happens("door.opened")
    due = desk.clock("shut").due_at
    old, night = CALENDARS.current, calendars.from_policy({**shipped()["calendar"], "hours": ["20:00-23:00"]})
    desk.calendars = Calendars(night, {old.version: old}.get)
    desk.happens("door.held")
    desk.happens("door.freed")
    assert desk.clock("shut").due_at == due


def test_a_due_date_in_a_year_without_announced_holidays_says_so() -> None:
    desk = Desk(rules_of(shut={**HALF_HOUR, "limit_s": 60, "calendar": "working"}))
    desk.now += timedelta(days=42)  # 4 January 2027
    desk.happens("door.opened")
    assert desk.clock("shut").provisional


def test_seconds_left_go_below_zero_once_overdue_and_stand_while_paused() -> None:
    desk = Desk(rules_of(shut=PAUSABLE))
    desk.happens("door.opened")
    assert desk.clock("shut").left_s(MONDAY + timedelta(seconds=1900)) == -100
    desk.happens("door.held", after_s=100)
    assert desk.clock("shut").left_s(MONDAY + timedelta(days=1)) == 1700
    desk.happens("door.gone")
    assert desk.clock("shut").left_s(MONDAY) is None


def test_what_happened_long_ago_is_forgotten_but_never_what_a_live_clock_counts_by() -> None:
    rules = rules_of(long={**PAUSABLE, "limit_s": 10**8}, beat={"start": ["heart.beat"], "stop": ["heart.beat"], "limit_s": 100})
    desk = Desk(rules, number="A-1")
    for seq in range(1, 200):
        desk.arrives(Sighting("heart.beat", seq, MONDAY + timedelta(seconds=seq), {"number": "A-1"} if seq == 1 else {}), keep=4)
    assert len(desk.watch.sightings) <= 8
    assert desk.watch.known()["number"] == "A-1"
    assert desk.arrives(Sighting("door.opened", 2, MONDAY), keep=4) == []
    desk.arrives(Sighting("door.opened", 200, MONDAY + timedelta(seconds=200)), keep=4)
    for seq in range(201, 400):
        desk.arrives(Sighting("heart.beat", seq, MONDAY + timedelta(seconds=seq)), keep=4)
    desk.arrives(Sighting("door.shut", 400, MONDAY + timedelta(seconds=400)), keep=4)
    assert [f.data["elapsed_s"] for f in desk.told if (f.name, f.data["rule"]) == ("stopped", "long")] == [200.0]


def test_the_watch_shows_its_most_urgent_clock() -> None:
    desk = Desk(rules_of(shut=PAUSABLE, soon={**PAUSABLE, "limit_s": 60, "pause": [], "resume": []}))
    desk.happens("door.opened")
    assert desk.watch.state is State.RUNNING
    desk.sweeps(60)
    assert desk.watch.state is State.BREACHED
    desk.happens("door.held")
    assert desk.watch.state is State.BREACHED
    desk.happens("door.shut")
    assert desk.watch.state is State.STOPPED
    assert replace(desk.watch, clocks=()).state is State.STOPPED


def test_transitions_lead_only_out_of_live_states() -> None:
    assert {before for before, _ in model.TRANSITIONS} == model.LIVE


def test_a_breach_that_somebody_takes_upon_themselves_climbs_no_further() -> None:
    desk = Desk(rules_of(door=HALF_HOUR))
    desk.happens("door.opened")
    clock = desk.watch.clocks[0]
    with pytest.raises(IllegalTransition):
        model.acknowledge(desk.watch, clock.id, "user:li", desk.now, ())
    desk.sweeps(1800)
    decision = model.acknowledge(desk.watch, clock.id, "user:li", desk.now, ())
    desk.watch = decision.state
    assert [(fact.name, fact.data["by"]) for fact in decision.facts] == [("acknowledged", "user:li")]
    assert desk.watch.next_at is None
    assert desk.sweeps(1_000_000) == []
    with pytest.raises(IllegalTransition):
        model.acknowledge(desk.watch, clock.id, "user:wang", desk.now, ())
    assert names(desk.happens("door.shut")) == [("stopped", "door")]


def test_a_breach_that_nobody_takes_climbs_the_whole_ladder() -> None:
    desk = Desk(rules_of(door=HALF_HOUR))
    desk.happens("door.opened")
    assert [name for name, _ in names(desk.sweeps(3600))] == ["warned", "breached", "escalated", "escalated"]


def test_what_is_told_long_after_its_moment_says_so() -> None:
    desk = Desk(rules_of(door=HALF_HOUR))
    desk.happens("door.opened")
    decision = model.fire(desk.watch, desk.now + timedelta(seconds=1900), (), late_after=timedelta(seconds=120))
    assert decision is not None
    assert [(fact.name, fact.data["told_late"]) for fact in decision.facts] == [("warned", True), ("breached", False)]
