"""Examples: opened, caught up on, ticked off with evidence, skipped, reopened; and rows that change meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.duties import model
from services.duties.model import Assignment, By, Given, Plan, Reason, State
from services.duties.schemas import Evidence, assignment_view
from steward.errors import BadInput, IllegalTransition
from steward.facts import Decision
from steward.times import parse
from steward.validation import wrong_fields
from tests.unit.duties.rows import NEW_YORK, POLICY, SHANGHAI, site, terms

MORNING = parse("2026-11-23T00:00:00Z")
"""08:00 in Shanghai."""
KEYS: dict[str, Any] = {"evidence": ["note", "count", "photo", "figures"], "figures": "keys"}
SHOWN = Given("all there", 3, ("photos/1",), {"on_register": 40, "counted": 40})


def planned(now: str = "2026-11-22T12:00:00Z", **said: Any) -> Plan:
    decision = model.replan(None, site(digest="d"), "duty", terms(**said), parse(now))
    assert decision is not None
    return decision.state


def opened(at: str = "2026-11-23T00:00:01Z", **said: Any) -> Assignment:
    return model.step(planned(**said), By("service:duties", parse(at)))[0].state


def names(decision: Decision[Assignment]) -> list[str]:
    return [fact.name for fact in decision.facts]


def by(hours: float) -> By:
    return By("user:x", MORNING + timedelta(hours=hours))


def test_an_occurrence_opens_at_its_time_and_the_plan_goes_on() -> None:
    plan = planned()
    assert (plan.next_at, plan.overdue(MORNING - timedelta(seconds=1)), plan.overdue(MORNING)) == (MORNING, False, True)
    decision, after = model.step(plan, By("service:duties", MORNING))
    assert names(decision) == ["opened"] and after.state.next_at == MORNING + timedelta(days=1)
    told = decision.facts[0].data
    assert (told["occurrence"], told["audience"], told["number"]) == ("2026-11-23T08:00", ["desk"], "duty 2026-11-23T08:00")
    assert told["due_at"] == MORNING + timedelta(hours=10)


def test_the_id_of_an_occurrence_is_made_of_project_duty_and_time_alone() -> None:
    plan = planned()
    first, again = (model.step(plan, By("service:duties", moment))[0].state.id for moment in (MORNING, MORNING + timedelta(hours=1)))
    assert first == again and len(first) == 26
    assert model.id_of("yh", "duty", model.local_of(MORNING, SHANGHAI)) == first
    ids = {model.id_of(project, duty, model.local_of(MORNING, SHANGHAI)) for project in ("yh", "hy") for duty in ("duty", "other")}
    assert len(ids) == 4 and first in ids


def test_what_is_late_but_within_its_time_opens_as_ever() -> None:
    one = opened("2026-11-23T09:59:00Z")
    assert (one.state, one.caught_up, one.due_at) == (State.OPEN, False, MORNING + timedelta(hours=10))


def test_after_three_days_away_a_round_is_recorded_as_missed_each_day() -> None:
    plan, moment = planned(catch_up="skip_and_say"), By("service:duties", parse("2026-11-25T12:00:00Z"))
    found = []
    while plan.overdue(moment.at):
        decision, after = model.step(plan, moment)
        found.append((decision.state.occurrence[:10], decision.state.turns[0].reason, names(decision)))
        plan = after.state
    assert found == [(f"2026-11-{day}", Reason.MISSED, ["opened", "skipped"]) for day in (23, 24, 25)]


def test_after_three_days_away_a_duty_that_runs_late_runs_once_late() -> None:
    plan, moment = planned(catch_up="run_late", late_s=7200), By("service:duties", parse("2026-11-25T12:00:00Z"))
    states = []
    while plan.overdue(moment.at):
        decision, after = model.step(plan, moment)
        states.append((decision.state.state, decision.state.caught_up))
        last, plan = decision.state, after.state
    assert states == [(State.SKIPPED, True)] * 2 + [(State.OPEN, True)]
    assert last.due_at == moment.at + timedelta(hours=2) and last.promised_at == parse("2026-11-25T10:00:00Z")
    done = model.done(last, Given(note="made up for"), By("user:x", moment.at + timedelta(hours=1)))
    assert done.state.turns[-1].late is True


def test_evidence_that_is_missing_or_wrong_is_named_field_by_field() -> None:
    one = opened(**KEYS)
    with pytest.raises(BadInput) as caught:
        model.done(one, Given(note="  ", figures={"on_register": -1, "counted": 1.5, "lost": 1}), by(1))
    told = {row["field"].removeprefix("evidence."): row["message"] for row in caught.value.extra["errors"]}
    assert told == {
        "note": "is required", "count": "is required", "photos": "is required", "figures.lost": "is not asked for",
        "figures.on_register": "must be 0 or more", "figures.counted": "must be a whole number",
    }  # fmt: skip
    done = model.done(one, SHOWN, by(1))
    assert done.state.turns[0].given == SHOWN and done.facts[0].data["figures"] == SHOWN.figures


def test_figures_have_bounds_and_some_may_be_left_out() -> None:
    score = opened(evidence=["figures"], figures="score")
    with pytest.raises(BadInput, match="100 or less"):
        model.done(score, Given(figures={"score": 100.5}), by(1))
    assert model.done(score, Given(figures={"score": 97.5}), by(1)).state.state is State.DONE
    used = opened(evidence=["figures"], figures="utilities")
    assert model.done(used, Given(figures={"water_m3": 1.5, "power_kwh": 2}), by(1)).state.state is State.DONE


@pytest.mark.parametrize("wrong", [True, "12", None, float("inf"), float("nan"), 10**30])
def test_a_figure_is_a_number_and_no_text(wrong: object) -> None:
    errors = Evidence().validate({"figures": {"counted": wrong}})
    assert wrong_fields(errors).extra["errors"][0]["field"].startswith("figures.counted")
    assert Evidence().load({"figures": {"a": 2.0, "b": 2.5}}).figures == {"a": 2, "b": 2.5}


def test_done_after_its_time_is_late_and_in_time_before() -> None:
    one = opened()
    assert model.done(one, Given("ok"), by(10)).facts[0].data["late"] is False
    late = model.done(one, Given("ok"), by(10.01))
    assert late.facts[0].data["late"] is True
    assert assignment_view(late.state, MORNING)["late"] and assignment_view(one, MORNING + timedelta(hours=11))["late"]
    assert not assignment_view(one, MORNING)["late"]


def test_what_is_ended_is_reopened_within_seven_days_and_due_a_day_later() -> None:
    one = model.done(opened(), Given("ok"), by(1)).state
    again = model.reopen(one, "the key was another", POLICY, by(24 * 7))
    assert names(again) == ["reopened"] and again.state.state is State.OPEN
    assert again.state.due_at == by(24 * 8).at == again.facts[0].data["due_at"]
    assert [turn.note for turn in again.state.turns] == [None, "the key was another"]
    with pytest.raises(IllegalTransition, match="until 2026-11-30 01:00"):
        model.reopen(one, "too late", POLICY, by(24 * 7 + 1.1))
    in_time = model.done(again.state, Given("ok"), by(24 * 8)).state
    assert in_time.turns[-1].late is False


def test_each_command_is_refused_where_it_is_not_possible() -> None:
    one = opened()
    with pytest.raises(IllegalTransition) as caught:
        model.reopen(one, "x", POLICY, by(1))
    assert caught.value.extra["legal"] == ["done", "skip"]
    skipped = model.skip(one, "snow", by(1)).state
    with pytest.raises(IllegalTransition) as caught:
        model.done(skipped, Given("ok"), by(2))
    assert caught.value.extra["legal"] == ["reopen"]
    with pytest.raises(IllegalTransition):
        model.skip(skipped, "snow", by(2))


def test_an_edited_row_leaves_open_assignments_as_they_are_and_counts_from_the_edit_on() -> None:
    decision, after = model.step(planned(**KEYS), By("service:duties", MORNING))
    edited = model.replan(after.state, site(digest="d"), "duty", terms(rule="FREQ=WEEKLY;BYDAY=FR", role="cleaner"), by(1).at)
    assert edited is not None and edited.state.next == "2026-11-27T08:00:00"
    assert (decision.state.role, decision.state.asked.set) == ("desk", "keys")
    assert model.done(decision.state, SHOWN, by(2)).state.state is State.DONE
    assert model.replan(Plan(**vars(edited.state) | {"version": 2}), site(digest="d"), "duty", edited.state.terms, by(3).at) is None


def test_a_row_that_is_switched_off_opens_nothing_until_it_is_switched_on() -> None:
    off = model.replan(planned(), site(digest="d"), "duty", None, by(1).at)
    assert off is not None and off.state.next_at is None
    on = model.replan(off.state, site(digest="d"), "duty", terms(), by(49).at)
    assert on is not None and on.state.next == "2026-11-26T08:00:00"


def test_a_project_that_moves_to_another_zone_opens_by_its_clocks_and_nothing_twice() -> None:
    _, after = model.step(planned(), By("service:duties", MORNING))
    west = model.replan(after.state, site(NEW_YORK, digest="d"), "duty", terms(), by(1).at)
    assert west is not None and west.state.next == "2026-11-24T08:00:00" and west.state.next_at == parse("2026-11-24T13:00:00Z")


def test_a_project_heard_of_late_is_caught_up_on_since_it_opened() -> None:
    late = model.replan(None, site(since="2026-11-20T01:00:00Z"), "duty", terms(), MORNING)
    assert late is not None and late.state.next == "2026-11-21T08:00:00"


def test_a_project_is_known_by_its_zone() -> None:
    known = model.know(None, "yh", SHANGHAI, MORNING)
    assert known is not None and not known.state.planned
    assert model.know(known.state, "yh", SHANGHAI, MORNING) is None
    assert model.planned(known.state, "d").state.planned
    with pytest.raises(model.BadRecurrence, match="no time zone"):
        model.know(None, "yh", "Asia/Nowhere", MORNING)
