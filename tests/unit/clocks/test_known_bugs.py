"""What other systems got wrong, each bug by its name, so that it never comes here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.clocks import calendars
from services.clocks.book import shipped
from services.clocks.calendars import Calendars
from services.clocks.model import Sighting, State
from services.clocks.rules import Rules
from services.clocks.working import add
from steward.times import iso
from tests.unit.clocks.clock_desk import MONDAY, Desk, names, rules_of

UNLIMITED = {"start": ["door.opened"], "stop": ["door.shut"]}
DOOR = UNLIMITED | {"limit_s": 1800}
PAUSABLE = DOOR | {"pause": ["door.held"], "resume": ["door.freed"]}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def desk_in(zone: str, started: str, **row: object) -> Desk:
    """A desk in ``zone`` where a clock of ``row`` starts at ``started`` (UTC)."""
    desk = Desk(rules_of(shut={**UNLIMITED, **row}))
    desk.calendars = Calendars(calendars.from_policy(shipped()["calendar"], zone))
    desk.now = at(started)
    desk.happens("door.opened")
    return desk


# ---- pauses ------------------------------------------------------------------------------------------------------


def test_hold_time_is_not_counted_twice_when_the_hold_is_told_twice() -> None:
    """ERPNext adds the hold again with every save of a document on hold."""
    desk = Desk(rules_of(shut=PAUSABLE))
    desk.happens("door.opened")
    desk.happens("door.held", after_s=600)
    desk.happens("door.held", after_s=300)
    desk.happens("door.freed", after_s=300)
    desk.happens("door.freed", after_s=100)
    assert desk.clock("shut").due_at == MONDAY + timedelta(seconds=1800 + 600)
    (stopped,) = desk.happens("door.shut", after_s=100)
    assert stopped.data["elapsed_s"] == 800.0


def test_what_is_resolved_while_it_is_paused_ends_in_time_with_what_had_counted() -> None:
    desk = Desk(rules_of(shut=PAUSABLE))
    desk.happens("door.opened")
    desk.happens("door.held", after_s=600)
    (stopped,) = desk.happens("door.shut", after_s=100_000)
    assert (stopped.data["elapsed_s"], stopped.data["late"]) == (600.0, False)
    assert desk.clock("shut").state is State.STOPPED
    assert desk.happens("door.freed", after_s=10) == []
    assert desk.sweeps(1_000_000) == []


def test_only_a_wait_with_a_reason_that_the_row_names_stops_the_clock() -> None:
    reasons = {"event": "door.held", "when": {"reason": ["resident_away", "parts", "third_party"]}}
    desk = Desk(rules_of(shut={**PAUSABLE, "pause": [reasons]}))
    desk.happens("door.opened")
    desk.happens("door.held", after_s=60, reason="lunch")
    assert desk.clock("shut").state is State.RUNNING
    desk.happens("door.held", after_s=60, reason="parts")
    assert desk.clock("shut").state is State.PAUSED


def test_time_before_opening_and_over_noon_and_a_pause_are_not_taken_off_twice() -> None:
    noon = {**shipped()["calendar"], "hours": ["08:00-12:00", "14:00-18:00"]}
    row = {**PAUSABLE, "limit_s": 4 * 3600, "calendar": "working"}
    desk = Desk(rules_of(shut=row))
    desk.calendars = Calendars(calendars.from_policy(noon))
    desk.happens("door.opened")  # 10:00 in Shanghai
    desk.happens("door.held", after_s=3600)  # 11:00
    desk.happens("door.freed", after_s=2 * 3600)  # 13:00, at noon rest
    assert desk.clock("shut").due_at == at("2026-11-23 09:00")  # 3 hours from 14:00: 17:00


# ---- policy that changes -----------------------------------------------------------------------------------------


def test_an_edited_limit_moves_no_promise_that_runs_only_later_ones() -> None:
    """Zammad recalculates every open ticket when its SLA is edited."""
    desk = Desk(rules_of(shut=PAUSABLE))
    desk.happens("door.opened")
    due = desk.clock("shut").due_at
    desk.rules = rules_of(shut={**PAUSABLE, "limit_s": 60})
    desk.happens("door.held", after_s=1)
    desk.happens("door.freed")
    assert desk.clock("shut").due_at == due
    desk.happens("door.shut")
    desk.happens("door.opened", after_s=1)
    assert desk.watch.clocks[-1].due_at == desk.now + timedelta(seconds=60)


def test_a_running_clock_still_waits_for_the_event_that_its_row_no_longer_names() -> None:
    desk = Desk(rules_of(shut=DOOR))
    desk.happens("door.opened")
    desk.rules = rules_of(shut={**DOOR, "stop": ["door.locked"]})
    assert "door.shut" not in desk.rules.heard
    assert desk.watch.awaited == {"door.shut"}
    assert desk.happens("door.locked", after_s=1) == []
    assert names(desk.happens("door.shut", after_s=1)) == [("stopped", "shut")]
    assert desk.watch.awaited == frozenset()


def test_a_condition_taken_out_of_a_row_still_judges_the_stop_of_a_running_clock() -> None:
    by_staff = {"event": "door.shut", "when": {"by": "staff"}}
    desk = Desk(rules_of(shut={**DOOR, "stop": [by_staff]}))
    desk.happens("door.opened")
    desk.rules = rules_of(shut=DOOR)
    assert desk.happens("door.shut", after_s=1, by="cat") == []
    assert names(desk.happens("door.shut", after_s=1, by="staff")) == [("stopped", "shut")]


# ---- replies and reopening -----------------------------------------------------------------------------------------


def test_what_the_requester_writes_is_no_first_response(all_rules: Rules) -> None:
    """Several help desks stop the clock of the first response at the requester's own second message."""
    desk = Desk(all_rules, kind="complaint", urgency="normal", channel="phone")
    desk.happens("tickets.raised")
    desk.happens("tickets.replied", after_s=60, **{"from": "resident"})
    assert desk.clock("complaint-replied").state is State.RUNNING
    desk.happens("tickets.replied", after_s=60, **{"from": "staff"})
    assert desk.clock("complaint-replied").spent_ms == 120_000


