"""One clock: a run of one rule, by terms that were frozen when it started (handbook §3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from services.clocks.calendars import Calendars
from services.clocks.rules import Rule
from steward.times import parse

MILLISECOND = timedelta(milliseconds=1)


class State(StrEnum):
    """What a clock is doing. BREACHED is running past its limit, ABSORBED a start while its rule's clock ran."""

    RUNNING = "running"
    BREACHED = "breached"
    PAUSED = "paused"
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    ABSORBED = "absorbed"


class Turn(StrEnum):
    """What an event does to a running clock; those of one commit act in this order."""

    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    CANCEL = "cancel"


class Kind(StrEnum):
    """What a step of a clock is, which is also the name of its fact."""

    WARNED = "warned"
    BREACHED = "breached"
    ESCALATED = "escalated"


TRANSITIONS: Mapping[tuple[State, Turn], State] = {
    (State.RUNNING, Turn.PAUSE): State.PAUSED,
    (State.PAUSED, Turn.RESUME): State.RUNNING,
    (State.RUNNING, Turn.STOP): State.STOPPED,
    (State.PAUSED, Turn.STOP): State.STOPPED,
    (State.RUNNING, Turn.CANCEL): State.CANCELLED,
    (State.PAUSED, Turn.CANCEL): State.CANCELLED,
}
LIVE = frozenset({State.RUNNING, State.PAUSED})
ENDED = frozenset({State.STOPPED, State.CANCELLED})


@dataclass(frozen=True)
class Sighting:
    """An event of the subject: its place ``seq`` in the subject's history, and the data that rules look at."""

    event: str
    seq: int
    at: datetime
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[int, str]:
        """What tells this event from the subject's others, and orders them."""
        return self.seq, self.event


@dataclass(frozen=True)
class Step:
    """Fires once ``after_ms`` milliseconds have counted; ``audience`` are the roles told."""

    kind: Kind
    after_ms: int
    audience: tuple[str, ...]


@dataclass(frozen=True)
class Terms:
    """A rule as it was when the clock started; editing policy moves nobody's promise.

    ``calendar`` is the version of the working calendar, None for plain time.
    """

    limit_ms: int
    calendar: str | None
    steps: tuple[Step, ...]
    turns: tuple[tuple[str, Turn], ...]


@dataclass(frozen=True)
class Clock:
    """One run of one rule.

    ``spent_ms`` counted before ``since``, from when it runs on (None: it does not run). ``moments`` are when each of
    the steps is due, ``fired`` how many of them have been told.
    """

    id: str
    rule: str
    seq: int
    event: str
    started_at: datetime
    terms: Terms
    state: State = State.RUNNING
    spent_ms: int = 0
    since: datetime | None = None
    ended_at: datetime | None = None
    moments: tuple[datetime, ...] = ()
    fired: int = 0
    provisional: bool = False

    @property
    def due_at(self) -> datetime:
        """When the limit is reached, or would have been had it run on."""
        return self.moments[self._breach]

    @property
    def next_at(self) -> datetime | None:
        """When its next step fires."""
        return self.moments[self.fired] if self.state is State.RUNNING and self.fired < len(self.moments) else None

    @property
    def breached(self) -> bool:
        """Whether its breach has been told."""
        return self.fired > self._breach

    @property
    def shown(self) -> State:
        """Its state for people."""
        return State.BREACHED if self.state is State.RUNNING and self.breached else self.state

    @property
    def late(self) -> bool:
        """Whether it counted more than its limit before it ended."""
        return self.state in ENDED and self.spent_ms > self.terms.limit_ms

    @property
    def _breach(self) -> int:
        return next(index for index, step in enumerate(self.terms.steps) if step.kind is Kind.BREACHED)

    def left_s(self, now: datetime) -> float | None:
        """Seconds until it is due (less than 0: overdue), as people's watches run; what is left to count, if paused."""
        if self.state is State.RUNNING:
            return (self.due_at - now).total_seconds()
        return (self.terms.limit_ms - self.spent_ms) / 1000 if self.state is State.PAUSED else None


def new_clock(watch: str, start: Sighting, rule: Rule, data: Mapping[str, Any], calendars: Calendars) -> Clock:
    """The clock that ``start`` starts by ``rule`` for a subject with ``data``, if none of that rule runs then."""
    limit = rule.limit(calendars.current.day_length)
    version = calendars.current.version if rule.working else None
    appointment = _moment(data.get(rule.appointment))
    if appointment and appointment > start.at:
        limit, version = appointment - start.at, None
    terms = Terms(limit // MILLISECOND, version, _steps(rule, limit), _turns(rule))
    return Clock(f"{watch}.{rule.id}.{start.seq}", rule.id, start.seq, start.event, start.at, terms, State.ABSORBED)


def _steps(rule: Rule, limit: timedelta) -> tuple[Step, ...]:
    """Warning, breach and the ladder beyond it (handbook §3: at 80 %, at 100 %, then +50 %, +100 %)."""

    def after(share: float) -> int:
        return limit * share // MILLISECOND

    at_once = [role for rung in rule.ladder if not rung.after for role in rung.roles]
    warning = (Step(Kind.WARNED, after(rule.warn_at), rule.responsible),) if rule.warn_at else ()
    breach = Step(Kind.BREACHED, after(1), tuple(dict.fromkeys((*rule.responsible, *at_once))))
    ladder = (Step(Kind.ESCALATED, after(1 + rung.after), rung.roles) for rung in rule.ladder if rung.after)
    return (*warning, breach, *ladder)


def _turns(rule: Rule) -> tuple[tuple[str, Turn], ...]:
    named = ((Turn.PAUSE, rule.pause), (Turn.RESUME, rule.resume), (Turn.STOP, rule.stop), (Turn.CANCEL, rule.cancel))
    return tuple((event, turn) for turn, events in named for event in events)


def _moment(value: Any) -> datetime | None:
    try:
        return parse(value) if isinstance(value, str) else None
    except ValueError:
        return None
