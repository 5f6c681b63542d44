"""What can be done to a ticket: each command returns the new state and the facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.tickets.model.life import BY_DISPATCH, DIRECT, SENT, Command, State, Step
from services.tickets.model.terms import CancelReason, Channel, Difficulty, Item, Kind, ReopenReason, Urgency, WaitReason
from services.tickets.model.ticket import By, Callback, Check, Intake, Mark, Opening, Ticket
from steward.errors import BadInput, IllegalTransition
from steward.facts import Decision, Fact
from steward.policy import Rules


def number_text(code: str, running: int, local: datetime) -> str:
    """The readable number: ``YH-2611-00042`` for the project's 42nd ticket, raised in November 2026, local time."""
    return f"{code}-{local:%y%m}-{running:05d}"


def raise_ticket(opening: Opening, intake: Intake, policy: Rules, by: By) -> Decision[Ticket]:
    """Intake (handbook §3). What the desk took itself is accepted in the same moment.

    Raises BadInput for a department that the policy does not know, or a matter with neither unit nor place.
    """
    _check_intake(intake, policy)
    item = intake.item
    department = (
        intake.department
        or _default(policy["department"], "item", item)
        or policy["department"]["kind"].get(intake.kind, policy["department"]["otherwise"])
    )
    difficulty = intake.difficulty or _default(policy["difficulty"], "item", item)
    ticket = Ticket(
        **vars(opening),
        **{name: getattr(intake, name) for name in _TAKEN_OVER},
        urgency=intake.urgency or Urgency(_default(policy["urgency"], "item", item) or policy["urgency"]["otherwise"]),
        difficulty=Difficulty(difficulty) if difficulty else None,
        department=department,
        language=intake.language or policy["intake"]["language"],
        direct=intake.kind in policy["intake"]["direct_kinds"],
        raised_at=by.at,
        raised_by=by.who,
    )
    raised = Decision(ticket, (_fact("raised", ticket, **_raised_data(ticket)),))
    if intake.channel not in policy["intake"]["accepted_channels"]:
        return raised
    accepted = accept(ticket, None, by)
    return Decision(accepted.state, raised.facts + accepted.facts)


def legacy_defect(unit: str, item: str, what: str) -> Intake:
    """The intake of a defect found at the handover of ``unit`` 遗留问题, for the developer's contractor (handbook §2)."""
    known = Item(item) if item in list(Item) else Item.OTHER
    return Intake(Kind.RECTIFICATION, Channel.DEPARTMENT, what, unit=unit, item=known)


_TAKEN_OVER = (
    "kind", "channel", "what", "unit", "place", "item", "wished_at", "wishes", "entry_allowed", "appointment_at",
)  # fmt: skip


def _check_intake(intake: Intake, policy: Rules) -> None:
    if not intake.unit and not intake.place:
        raise BadInput.of("unit", "name the unit, or the place if it is a public one")
    if intake.department and intake.department not in policy["department"]["known"]:
        raise BadInput.of("department", "is not a department here")


def _default(table: Mapping[str, Any], by: str, item: Item | None) -> Any:
    return table.get(by, {}).get(item) if item else None


def accept(ticket: Ticket, note: str | None, by: By) -> Decision[Ticket]:
    """The desk takes the matter on: first contact owns it to the end (handbook §1)."""
    accepted = _move(ticket, Command.ACCEPT, by, note=note)
    return Decision(accepted, (_fact("accepted", accepted, by=by.who),))


def order_placed(ticket: Ticket, of_round: int, order: str, department: str, by: By) -> Decision[Ticket] | None:
    """Dispatch wrote a work order for round ``of_round``. None when that is no news any more."""
    if of_round != ticket.round or ticket.state is not State.ACCEPTED or ticket.direct:
        return None
    placed = replace(_move(ticket, Command.DISPATCH, by), order=order, department=department)
    return Decision(placed, (_fact("dispatched", placed, order=order),))


def order_taken(ticket: Ticket, of_round: int, order: str, engineer: str, by: By) -> Decision[Ticket] | None:
    """Somebody took the work order of ``of_round``. None when that is no news any more.

    Taken may overtake placed on the way: then both became true. Whoever takes over later is only written down.
    """
    if of_round != ticket.round or ticket.direct:
        return None
    if ticket.state in (State.TAKEN, State.ON_SITE, State.WAITING) and ticket.engineer != engineer:
        return Decision(replace(ticket, engineer=engineer))
    placed = order_placed(ticket, of_round, order, ticket.department or "", by)
    before, facts = (placed.state, placed.facts) if placed else (ticket, ())
    if before.state is not State.DISPATCHED:
        return None
    taken = replace(_move(before, Command.TAKE, by), engineer=engineer)
    return Decision(taken, (*facts, _fact("taken", taken, order=order, engineer=engineer)))


def arrive(ticket: Ticket, note: str | None, by: By) -> Decision[Ticket]:
    """The engineer is on site."""
    arrived = _move(ticket, Command.ARRIVE, by, note=note)
    return Decision(arrived, (_fact("arrived", arrived),))


