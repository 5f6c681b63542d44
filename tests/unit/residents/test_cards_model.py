"""Owner cards and staff cards (handbook §2)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.residents.model import cards
from services.residents.model.cards import Card, CardKind, CardState
from services.residents.spec import SPEC
from services.residents.store import CARDS
from steward.errors import BadInput, IllegalTransition
from steward.facts import Decision
from steward.validation import schema
from tests.unit.residents.case_desk import DESK

CARD = Card("k1", "yh", CardKind.OWNER, "p1", DESK, "0001", "u1")


def told(decision: Decision[Card]) -> list[str]:
    for fact in decision.facts:
        contract = schema(SPEC.event(fact.name).schema)
        contract.load(contract.dump(fact.data))
    assert CARDS.from_document(CARDS.to_document(decision.state)) == decision.state
    return [fact.name for fact in decision.facts]


def staff() -> Card:
    return cards.request_staff(replace(CARD, kind=CardKind.STAFF, holder="user:wang", printed=None, unit=None)).state


def test_three_cards_of_a_household_are_free_and_each_further_one_is_charged_for() -> None:
    assert told(cards.issue(CARD, 2, 3, 5_000)) == ["card_issued"]
    fourth = cards.issue(CARD, 3, 3, 5_000)
    assert told(fourth) == ["card_issued", "charge_requested"]
    assert (fourth.state.charge_fen, fourth.facts[1].data["amount_fen"]) == (5_000, 5_000)


def test_a_lost_card_is_blocked_at_once_against_the_id_of_its_holder() -> None:
    with pytest.raises(BadInput) as error:
        cards.lose(CARD, False, DESK)
    assert error.value.extra["errors"][0]["field"] == "id_number"
    blocked = cards.lose(CARD, True, DESK)
    assert (told(blocked), blocked.state.state, blocked.state.id_checked) == (["card_blocked"], CardState.BLOCKED, True)
    assert cards.lose(CARD, None, DESK).state.id_checked is False
    with pytest.raises(IllegalTransition):
        cards.lose(blocked.state, True, DESK)


def test_a_card_comes_back_even_when_it_was_blocked_and_only_once() -> None:
    back = cards.give_back(cards.lose(CARD, True, DESK).state, DESK)
    assert told(back) == ["card_returned"]
    with pytest.raises(IllegalTransition):
        cards.give_back(back.state, DESK)


def test_a_staff_card_is_given_out_once_it_is_agreed_to_and_never_when_it_is_refused() -> None:
    assert told(cards.request_staff(staff())) == ["card_requested"]
    with pytest.raises(IllegalTransition):
        cards.hand_out(staff(), "S-1")
    agreed = cards.approve(staff())
    issued = cards.hand_out(agreed.state, "S-1")
    assert (told(agreed), told(issued)) == (["card_approved"], ["card_issued"])
    assert (issued.state.state, issued.state.printed) == (CardState.IN_USE, "S-1")
    refused = cards.refuse(staff())
    assert (told(refused), refused.state.state) == (["card_refused"], CardState.REFUSED)
    for card in (refused.state, agreed.state, CARD):
        for decide in (cards.approve, cards.refuse):
            with pytest.raises(IllegalTransition):
                decide(card)


def test_a_card_that_was_asked_for_is_not_in_use() -> None:
    with pytest.raises(IllegalTransition):
        cards.lose(staff(), None, DESK)
