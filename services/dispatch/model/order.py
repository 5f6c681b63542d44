"""A work order (派工单): offered, taken or refused, offered again, closed (handbook §4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from services.dispatch.model.crew import Bench, choose
from steward.errors import BadInput, IllegalTransition
from steward.facts import Decision, Fact
from steward.policy import Rules


class State(StrEnum):
    """``unfilled``: with the department, offered to nobody; whoever is there may take it."""

    OFFERED = "offered"
    UNFILLED = "unfilled"
    TAKEN = "taken"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class OfferState(StrEnum):
    OPEN = "open"
    TAKEN = "taken"
    REFUSED = "refused"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"


class Refusal(StrEnum):
    """Why somebody does not take an order."""

    BUSY = "busy"
    OFF_DUTY = "off_duty"
    NOT_ABLE = "not_able"
    TOO_FAR = "too_far"
    OTHER = "other"


class LineKind(StrEnum):
    MATERIAL = "material"
    LABOUR = "labour"


class Command(StrEnum):
    """What can be done to an order; the value is the last part of its route, or what an event does to it."""

    TAKE = "take"
    REFUSE = "refuse"
    ASSIGN = "assign"
    RECORD = "materials"
    LAPSE = "lapse"
    FILL = "fill"
    CLOSE = "close"
    WITHDRAW = "withdraw"


OPEN = frozenset({State.OFFERED, State.UNFILLED, State.TAKEN})

FROM: Mapping[Command, frozenset[State]] = {
    Command.TAKE: frozenset({State.OFFERED, State.UNFILLED}),
    Command.REFUSE: frozenset({State.OFFERED}),
    Command.ASSIGN: OPEN,
    Command.RECORD: frozenset({State.TAKEN, State.CLOSED}),
    Command.LAPSE: frozenset({State.OFFERED}),
    Command.FILL: frozenset({State.UNFILLED}),
    Command.CLOSE: OPEN,
    Command.WITHDRAW: OPEN,
}
"""In which states a command is possible. Paperwork may follow the work, so materials are recorded when closed too."""

BY_PEOPLE = (Command.TAKE, Command.REFUSE, Command.ASSIGN, Command.RECORD)


@dataclass(frozen=True)
class By:
    """Who does something, and when."""

    who: str
    at: datetime


@dataclass(frozen=True)
class Offer:
    """One person asked. ``by_hand`` names who assigned it, where the choice was not the software's."""

    engineer: str
    at: datetime
    state: OfferState = OfferState.OPEN
    by_hand: str | None = None
    reason: Refusal | None = None
    note: str | None = None


@dataclass(frozen=True)
class Line:
    """Material or labour spent; ``price_fen`` is the price of one."""

    item: str
    quantity: int
    price_fen: int
    kind: LineKind = LineKind.MATERIAL
    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class Task:
    """What a ticket asks of dispatch: the parts of its events that an order needs."""

    ticket: str
    matter: str
    round: int
    number: str
    kind: str
    urgency: str
    department: str
    skill: str | None = None
    unit: str | None = None
    place: str | None = None

    @property
    def order(self) -> str:
        """The id of its order: one in each round of the ticket."""
        return f"{self.ticket}-{self.round}"


@dataclass(frozen=True)
class Order:
    """The order of one round of a ticket. ``engineer``: to whom it is offered, or who took it."""

    id: str
    project: str
    ticket: str
    matter: str
    round: int
    number: str
    kind: str
    urgency: str
    department: str
    placed_at: datetime
    skill: str | None = None
    unit: str | None = None
    place: str | None = None
    state: State = State.UNFILLED
    version: int = 0
    engineer: str | None = None
    offers: tuple[Offer, ...] = ()
    given_up: bool = False
    lines: tuple[Line, ...] = ()


def place(project: str, task: Task, bench: Bench, policy: Rules, by: By) -> Decision[Order]:
    """An order for ``task``, offered to the best, or left with the department when there is nobody."""
    order = Order(id=task.order, project=project, placed_at=by.at, **vars(task))
    facts = (_fact("ordered", order, department=task.department, urgency=task.urgency, skill=task.skill),)
    return _offer_on(order, bench, policy, by, facts)


def take(order: Order, engineer: str, by: By) -> Decision[Order]:
    """``engineer`` takes the order that was offered to them, or one that lies with the department.

    Raises BadInput when it is offered to somebody else.
    """
    _require(order, Command.TAKE)
    if order.state is State.OFFERED:
        _require_offered_to(order, engineer)
        offers = _settled(order, OfferState.TAKEN)
    else:
        offers = (*order.offers, Offer(engineer, by.at, OfferState.TAKEN, by_hand=by.who))
    taken = replace(order, state=State.TAKEN, engineer=engineer, offers=offers)
    return Decision(taken, (_fact("taken", taken, engineer=engineer),))


