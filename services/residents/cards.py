"""Cards: what is asked of them (handbook §2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from services.residents import showing
from services.residents.desk import Desk, View, answered, page, told
from services.residents.model import Unit, cards
from services.residents.model.cards import Card, CardKind, CardState
from services.residents.schemas.cards import CardView
from services.residents.store import CARDS, UNITS
from steward.errors import BadInput
from steward.facts import Decision
from steward.ids import new_id
from steward.store.work import Work
from steward.trust.approvals import Approval

_MOST = 1_000
STAFF_CARD = "staff_card"
"""What it is called where others are asked to agree to it."""


class Cards:
    """What is asked of cards."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._store = desk, desk.store

    def issue(self, project: str, body: View) -> View:
        """A card for somebody who belongs to the unit today; what is beyond the free ones is charged for."""
        self._desk.require_unit(project, body["unit"])
        rules = self._desk.policy(project)["cards"]
        with self._store.work() as work:
            unit = work.load(UNITS, body["unit"], project)
            household = {tie.person for tie in unit.ties_on(self._desk.today(project))}
            if body["person"] not in household:
                raise BadInput.of("person", "does not belong to this unit today")
            card = Card(new_id(), project, CardKind.OWNER, body["person"], self._desk.stamp, body["printed"].strip(), unit.id)
            decision = cards.issue(card, self._held(unit, household), rules["free"], rules["further_fen"])
            work.apply(UNITS, Decision(unit))  # two issued at one moment are counted one after the other
            return answered(work, CardView, work.apply(CARDS, decision))

    def request_staff(self, project: str, body: View) -> View:
        """A card for somebody of the staff, once all have agreed."""
        card = Card(new_id(), project, CardKind.STAFF, body["user"], self._desk.stamp)
        with self._store.work() as work:
            approval = self._desk.approving.ask(work, project, STAFF_CARD, card.id, body["reason"])
            return answered(work, CardView, work.apply(CARDS, cards.request_staff(replace(card, approval=approval.id))))

    def agreed(self, work: Work, approval: Approval) -> None:
        """All have: the card may be given out."""
        work.apply(CARDS, cards.approve(work.load(CARDS, approval.subject, approval.project)))

    def not_agreed(self, work: Work, approval: Approval) -> None:
        """Not all have, and will not."""
        work.apply(CARDS, cards.refuse(work.load(CARDS, approval.subject, approval.project)))

    def listed(self, project: str, query: View) -> View:
        """By unit, holder, number or state, or all."""
        wanted = {name: query[name] for name in ("unit", "holder", "printed", "state") if query[name] is not None}
        found = self._store.read.page(CARDS, {"project": project, **wanted}, query["cursor"], query["limit"])
        return page(CardView, found.items, found.next)

    def get(self, project: str, card: str) -> View:
        """One card."""
        return told(CardView, self._store.read.get(CARDS, card, project))

    def hand_out(self, project: str, card: str, body: View) -> View:
        """Give out a staff card."""
        return self._decide(project, card, lambda _, state: cards.hand_out(state, body["printed"].strip()))

    def lose(self, project: str, card: str, body: View) -> View:
        """Block a card that is lost, against the ID of its holder."""

        def decide(work: Work, state: Card) -> Decision[Card]:
            return cards.lose(state, self._matches(work, state, body["id_number"]), self._desk.stamp)

        return self._decide(project, card, decide)

    def give_back(self, project: str, card: str) -> View:
        """It came back."""
        return self._decide(project, card, lambda _, state: cards.give_back(state, self._desk.stamp))

    def _held(self, unit: Unit, household: set[str]) -> int:
        """The cards that people who belong to ``unit`` today have had for it and not returned."""
        found = self._store.read.where(CARDS, {"project": unit.project, "unit": unit.id}, limit=_MOST)
        return sum(card.holder in household and card.state is not CardState.RETURNED for card in found)

    def _matches(self, work: Work, card: Card, id_number: str | None) -> bool | None:
        if card.kind is CardKind.STAFF:
            return None
        if id_number is None:
            raise BadInput.of("id_number", "is missing for an owner card")
        return showing.matches(self._desk, work, card.project, card.holder, id_number)

    def _decide(self, project: str, card: str, decide: Callable[[Work, Card], Decision[Card]]) -> View:
        with self._store.work() as work:
            state: Any = work.load(CARDS, card, project)
            return answered(work, CardView, work.apply(CARDS, decide(work, state)))