def wait(ticket: Ticket, reason: WaitReason, next_at: datetime, note: str | None, by: By) -> Decision[Ticket]:
    """Work rests, always with a reason and a next date. Raises BadInput for a date that has passed."""
    waiting = _move(ticket, Command.WAIT, by, reason=reason, note=note, next_at=next_at)
    if next_at <= by.at:
        raise BadInput.of("next_at", "must lie in the future")
    return Decision(replace(waiting, next_at=next_at), (_fact("waiting", waiting, reason=reason, next_at=next_at),))


def resume(ticket: Ticket, note: str | None, by: By) -> Decision[Ticket]:
    """Work goes on."""
    resumed = replace(_move(ticket, Command.RESUME, by, note=note), next_at=None)
    return Decision(resumed, (_fact("resumed", resumed),))


def finish(ticket: Ticket, note: str | None, by: By) -> Decision[Ticket]:
    """The work is done; ``note`` says what was done."""
    done = _move(ticket, Command.FINISH, by, note=note)
    return Decision(done, (_fact("done", done),))


def check(ticket: Ticket, given: Check, by: By) -> Decision[Ticket]:
    """The resident checked the work. Raises BadInput when there is neither signature nor a remark why not."""
    checked = _move(ticket, Command.CHECK, by)
    if not given.signature and not given.remark:
        raise BadInput.of("remark", "say why there is no signature")
    checked = replace(checked, checks=(*ticket.checks, replace(given, round=ticket.round)))
    return Decision(checked, (_fact("checked", checked),))


def call_back(ticket: Ticket, given: Callback, by: By) -> Decision[Ticket]:
    """The callback and its result (handbook §3, Callbacks). Unsolved, the ticket can only be reopened."""
    called = _move(ticket, Command.CALL_BACK, by)
    called = replace(called, callbacks=(*ticket.callbacks, replace(given, round=ticket.round)))
    return Decision(called, (_fact("called_back", called, satisfaction=given.satisfaction, solved=given.solved),))


def close(ticket: Ticket, note: str | None, by: By) -> Decision[Ticket]:
    """The matter is over."""
    closed = _move(ticket, Command.CLOSE, by, note=note)
    return Decision(closed, (_fact("closed", closed),))


def reopen(ticket: Ticket, reason: ReopenReason, note: str | None, by: By) -> Decision[Ticket]:
    """The callback found it unsolved: accepted again, in a new round, and dispatched again."""
    moved = _move(ticket, Command.REOPEN, by, reason=reason, note=note)
    reopened = replace(moved, round=ticket.round + 1, order=None, engineer=None)
    return Decision(reopened, (_fact("reopened", reopened, reason_code=reason),))


def cancel(ticket: Ticket, reason: CancelReason, note: str | None, by: By) -> Decision[Ticket]:
    """Called off, with a reason."""
    cancelled = _move(ticket, Command.CANCEL, by, reason=reason, note=note)
    to_dispatch = not ticket.direct and ticket.state is not State.RAISED
    fact = _fact("cancelled", cancelled, reason_code=reason, to_dispatch=to_dispatch)
    return Decision(replace(cancelled, next_at=None), (fact,))


def legal(ticket: Ticket) -> list[str]:
    """The commands that people can give now."""
    return [command.value for command in _life(ticket) if command not in BY_DISPATCH and _possible(ticket, command)]


def _life(ticket: Ticket) -> Mapping[Command, Step]:
    return DIRECT if ticket.direct else SENT


def _possible(ticket: Ticket, command: Command) -> bool:
    step = _life(ticket).get(command)
    if step is None or ticket.state not in step.before:
        return False
    unsolved = ticket.state is State.CALLED_BACK and not ticket.callbacks[-1].solved
    return {Command.CLOSE: not unsolved, Command.REOPEN: unsolved}.get(command, True)


def _move(ticket: Ticket, command: Command, by: By, **mark: Any) -> Ticket:
    if not _possible(ticket, command):
        raise IllegalTransition.of(command.value, ticket.state.value, legal(ticket))
    line = Mark(command=command.value, at=by.at, by=by.who, round=ticket.round, **mark)
    return replace(ticket, state=_life(ticket)[command].after, history=(*ticket.history, line))


def _raised_data(ticket: Ticket) -> dict[str, Any]:
    return {
        "difficulty": ticket.difficulty,
        "has_phone": ticket.caller.phone is not None,
        "appointment_at": ticket.appointment_at,
    }


def _fact(name: str, ticket: Ticket, **own: Any) -> Fact:
    """``name`` with what every event of a ticket says. ``to_dispatch``: this round has, or will have, a work order."""
    common = {
        "number": ticket.number,
        "kind": ticket.kind,
        "urgency": ticket.urgency,
        "channel": ticket.channel,
        "department": ticket.department,
        "unit": ticket.unit,
        "place": ticket.place,
        "item": ticket.item,
        "round": ticket.round,
        "to_dispatch": not ticket.direct and ticket.state is not State.RAISED,
    }
    return Fact(name, common | own)
