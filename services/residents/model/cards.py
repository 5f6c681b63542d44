"""Owner cards and staff cards (handbook §2), as rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from services.residents.model.ties import Stamp
from steward.errors import BadInput, IllegalTransition
from steward.facts import Decision, Fact


class CardKind(StrEnum):
    """Whose card it is: a household's, or somebody's of the staff."""

    OWNER = "owner"
    STAFF = "staff"


class CardState(StrEnum):
    """What becomes of a card. Only one in use opens doors."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
    IN_USE = "in_use"
    BLOCKED = "blocked"
    RETURNED = "returned"


@dataclass(frozen=True)
class Card:
    """An owner card 业主卡 of a unit's household, or a staff card 工作卡. ``printed`` is its number.

    ``holder`` is a person on file, or a user of the staff. ``charge_fen`` is what it costs, in fen (0: free).
    ``approval``: of a staff card, what others were asked to agree to. ``id_checked``: whoever reported the loss showed the
    ID that is on file.
    """

    id: str
    project: str
    kind: CardKind
    holder: str
    filed: Stamp
    printed: str | None = None
    unit: str | None = None
    state: CardState = CardState.IN_USE
    charge_fen: int = 0
    approval: str | None = None
    blocked: Stamp | None = None
    id_checked: bool | None = None
    returned: Stamp | None = None
    version: int = 0


_LEGAL: Mapping[CardState, list[str]] = {
    CardState.REQUESTED: [],
    CardState.APPROVED: ["hand-out"],
    CardState.REFUSED: [],
    CardState.IN_USE: ["lose", "return"],
    CardState.BLOCKED: ["return"],
    CardState.RETURNED: [],
}


def issue(card: Card, held: int, free: int, further_fen: int) -> Decision[Card]:
    """An owner card: the first ``free`` of a household cost nothing, each further one ``further_fen`` (handbook §2).

    ``held`` counts those that the household has had and not returned; lost ones are among them.
    """
    issued = replace(card, charge_fen=0 if held < free else further_fen)
    return Decision(issued, (_fact("card_issued", issued), *_charged(issued)))


def request_staff(card: Card) -> Decision[Card]:
    """Ask for a staff card."""
    asked = replace(card, kind=CardKind.STAFF, state=CardState.REQUESTED)
    return Decision(asked, (_fact("card_requested", asked),))


def approve(card: Card) -> Decision[Card]:
    """All who must agree to a staff card have: the head of the department and the manager (handbook §2). Raises IllegalTransition."""
    _require(card, "approve", CardState.REQUESTED)
    approved = replace(card, state=CardState.APPROVED)
    return Decision(approved, (_fact("card_approved", approved),))


def refuse(card: Card) -> Decision[Card]:
    """Nobody gets a staff card: others refused it, did not agree in time, or it is not wanted any more. Raises IllegalTransition."""
    _require(card, "refuse", CardState.REQUESTED)
    refused = replace(card, state=CardState.REFUSED)
    return Decision(refused, (_fact("card_refused", refused),))


def hand_out(card: Card, printed: str) -> Decision[Card]:
    """Give out a staff card to which all have agreed. Raises IllegalTransition."""
    _require(card, "hand-out", CardState.APPROVED)
    issued = replace(card, state=CardState.IN_USE, printed=printed)
    return Decision(issued, (_fact("card_issued", issued),))


def lose(card: Card, matches: bool | None, stamp: Stamp) -> Decision[Card]:
    """It is lost, and blocked at once. ``matches``: the ID shown is that on file (None: none is on file, or it is a staff card).

    Raises BadInput (id_number), IllegalTransition.
    """
    _require(card, "lose", CardState.IN_USE)
    if matches is False:
        raise BadInput.of("id_number", "is not that of the holder's file")
    blocked = replace(card, state=CardState.BLOCKED, blocked=stamp, id_checked=matches is True)
    return Decision(blocked, (_fact("card_blocked", blocked),))


def give_back(card: Card, stamp: Stamp) -> Decision[Card]:
    """It came back to the desk, even after it was blocked. Raises IllegalTransition."""
    _require(card, "return", CardState.IN_USE, CardState.BLOCKED)
    returned = replace(card, state=CardState.RETURNED, returned=stamp)
    return Decision(returned, (_fact("card_returned", returned),))


def _require(card: Card, command: str, *states: CardState) -> None:
    if card.state not in states:
        raise IllegalTransition.of(command, card.state.value, _LEGAL[card.state])


def _charged(card: Card) -> tuple[Fact, ...]:
    if not card.charge_fen:
        return ()
    data = {"case": None, "kind": None, "unit": card.unit, "person": card.holder, "step": None, "item": "owner_card"}
    return (Fact("charge_requested", {**data, "months": None, "amount_fen": card.charge_fen, "on": None}),)


def _fact(name: str, card: Card, **own: Any) -> Fact:
    data = {"card": card.id, "kind": card.kind, "holder": card.holder, "unit": card.unit, "charge_fen": card.charge_fen}
    return Fact(name, {**data, **own})
