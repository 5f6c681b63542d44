"""What somebody's wishes change about a message, and what they do not (handbook §9)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify import model
from services.notify.model import NO_WISHES, Message, State, Wishes
from services.notify.rules import rules
from steward.errors import IllegalTransition
from tests.unit.notify.test_message_life import NOON, POLICY, TERMS, WORDS, queued

NIGHT = Wishes.of({"quiet_from": "09:00", "quiet_to": "11:30"})
"""The hours of somebody who sleeps by day: 10:00, when the messages of these tests are queued, is one of them."""
TILL = NOON + timedelta(hours=1, minutes=30)


def heeded(message: Message, wishes: Wishes) -> Message | None:
    decision = model.heed(message, wishes, NOON, TERMS)
    return decision.state if decision else None


def test_nothing_said_changes_nothing() -> None:
    assert Wishes.of({}) == NO_WISHES
    assert heeded(queued(essential=False), NO_WISHES) is None


def test_the_channel_that_is_liked_best_comes_first_and_the_others_stay_behind_it() -> None:
    moved = heeded(queued(), Wishes(channels=("letter", "pigeon", "sms")))
    assert moved is not None
    assert (moved.channels, moved.state, moved.next_at) == (("letter", "sms", "phone"), State.QUEUED, NOON)
    assert heeded(moved, Wishes(channels=("letter", "pigeon", "sms"))) is None


def test_a_channel_without_words_is_not_taken() -> None:
    assert heeded(queued(channels=("sms",)), Wishes(channels=("letter",))) is None


def test_what_was_tried_already_goes_on_in_its_order() -> None:
    tried = replace(queued(), attempts=1)
    assert heeded(tried, Wishes(channels=("letter",))) is None


def test_who_wants_the_essential_only_is_told_nothing_else_and_it_is_said_why() -> None:
    decision = model.heed(queued(essential=False), Wishes(non_essential=False), NOON, TERMS)
    assert decision is not None
    assert (decision.state.state, decision.state.reason_code) == (State.SUPPRESSED, "opted_out")
    assert decision.facts[0].data["reason_code"] == "opted_out"
    assert heeded(queued(), Wishes(non_essential=False)) is None


def test_own_quiet_hours_hold_back_what_is_not_essential_until_they_end() -> None:
    held = heeded(queued(essential=False), NIGHT)
    assert held is not None
    assert (held.not_before, held.next_at, held.reason_code) == (TILL, TILL, "own_quiet_hours")
    assert model.heed(held, NIGHT, TILL, TERMS) is None
    assert heeded(queued(), NIGHT) is None


def test_own_quiet_hours_are_of_the_projects_clock_and_may_lie_past_midnight() -> None:
    late = Wishes.of({"quiet_from": "22:30", "quiet_to": "06:00"})
    evening = NOON + timedelta(hours=13)
    assert late.allowed_from("sms", evening, TERMS.quiet) == NOON + timedelta(hours=20)


def test_a_letter_disturbs_nobody() -> None:
    assert heeded(queued(essential=False, channels=("letter",)), NIGHT) is None


def test_an_emergency_is_told_whatever_was_wished() -> None:
    told = queued(essential=False, urgency="emergency")
    assert heeded(told, replace(NIGHT, non_essential=False)) is None


def test_what_is_under_way_is_not_called_back() -> None:
    with pytest.raises(IllegalTransition):
        model.heed(model.claim(queued(), WORDS, NOON, TERMS).state, NO_WISHES, NOON, TERMS)


@given(
    st.booleans(),
    st.sampled_from([("sms",), ("sms", "letter"), ("letter", "sms", "phone")]),
    st.integers(0, 1),
    st.lists(st.sampled_from(["sms", "letter", "pigeon"]), unique=True).map(tuple),
    st.booleans(),
)
def test_who_need_not_be_asked_could_have_changed_nothing(
    essential: bool, channels: tuple[str, ...], attempts: int, liked: tuple[str, ...], more: bool
) -> None:
    message = replace(queued(essential=essential, channels=channels), attempts=attempts)
    if not model.open_to_wishes(message):
        assert heeded(message, replace(NIGHT, channels=liked, non_essential=more)) is None


def test_of_what_is_essential_and_has_one_way_nobody_is_asked() -> None:
    assert not model.open_to_wishes(queued(channels=("sms",)))
    assert model.open_to_wishes(queued(channels=("sms", "letter")))
    assert model.open_to_wishes(queued(essential=False, channels=("sms",)))


def test_what_must_be_known_is_essential() -> None:
    shipped = {rule.id: rule.essential for rule in rules(POLICY) if rule.audience == "caller"}
    assert shipped == {
        "ticket-acknowledged": False,
        "complaint-acknowledged": True,
        "ticket-coming": True,
        "ticket-done": False,
        "ticket-cancelled": True,
    }