def test_what_is_reopened_after_closing_starts_the_clock_of_its_kind_again(shipped_rules: Rules) -> None:
    desk = Desk(shipped_rules, kind="repair_home", urgency="normal", channel="phone", item="tap", difficulty="simple")
    for event in ("raised", "accepted", "dispatched", "taken", "arrived", "done", "called_back", "closed"):
        desk.happens(f"tickets.{event}", after_s=10)
    assert desk.watch.next_at is None
    assert names(desk.happens("tickets.reopened", after_s=86_400)) == [("started", "rerepair-scheduled")]
    desk.happens("tickets.dispatched", after_s=60)
    running = {clock.rule for clock in desk.watch.clocks if clock.state is State.RUNNING}
    assert running == {"repair-order-taken", "tap-or-drain-done"}
    for event in ("taken", "arrived", "done"):
        desk.happens(f"tickets.{event}", after_s=60)
    assert {clock.rule for clock in desk.watch.clocks if clock.state is State.RUNNING} == {"callback-repair"}


def test_a_complaint_found_unsolved_goes_to_its_department_within_the_hour_again(shipped_rules: Rules) -> None:
    desk = Desk(shipped_rules, kind="complaint", urgency="normal", channel="phone")
    for event in ("raised", "accepted", "dispatched", "done"):
        desk.happens(f"tickets.{event}", after_s=10)
    desk.happens("tickets.called_back", after_s=10, solved=False)
    desk.happens("tickets.reopened", after_s=10)
    live = {clock.rule for clock in desk.watch.clocks if clock.state is State.RUNNING}
    assert live == {"complaint-dispatched", "complaint-unsolved"}  # the month goes on: a callback that failed ends nothing


# ---- appointments, departments ------------------------------------------------------------------------------------


