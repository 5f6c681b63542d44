"""Examples of the handbook (§4), word by word."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.dispatch import model
from services.dispatch.model import Bench, By, Load, Member, OfferState, Order, Refusal, State
from steward.errors import BadInput, IllegalTransition
from steward.facts import Decision
from steward.policy import Rules

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
LOCAL = NOON.astimezone(ZoneInfo("Asia/Shanghai"))
BY = By("service:dispatch", NOON)
TAP = model.Task(
    ticket="01t", matter="tickets/01t", round=1, number="YH-2611-00042", kind="repair_home", urgency="normal",
    department="engineering", skill="tap", unit="u1",
)  # fmt: skip


def engineer(code: str, *skills: str, shift: str = "day", department: str = "engineering") -> Member:
    return Member(id=f"m{code}", project="yh", code=code, name=code, department=department, shift=shift, skills=skills)


def bench(policy: Rules, *members: Member, local: datetime = LOCAL, **loads: Load) -> Bench:
    return Bench(local, members, loads, policy["shifts"])


def names(decision: Decision[Order] | None) -> list[str]:
    return [fact.name for fact in decision.facts] if decision else []


def placed(policy: Rules, *members: Member) -> Order:
    return model.place("yh", TAP, bench(policy, *members), policy, BY).state


def test_an_order_goes_to_somebody_of_the_department_who_is_able_and_on_shift(policy: Rules) -> None:
    crew = [engineer("E1", "lift"), engineer("E2", shift="night"), engineer("C1", "tap", department="cleaning"), engineer("E3", "tap")]
    decision = model.place("yh", TAP, bench(policy, *crew), policy, BY)
    assert names(decision) == ["ordered", "offered"]
    assert decision.facts[1].data == {"order": "01t-1", "ticket": "01t", "engineer": "E3", "offer": 1}


def test_the_least_loaded_is_asked_first(policy: Rules) -> None:
    crew = bench(policy, engineer("E1"), engineer("E2"), E1=Load(open=3), E2=Load(open=2))
    assert model.place("yh", TAP, crew, policy, BY).state.engineer == "E2"


def test_for_urgent_work_who_has_nothing_urgent_is_free(policy: Rules) -> None:
    crew = bench(policy, engineer("E1"), engineer("E2"), E1=Load(open=3, urgent=0), E2=Load(open=1, urgent=1))
    assert model.place("yh", replace(TAP, urgency="urgent"), crew, policy, BY).state.engineer == "E1"
    assert model.place("yh", TAP, crew, policy, BY).state.engineer == "E2"


def test_without_anybody_the_order_is_still_placed_with_the_department(policy: Rules) -> None:
    decision = model.place("yh", TAP, bench(policy), policy, BY)
    assert names(decision) == ["ordered", "unfilled"]
    assert decision.facts[0].data["department"] == "engineering"
    assert model.take(decision.state, "E1", BY).state.state is State.TAKEN


def test_night_duty_is_asked_at_night(policy: Rules) -> None:
    night = LOCAL.replace(hour=2)
    crew = bench(policy, engineer("E1"), engineer("E2", shift="night"), local=night)
    assert model.place("yh", TAP, crew, policy, BY).state.engineer == "E2"


def test_a_refused_order_is_offered_to_the_next_with_the_reason_kept(policy: Rules) -> None:
    crew = (engineer("E1"), engineer("E2"))
    decision = model.refuse(placed(policy, *crew), "E1", Refusal.BUSY, None, bench(policy, *crew), policy, BY)
    assert names(decision) == ["refused", "offered"]
    assert decision.state.engineer == "E2" and decision.state.offers[0].reason is Refusal.BUSY
    last = model.refuse(decision.state, "E2", Refusal.BUSY, None, bench(policy, *crew), policy, BY)
    assert names(last) == ["refused", "unfilled"]


def test_an_offer_not_taken_in_time_goes_to_the_next_but_a_younger_one_stays(policy: Rules) -> None:
    crew = bench(policy, engineer("E1"), engineer("E2"))
    order = model.place("yh", TAP, crew, policy, BY).state
    assert model.lapse(order, NOON - timedelta(seconds=1), crew, policy, BY) is None
    lapsed = model.lapse(order, NOON + timedelta(minutes=5), crew, policy, BY)
    assert lapsed and lapsed.state.engineer == "E2" and lapsed.state.offers[0].state is OfferState.LAPSED
    assert model.lapse(model.take(order, "E1", BY).state, NOON + timedelta(minutes=5), crew, policy, BY) is None


def test_after_the_most_offers_it_stays_with_the_department(policy: Rules) -> None:
    most = policy["offers"]["most"]
    crew = bench(policy, *(engineer(f"E{number}") for number in range(most + 2)))
    order = model.place("yh", TAP, crew, policy, BY).state
    for _ in range(most):
        order = model.refuse(order, order.engineer or "", Refusal.BUSY, None, crew, policy, BY).state
    assert (order.state, len(order.offers), order.given_up) == (State.UNFILLED, most, True)
    assert model.fill(order, crew, policy, BY) is None


def test_whoever_it_was_not_offered_to_can_neither_take_nor_refuse_it(policy: Rules) -> None:
    crew = bench(policy, engineer("E1"))
    order = placed(policy, engineer("E1"))
    with pytest.raises(BadInput, match="somebody else"):
        model.take(order, "E2", BY)
    with pytest.raises(BadInput, match="somebody else"):
        model.refuse(order, "E2", Refusal.BUSY, None, crew, policy, BY)


def test_a_zone_manager_assigns_by_hand_even_who_refused(policy: Rules) -> None:
    crew = (engineer("E1"),)
    refused = model.refuse(placed(policy, *crew), "E1", Refusal.BUSY, None, bench(policy, *crew), policy, BY).state
    assigned = model.assign(refused, "E1", By("user:wang", NOON))
    assert names(assigned) == ["assigned", "offered"] and assigned.facts[0].data["by"] == "user:wang"
    taken = model.take(assigned.state, "E1", BY).state
    handed_on = model.assign(taken, "E2", By("user:wang", NOON))
    assert handed_on.state.state is State.OFFERED and handed_on.state.offers[-2].state is OfferState.WITHDRAWN
    with pytest.raises(BadInput, match="already"):
        model.assign(handed_on.state, "E2", BY)


def test_an_unfilled_order_goes_to_who_comes_on_shift(policy: Rules) -> None:
    order = placed(policy, engineer("E1", shift="night"))
    assert model.fill(order, bench(policy, engineer("E1", shift="night")), policy, BY) is None
    filled = model.fill(order, bench(policy, engineer("E1", shift="night"), local=LOCAL.replace(hour=21)), policy, BY)
    assert filled and names(filled) == ["offered"]


def test_who_is_on_leave_is_not_asked(policy: Rules) -> None:
    away = model.leave(engineer("E1"), NOON - timedelta(hours=1), NOON + timedelta(hours=1)).state
    assert placed(policy, away).state is State.UNFILLED
    assert placed(policy, model.back(away).state).engineer == "E1"
    with pytest.raises(BadInput, match="until"):
        model.leave(away, NOON, NOON)


def test_materials_are_recorded_on_an_order_that_was_taken(policy: Rules) -> None:
    line = model.Line(item="washer", quantity=2, price_fen=150)
    order = placed(policy, engineer("E1"))
    with pytest.raises(IllegalTransition) as caught:
        model.record(order, line, BY)
    assert caught.value.extra["legal"] == ["take", "refuse", "assign"]
    closed = model.close(model.take(order, "E1", BY).state)
    assert closed and model.record(closed.state, line, BY).state.lines[0].item == "washer"


def test_done_closes_and_cancelled_withdraws_once(policy: Rules) -> None:
    order = placed(policy, engineer("E1"))
    withdrawn = model.withdraw(order)
    assert names(withdrawn) == ["withdrawn"]
    assert withdrawn and withdrawn.state.offers[0].state is OfferState.WITHDRAWN
    assert model.close(withdrawn.state) is None and model.withdraw(withdrawn.state) is None


@pytest.mark.parametrize(
    ("hour", "night", "day"), [(7, True, False), (8, False, True), (19, False, True), (20, True, False), (0, True, False)]
)
def test_shifts_may_pass_midnight(hour: int, night: bool, day: bool, policy: Rules) -> None:
    local = LOCAL.replace(hour=hour, minute=0)
    shifts = policy["shifts"]
    assert model.on_shift(shifts["night"], local) is night and model.on_shift(shifts["day"], local) is day
    assert model.on_shift(shifts["any"], local)


def test_a_crew_is_described_in_the_words_of_the_policy(policy: Rules) -> None:
    said = model.Profile(code="E1", name="Wang", department="engineering", shift="day", skills=("tap",))
    member = model.enrol(None, "m1", "yh", said, policy).state
    assert model.enrol(member, "m2", "yh", replace(said, shift="night"), policy).state == replace(member, shift="night")
    for wrong in ({"department": "kitchen"}, {"skills": ("tapp",)}, {"shift": "dawn"}):
        with pytest.raises(BadInput) as caught:
            model.enrol(None, "m1", "yh", replace(said, **wrong), policy)
        assert caught.value.extra["errors"][0]["field"] == next(iter(wrong))