def refuse(order: Order, engineer: str, reason: Refusal, note: str | None, bench: Bench, policy: Rules, by: By) -> Decision[Order]:
    """Refused with a reason: offered to the next. Raises BadInput when it is offered to somebody else."""
    _require(order, Command.REFUSE)
    _require_offered_to(order, engineer)
    refused = replace(order, offers=_settled(order, OfferState.REFUSED, reason=reason, note=note))
    facts = (_fact("refused", refused, engineer=engineer, reason_code=reason),)
    return _offer_on(refused, bench, policy, by, facts)


def assign(order: Order, engineer: str, by: By) -> Decision[Order]:
    """Offered by hand (handbook §4), also to somebody who was asked before: that is what the hand is for."""
    _require(order, Command.ASSIGN)
    if order.engineer == engineer:
        raise BadInput.of("engineer", "has the order already")
    offers = (*_settled(order, OfferState.WITHDRAWN), Offer(engineer, by.at, by_hand=by.who))
    assigned = replace(order, state=State.OFFERED, engineer=engineer, offers=offers)
    facts = _fact("assigned", assigned, engineer=engineer, by=by.who), _offered(assigned)
    return Decision(assigned, facts)


def lapse(order: Order, due_at: datetime, bench: Bench, policy: Rules, by: By) -> Decision[Order] | None:
    """Not taken in time: offered to the next. None when the offer is younger than ``due_at``, or settled."""
    if not possible(order, Command.LAPSE) or order.offers[-1].at > due_at:
        return None
    return _offer_on(replace(order, offers=_settled(order, OfferState.LAPSED)), bench, policy, by, ())


def fill(order: Order, bench: Bench, policy: Rules, by: By) -> Decision[Order] | None:
    """Somebody is there now for an order that had nobody. None when there still is nobody."""
    if not possible(order, Command.FILL):
        return None
    filled = _offer_on(order, bench, policy, by, ())
    return filled if filled.state != order else None


def record(order: Order, line: Line, by: By) -> Decision[Order]:
    """Material or labour spent on it."""
    _require(order, Command.RECORD)
    return Decision(replace(order, lines=(*order.lines, replace(line, by=by.who, at=by.at))))


def close(order: Order) -> Decision[Order] | None:
    """The work is done. None when the order is not open any more."""
    return _end(order, Command.CLOSE, State.CLOSED)


def withdraw(order: Order) -> Decision[Order] | None:
    """The ticket was cancelled. None when the order is not open any more."""
    return _end(order, Command.WITHDRAW, State.WITHDRAWN)


def possible(order: Order, command: Command) -> bool:
    """Whether the state of ``order`` allows ``command``."""
    return order.state in FROM[command]


def legal(order: Order) -> list[str]:
    """The commands that people can give now."""
    return [command.value for command in BY_PEOPLE if possible(order, command)]


def asked(order: Order) -> set[str]:
    """Whom the order was offered to so far."""
    return {offer.engineer for offer in order.offers}


def _offer_on(order: Order, bench: Bench, policy: Rules, by: By, facts: tuple[Fact, ...]) -> Decision[Order]:
    own = sum(offer.by_hand is None for offer in order.offers)
    given_up = own >= policy["offers"]["most"]
    urgent = order.urgency in policy["offers"]["urgent"]
    best = None if given_up else choose(order.department, order.skill, urgent, asked(order), bench)
    if best is None:
        left = replace(order, state=State.UNFILLED, engineer=None, given_up=given_up)
        return Decision(left, (*facts, _fact("unfilled", left)))
    offers = (*order.offers, Offer(best, by.at))
    offered = replace(order, state=State.OFFERED, engineer=best, offers=offers)
    return Decision(offered, (*facts, _offered(offered)))


def _end(order: Order, command: Command, state: State) -> Decision[Order] | None:
    if not possible(order, command):
        return None
    offers = order.offers if order.state is State.TAKEN else _settled(order, OfferState.WITHDRAWN)
    ended = replace(order, state=state, offers=offers)
    return Decision(ended, (_fact(state.value, ended),))


def _settled(order: Order, state: OfferState, **why: Any) -> tuple[Offer, ...]:
    """The offers, with the one that is open or taken now in ``state``."""
    active = (OfferState.OPEN, OfferState.TAKEN)
    return tuple(replace(offer, state=state, **why) if offer.state in active else offer for offer in order.offers)


def _require(order: Order, command: Command) -> None:
    if not possible(order, command):
        raise IllegalTransition.of(command.value, order.state.value, legal(order))


def _require_offered_to(order: Order, engineer: str) -> None:
    if order.engineer != engineer:
        raise BadInput.of("engineer", "the order is offered to somebody else")


def _offered(order: Order) -> Fact:
    return _fact("offered", order, engineer=order.engineer, offer=len(order.offers))


def _fact(name: str, order: Order, **own: Any) -> Fact:
    return Fact(name, {"order": order.id, "ticket": order.ticket, **own})
