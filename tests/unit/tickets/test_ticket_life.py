"""Examples of the handbook (§3), word by word."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.tickets import model
from services.tickets.model import By, Channel, Item, Kind, State, Ticket, Urgency, WaitReason
from steward.errors import BadInput, IllegalTransition
from steward.facts import Decision
from steward.policy import Rules

OPENING = model.Opening(id="01t", project="yh", number="YH-2611-00042", caller=model.Caller(phone="sealed"))
LEAK = model.Intake(kind=Kind.REPAIR_HOME, channel=Channel.PHONE, what="tap leaks", unit="u1", item=Item.TAP)


def names(decision: Decision[Ticket] | None) -> list[str]:
    return [fact.name for fact in decision.facts] if decision else []


def raised(intake: model.Intake, policy: Rules, by: By) -> Ticket:
    return model.raise_ticket(OPENING, intake, policy, by).state


def on_site(policy: Rules, by: By) -> Ticket:
    ticket = raised(LEAK, policy, by)
    taken = model.order_taken(ticket, 1, "01t-1", "E07", by)
    assert taken
    return model.arrive(taken.state, None, by).state


def checked(policy: Rules, by: By) -> Ticket:
    done = model.finish(on_site(policy, by), "washer changed", by).state
    return model.check(done, model.Check(signature="sealed"), by).state


def called_back(policy: Rules, by: By, solved: bool) -> Ticket:
    callback = model.Callback(satisfaction=model.Satisfaction.NEUTRAL, solved=solved, attitude=5)
    return model.call_back(checked(policy, by), callback, by).state


def test_what_the_desk_takes_by_phone_is_raised_and_accepted_at_once(policy: Rules, desk: By) -> None:
    decision = model.raise_ticket(OPENING, LEAK, policy, desk)
    assert names(decision) == ["raised", "accepted"]
    assert decision.state.state is State.ACCEPTED


@pytest.mark.parametrize("channel", [Channel.WEB, Channel.PATROL, Channel.DEPARTMENT])
def test_what_comes_from_elsewhere_waits_for_the_desk(channel: Channel, policy: Rules, desk: By) -> None:
    decision = model.raise_ticket(OPENING, replace(LEAK, channel=channel), policy, desk)
    assert names(decision) == ["raised"]
    assert names(model.accept(decision.state, None, desk)) == ["accepted"]


def test_department_urgency_and_difficulty_follow_policy_unless_the_desk_says_otherwise(policy: Rules, desk: By) -> None:
    tap = raised(LEAK, policy, desk)
    assert (tap.department, tap.urgency, tap.difficulty) == ("engineering", "normal", "simple")
    water = raised(replace(LEAK, item=Item.WATER), policy, desk)
    assert (water.department, water.urgency, water.difficulty) == ("engineering", "urgent", None)
    dirt = raised(replace(LEAK, kind=Kind.COMPLAINT, item=Item.CLEANING), policy, desk)
    assert dirt.department == "cleaning"
    told = raised(replace(LEAK, department="security", urgency=Urgency.EMERGENCY), policy, desk)
    assert (told.department, told.urgency) == ("security", "emergency")


def test_a_matter_needs_a_unit_or_a_place(policy: Rules, desk: By) -> None:
    with pytest.raises(BadInput) as caught:
        raised(replace(LEAK, unit=None), policy, desk)
    assert caught.value.extra["errors"][0]["field"] == "unit"
    assert raised(replace(LEAK, unit=None, place="east gate"), policy, desk).place == "east gate"


def test_an_unknown_department_is_refused(policy: Rules, desk: By) -> None:
    with pytest.raises(BadInput, match="department"):
        raised(replace(LEAK, department="kitchen"), policy, desk)


def test_events_of_a_ticket_hold_nothing_personal(policy: Rules, desk: By) -> None:
    intake = replace(LEAK, what="Mrs Zhang's tap", wishes="ring Mrs Zhang", caller_name="Zhang", caller_phone="139")
    for fact in model.raise_ticket(OPENING, intake, policy, desk).facts:
        assert "Zhang" not in str(fact.data) and "139" not in str(fact.data) and "sealed" not in str(fact.data)
    assert model.raise_ticket(OPENING, intake, policy, desk).facts[0].data["has_phone"] is True


def test_a_repair_goes_the_whole_road(policy: Rules, desk: By) -> None:
    ticket = raised(LEAK, policy, desk)
    placed = model.order_placed(ticket, 1, "01t-1", "engineering", desk)
    assert placed and names(placed) == ["dispatched"]
    taken = model.order_taken(placed.state, 1, "01t-1", "E07", desk)
    assert taken and names(taken) == ["taken"] and taken.state.engineer == "E07"
    solved = called_back(policy, desk, solved=True)
    assert model.legal(solved) == ["close"]
    closed = model.close(solved, None, desk)
    assert closed.state.state is State.CLOSED and model.legal(closed.state) == []
    assert [mark.command for mark in closed.state.history] == [
        "accept", "dispatch", "take", "arrive", "finish", "check", "call-back", "close",
    ]  # fmt: skip


def test_taken_that_overtakes_ordered_implies_it(policy: Rules, desk: By) -> None:
    ticket = raised(LEAK, policy, desk)
    taken = model.order_taken(ticket, 1, "01t-1", "E07", desk)
    assert names(taken) == ["dispatched", "taken"]
    assert taken and model.order_placed(taken.state, 1, "01t-1", "engineering", desk) is None
    assert model.order_taken(taken.state, 1, "01t-1", "E07", desk) is None


def test_somebody_who_takes_over_is_written_down_without_a_second_taken(policy: Rules, desk: By) -> None:
    taken_over = model.order_taken(on_site(policy, desk), 1, "01t-1", "E09", desk)
    assert taken_over and taken_over.state.engineer == "E09" and names(taken_over) == []


def test_waiting_needs_a_next_date_in_the_future(policy: Rules, desk: By) -> None:
    working = on_site(policy, desk)
    with pytest.raises(BadInput, match="next_at"):
        model.wait(working, WaitReason.PARTS, desk.at, None, desk)
    waiting = model.wait(working, WaitReason.PARTS, desk.at + timedelta(days=1), "no washers", desk).state
    assert model.legal(waiting) == ["resume", "cancel"]
    assert model.resume(waiting, None, desk).state.next_at is None


def test_a_check_without_signature_says_why(policy: Rules, desk: By) -> None:
    done = model.finish(on_site(policy, desk), None, desk).state
    with pytest.raises(BadInput, match="remark"):
        model.check(done, model.Check(), desk)
    assert model.check(done, model.Check(remark="nobody home"), desk).state.state is State.CHECKED


def test_an_unsolved_matter_is_reopened_in_a_new_round_and_cannot_be_closed(policy: Rules, desk: By) -> None:
    unsolved = called_back(policy, desk, solved=False)
    assert model.legal(unsolved) == ["reopen"]
    with pytest.raises(IllegalTransition) as caught:
        model.close(unsolved, None, desk)
    assert caught.value.extra["legal"] == ["reopen"]
    reopened = model.reopen(unsolved, model.ReopenReason.UNSOLVED, None, desk)
    again = reopened.state
    assert (again.state, again.round, again.order, again.engineer) == (State.ACCEPTED, 2, None, None)
    assert reopened.facts[0].data["round"] == 2 and len(again.callbacks) == 1


def test_orders_of_an_earlier_round_are_no_news(policy: Rules, desk: By) -> None:
    again = model.reopen(called_back(policy, desk, solved=False), model.ReopenReason.UNSOLVED, None, desk).state
    assert model.order_placed(again, 1, "01t-1", "engineering", desk) is None
    assert model.order_taken(again, 1, "01t-1", "E07", desk) is None
    assert model.order_placed(again, 2, "01t-2", "engineering", desk) is not None


def test_an_enquiry_is_settled_by_the_desk(policy: Rules, desk: By) -> None:
    enquiry = raised(replace(LEAK, kind=Kind.ENQUIRY), policy, desk)
    assert model.legal(enquiry) == ["finish", "cancel"]
    assert model.order_placed(enquiry, 1, "01t-1", "engineering", desk) is None
    done = model.finish(enquiry, "told the opening hours", desk)
    assert done.facts[0].data["to_dispatch"] is False
    assert model.close(done.state, None, desk).state.state is State.CLOSED


def test_done_cannot_be_cancelled(policy: Rules, desk: By) -> None:
    with pytest.raises(IllegalTransition) as caught:
        model.cancel(checked(policy, desk), model.CancelReason.OTHER, None, desk)
    assert caught.value.extra == {"state": "checked", "legal": ["call-back"]}


def test_cancelled_says_whether_there_is_an_order_to_withdraw(policy: Rules, desk: By) -> None:
    fresh = raised(replace(LEAK, channel=Channel.WEB), policy, desk)
    assert model.cancel(fresh, model.CancelReason.DUPLICATE, None, desk).facts[0].data["to_dispatch"] is False
    accepted = raised(LEAK, policy, desk)
    assert model.cancel(accepted, model.CancelReason.DUPLICATE, None, desk).facts[0].data["to_dispatch"] is True


def test_numbers_carry_the_month_of_the_projects_own_zone() -> None:
    late = datetime(2026, 10, 31, 16, 30, tzinfo=UTC).astimezone(ZoneInfo("Asia/Shanghai"))
    assert model.number_text("YH", 42, late) == "YH-2611-00042"
    assert model.number_text("YH", 123456, late) == "YH-2611-123456"


def test_a_defect_found_at_a_handover_goes_to_the_contractor_and_waits_for_the_desk(policy: Rules, desk: By) -> None:
    decision = model.raise_ticket(OPENING, model.legacy_defect("u1", "door_window", "window does not close"), policy, desk)
    ticket = decision.state
    assert names(decision) == ["raised"]
    assert (ticket.kind, ticket.department, ticket.item, ticket.unit) == (Kind.RECTIFICATION, "contractors", Item.DOOR_WINDOW, "u1")
    assert model.legacy_defect("u1", "balcony", "crack").item is Item.OTHER
