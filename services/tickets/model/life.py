"""States of a ticket and the steps between them, as tables (handbook §3, Life)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    RAISED = "raised"
    ACCEPTED = "accepted"
    DISPATCHED = "dispatched"
    TAKEN = "taken"
    ON_SITE = "on_site"
    WAITING = "waiting"
    DONE = "done"
    CHECKED = "checked"
    CALLED_BACK = "called_back"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Command(StrEnum):
    """What can be done to a ticket; the value is the last part of its route."""

    ACCEPT = "accept"
    DISPATCH = "dispatch"
    TAKE = "take"
    ARRIVE = "arrive"
    WAIT = "wait"
    RESUME = "resume"
    FINISH = "finish"
    CHECK = "check"
    CALL_BACK = "call-back"
    CLOSE = "close"
    REOPEN = "reopen"
    CANCEL = "cancel"


@dataclass(frozen=True)
class Step:
    """A row of the table of transitions."""

    before: frozenset[State]
    after: State


def _step(after: State, *before: State) -> Step:
    return Step(frozenset(before), after)


OVER = frozenset({State.CLOSED, State.CANCELLED})
"""Nothing more happens, unless somebody reopens."""
UNFINISHED = (State.RAISED, State.ACCEPTED, State.DISPATCHED, State.TAKEN, State.ON_SITE, State.WAITING)

SENT: Mapping[Command, Step] = {
    Command.ACCEPT: _step(State.ACCEPTED, State.RAISED),
    Command.DISPATCH: _step(State.DISPATCHED, State.ACCEPTED),
    Command.TAKE: _step(State.TAKEN, State.DISPATCHED),
    Command.ARRIVE: _step(State.ON_SITE, State.TAKEN),
    Command.WAIT: _step(State.WAITING, State.ON_SITE),
    Command.RESUME: _step(State.ON_SITE, State.WAITING),
    Command.FINISH: _step(State.DONE, State.ON_SITE),
    Command.CHECK: _step(State.CHECKED, State.DONE),
    Command.CALL_BACK: _step(State.CALLED_BACK, State.CHECKED),
    Command.CLOSE: _step(State.CLOSED, State.CALLED_BACK),
    Command.REOPEN: _step(State.ACCEPTED, State.CALLED_BACK),
    Command.CANCEL: _step(State.CANCELLED, *UNFINISHED),
}
"""The life of a matter that somebody is sent out for."""

DIRECT: Mapping[Command, Step] = {
    Command.ACCEPT: SENT[Command.ACCEPT],
    Command.FINISH: _step(State.DONE, State.ACCEPTED),
    Command.CALL_BACK: _step(State.CALLED_BACK, State.DONE),
    Command.CLOSE: _step(State.CLOSED, State.DONE, State.CALLED_BACK),
    Command.REOPEN: SENT[Command.REOPEN],
    Command.CANCEL: _step(State.CANCELLED, State.RAISED, State.ACCEPTED),
}
"""The life of a matter that the desk settles itself: an enquiry, a suggestion, praise."""

BY_DISPATCH = frozenset({Command.DISPATCH, Command.TAKE})
"""Commands that no person gives here: they follow what the dispatch service decided."""