def test_an_appointment_made_later_replaces_the_limit_of_the_visit(all_rules: Rules) -> None:
    desk = Desk(all_rules, kind="repair_home", urgency="normal", channel="phone", item="tap", difficulty="simple")
    desk.happens("tickets.raised")
    desk.happens("tickets.delayed", after_s=1000)
    agreed = desk.now + timedelta(days=2)
    told = names(desk.happens("tickets.rescheduled", after_s=300, appointment_at=iso(agreed)))
    assert set(told) == {("cancelled", "arrival-other"), ("started", "arrival-other"), ("stopped", "delay-told")}
    assert desk.watch.clocks[-1].due_at == agreed


def test_several_departments_have_a_clock_each(all_rules: Rules) -> None:
    desk = Desk(all_rules, kind="complaint", urgency="normal", channel="phone")
    desk.happens("tickets.department_asked", department="engineering")
    desk.happens("tickets.department_asked", after_s=100, department="security")
    desk.happens("tickets.department_asked", after_s=100, department="security")
    desk.happens("tickets.department_answered", after_s=100, department="engineering")
    rows = [clock for clock in desk.watch.clocks if clock.rule == "complaint-answered-by-department"]
    assert [(clock.part, clock.state, clock.spent_ms) for clock in rows] == [
        ("engineering", State.STOPPED, 300_000),
        ("security", State.RUNNING, 0),
        ("security", State.ABSORBED, 0),
    ]
    desk.happens("tickets.cancelled", after_s=100)
    assert {clock.state for clock in desk.watch.clocks} == {State.STOPPED, State.CANCELLED, State.ABSORBED}


def test_a_limit_may_count_from_before_what_starts_it_and_however_late_that_comes(all_rules: Rules) -> None:
    desk = Desk(all_rules, kind="complaint", urgency="normal", channel="phone")
    judged = Sighting("tickets.judged", 2, MONDAY + timedelta(minutes=50), {"within_duty": False, "fault": "developer"})
    told = names(desk.arrives(judged))
    assert set(told) == {("started", "developer-letter"), ("started", "developer-callback")}
    desk.happens("tickets.raised", seq=1)
    assert desk.clock("complaint-outside-explained").due_at == MONDAY + timedelta(hours=2)


# ---- the wall clock ----------------------------------------------------------------------------------------------


def test_night_and_weekend_do_not_count_where_working_time_is_promised() -> None:
    """Condo counts by the wall clock alone."""
    desk = desk_in("Asia/Shanghai", "2026-11-27 10:30", limit_s=3600, calendar="working")  # Friday 18:30, closing at 19:00
    assert desk.clock("shut").due_at == at("2026-11-30 00:30")  # Monday 08:30


@pytest.mark.parametrize(
    ("hours", "started", "hours_later", "due"),
    [
        ("01:00-04:00", "2027-03-28 00:00", 2, "2027-03-28 02:00"),  # 01:00 to 04:00 is two hours long: 02:00 is left out
        ("02:30-04:00", "2027-03-28 00:00", 1, "2027-03-28 02:00"),  # opens in the hour that is left out: at the leap
        ("01:00-02:30", "2026-10-24 22:00", 2, "2026-10-25 01:30"),  # 02:00 to 02:30 comes twice, and counts twice
        ("01:00-04:00", "2026-10-24 22:00", 4, "2026-10-25 03:00"),
    ],
)
def test_working_hours_in_the_night_that_the_clocks_change(hours: str, started: str, hours_later: int, due: str) -> None:
    week = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    rules = {**shipped()["calendar"], "table": "", "zone": "Europe/Berlin", "hours": [hours], "weekdays": week}
    assert add(at(started), timedelta(hours=hours_later), calendars.from_policy(rules)) == at(due)


def test_the_leap_day_is_a_working_day_like_any_other() -> None:
    desk = desk_in("Asia/Shanghai", "2028-02-28 02:00", limit_days=1, calendar="working")
    assert desk.clock("shut").due_at == at("2028-02-29 02:00")


