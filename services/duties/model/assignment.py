"""An assignment: one occurrence of a duty that somebody has to see to, and what became of it (handbook §5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from services.duties.model.duty import Occurrence, Terms
from services.duties.model.evidence import Asked, Given, check
from steward.errors import IllegalTransition
from steward.facts import Decision, Fact
from steward.ids import derived_id

KIND = "duty"


class State(StrEnum):
    OPEN = "open"
    DONE = "done"
    SKIPPED = "skipped"


class Command(StrEnum):
    """What can be done to an assignment; the value is the last part of its route."""

    DONE = "done"
    SKIP = "skip"
    REOPEN = "reopen"


class Reason(StrEnum):
    """Why an assignment was skipped. MISSED: its time passed while nobody could be told. SUPERSEDED: the next is due already."""

    BY_HAND = "by_hand"
    MISSED = "missed"
    SUPERSEDED = "superseded"


FROM: Mapping[Command, frozenset[State]] = {
    Command.DONE: frozenset({State.OPEN}),
    Command.SKIP: frozenset({State.OPEN}),
    Command.REOPEN: frozenset({State.DONE, State.SKIPPED}),
}
"""In which states a command is possible."""


@dataclass(frozen=True)
class By:
    """Who does something, and when."""

    who: str
    at: datetime


@dataclass(frozen=True)
class Turn:
    """One thing that was done to an assignment. ``late``: done after its time."""

    command: Command
    by: str
    at: datetime
    note: str | None = None
    reason: Reason | None = None
    given: Given | None = None
    late: bool | None = None


@dataclass(frozen=True)
class Assignment:
    """One occurrence. It keeps the terms it was opened with, whatever becomes of the duty's row.

    ``due_at`` is when its clock runs out; ``promised_at`` is when it should have been done, which is earlier for what
    is caught up on after an outage.
    """

    id: str
    project: str
    matter: str
    duty: str
    title: dict[str, str]
    role: str
    occurrence: str
    opens_at: datetime
    promised_at: datetime
    due_at: datetime
    opened_at: datetime
    asked: Asked
    state: State = State.OPEN
    caught_up: bool = False
    """Opened when its time had passed."""
    turns: tuple[Turn, ...] = ()
    version: int = 0

    @property
    def number(self) -> str:
        """What people call it."""
        return f"{self.duty} {self.occurrence}"

    @property
    def last(self) -> Turn | None:
        """What was done to it last."""
        return self.turns[-1] if self.turns else None


def id_of(project: str, duty: str, local: datetime) -> str:
    """The id of the one assignment of ``duty`` at ``local``: made of these alone, and in order of time."""
    return derived_id(local.replace(tzinfo=UTC), project, duty, local.isoformat())


def open_(project: str, duty: str, terms: Terms, turn: Occurrence, due_at: datetime, by: By) -> Decision[Assignment]:
    """The assignment of ``turn``, to be done until ``due_at``."""
    name = id_of(project, duty, turn.local)
    assignment = Assignment(
        id=name,
        project=project,
        matter=f"duties/{name}",
        duty=duty,
        title=terms.title,
        role=terms.role,
        occurrence=turn.name,
        opens_at=turn.opens_at,
        promised_at=turn.due_at,
        due_at=due_at,
        opened_at=by.at,
        asked=terms.asked,
        caught_up=by.at >= turn.due_at,
    )
    return Decision(assignment, (_fact("opened", assignment, audience=[assignment.role], caught_up=assignment.caught_up),))


def miss(opened: Decision[Assignment], reason: Reason, by: By) -> Decision[Assignment]:
    """Opened and skipped at once, because its time has passed: it is on record, with the reason."""
    skipped = _skip(opened.state, None, reason, by)
    return Decision(skipped.state, (*opened.facts, *skipped.facts))


def done(assignment: Assignment, given: Given, by: By) -> Decision[Assignment]:
    """Ticked off. Raises BadInput for evidence that is missing or wrong."""
    _require(assignment, Command.DONE)
    check(assignment.asked, given)
    late = by.at > assignment.promised_at
    turn = Turn(Command.DONE, by.who, by.at, given=given, late=late)
    ended = _turned(assignment, State.DONE, turn)
    return Decision(ended, (_fact("done", ended, late=late, by=by.who, figures=given.figures, count=given.count),))


def skip(assignment: Assignment, note: str, by: By) -> Decision[Assignment]:
    """Not to be done this time, with a reason."""
    _require(assignment, Command.SKIP)
    return _skip(assignment, note, Reason.BY_HAND, by)


def reopen(assignment: Assignment, note: str, policy: Mapping[str, Any], by: By) -> Decision[Assignment]:
    """To be done after all, or again. Possible for some days only (policy: reopen.within_days), then IllegalTransition."""
    _require(assignment, Command.REOPEN)
    until = assignment.turns[-1].at + timedelta(days=policy["reopen"]["within_days"])
    if by.at > until:
        raise IllegalTransition(f"could be reopened until {until:%Y-%m-%d %H:%M} UTC", state=assignment.state.value, legal=[])
    due_at = max(assignment.due_at, by.at + timedelta(seconds=policy["reopen"]["due_s"]))
    turn = Turn(Command.REOPEN, by.who, by.at, note=note)
    again = replace(_turned(assignment, State.OPEN, turn), due_at=due_at, promised_at=due_at)
    return Decision(again, (_fact("reopened", again),))


def legal(assignment: Assignment) -> list[str]:
    """The commands that are possible now."""
    return [command.value for command, states in FROM.items() if assignment.state in states]


def _skip(assignment: Assignment, note: str | None, reason: Reason, by: By) -> Decision[Assignment]:
    ended = _turned(assignment, State.SKIPPED, Turn(Command.SKIP, by.who, by.at, note=note, reason=reason))
    return Decision(ended, (_fact("skipped", ended, reason_code=reason),))


def _turned(assignment: Assignment, state: State, turn: Turn) -> Assignment:
    return replace(assignment, state=state, turns=(*assignment.turns, turn))


def _require(assignment: Assignment, command: Command) -> None:
    if assignment.state not in FROM[command]:
        raise IllegalTransition.of(command.value, assignment.state.value, legal(assignment))


def _fact(name: str, assignment: Assignment, **own: Any) -> Fact:
    """``number``, ``kind`` and ``department`` are what clocks and messages say of any matter."""
    same = ("duty", "title", "role", "opens_at", "due_at", "occurrence", "project", "number")
    common = {field: getattr(assignment, field) for field in same}
    return Fact(name, {**common, "kind": KIND, "department": assignment.role, **own})