@pytest.mark.parametrize(
    ("started", "months", "due"),
    [
        ("2026-01-31 02:00", 1, "2026-02-28 02:00"),  # month end
        ("2028-01-31 02:00", 1, "2028-02-29 02:00"),  # in a leap year
        ("2028-02-29 02:00", 12, "2029-02-28 02:00"),  # leap day
        ("2026-12-31 02:00", 2, "2027-02-28 02:00"),  # over the year
        ("2026-10-31 17:00", 1, "2026-11-30 17:00"),  # already 1 November in Shanghai: to 1 December there
        ("2026-11-15 02:00:00.250", 3, "2027-02-15 02:00:00.250"),
    ],
)
def test_months_end_on_the_same_day_or_the_last_of_a_shorter_month(started: str, months: int, due: str) -> None:
    assert desk_in("Asia/Shanghai", started, limit_months=months).clock("shut").due_at == at(due)


@pytest.mark.parametrize(
    ("started", "due"),
    [
        ("2026-02-28 01:30", "2026-03-28 01:30"),
        ("2026-09-25 00:30", "2026-10-25 00:30"),  # 02:30 comes twice that night: the first
        ("2027-02-28 01:30", "2027-03-28 01:00"),  # 02:30 is left out: the moment of the leap
    ],
)
def test_a_month_later_in_the_night_that_the_clocks_change(started: str, due: str) -> None:
    assert desk_in("Europe/Berlin", started, limit_months=1).clock("shut").due_at == at(due)


@pytest.mark.parametrize(
    ("row", "started", "due"),
    [
        ({"same_day": True}, "2026-11-23 10:00", "2026-11-23 16:00"),  # midnight in Shanghai
        ({"same_day": True}, "2026-11-23 16:00", "2026-11-24 16:00"),  # begun at midnight: a whole day
        ({"by": "17:00"}, "2026-11-23 02:00", "2026-11-23 09:00"),
        ({"by": "17:00"}, "2026-11-23 09:00", "2026-11-24 09:00"),  # at 17:00 sharp: tomorrow's
        ({"by": "17:00", "calendar": "working"}, "2026-11-27 10:00", "2026-11-30 09:00"),  # Friday evening: Monday's
        ({"by": "17:00", "calendar": "working"}, "2026-09-30 10:00", "2026-10-08 09:00"),  # over National Day
        ({"by": "12:00", "by_days": 1}, "2026-11-23 02:00", "2026-11-24 04:00"),
        ({"by": "24:00", "by_days": 2, "calendar": "working"}, "2026-10-08 02:00", "2026-10-10 16:00"),  # Saturday is worked
    ],
)
def test_limits_by_the_hour_of_the_day(row: dict[str, object], started: str, due: str) -> None:
    assert desk_in("Asia/Shanghai", started, **row).clock("shut").due_at == at(due)


@pytest.mark.parametrize(
    ("row", "data", "due"),
    [
        ({"by": "20:00", "by_on": "last_day"}, {"last_day": "2026-12-24"}, "2026-12-24 12:00"),
        ({"ahead_of": "begins_at", "ahead_s": 86_400}, {"begins_at": "2026-12-24T04:00:00Z"}, "2026-12-23 04:00"),
        ({"ahead_of": "begins_at", "ahead_months": 1}, {"begins_at": "2027-03-31T04:00:00Z"}, "2027-02-28 04:00"),
        ({"ahead_of": "begins_at", "ahead_s": 86_400}, {"begins_at": "2026-11-23T04:00:00Z"}, "2026-11-23 02:00"),  # too late
    ],
)
def test_limits_that_depend_on_a_moment_of_the_subject(row: dict[str, object], data: dict[str, str], due: str) -> None:
    desk = Desk(rules_of(shut={**UNLIMITED, **row}))
    assert desk.happens("door.opened") == []  # not without that moment
    desk.happens("door.opened", **data)
    assert desk.clock("shut").due_at == at(due)


def test_a_due_date_that_leaps_over_an_unannounced_year_says_so() -> None:
    desk = desk_in("Asia/Shanghai", "2026-12-31 10:00", by="17:00", by_days=2, calendar="working")
    assert desk.clock("shut").provisional
    assert not desk_in("Asia/Shanghai", "2026-11-23 10:00", by="17:00", calendar="working").clock("shut").provisional
