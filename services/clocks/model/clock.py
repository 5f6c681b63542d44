"""One clock: a run of one rule, by terms that were frozen when it started (handbook §3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from services.clocks.calendars import Calendars
from services.clocks.conditions import Condition, allows, fields_of
from services.clocks.model.promise import promised
from services.clocks.rules import On, Rule

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
    """Fires once ``after_ms`` milliseconds have counted; ``audience`` are the roles told, ``channels`` how (none: as
    is usual)."""

    kind: Kind
    after_ms: int
    audience: tuple[str, ...]
    channels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Guard:
    """``event`` does its ``turn`` only if its own data allow."""

    event: str
    turn: Turn
    when: tuple[Condition, ...]
    unless: tuple[Condition, ...]


@dataclass(frozen=True)
class Terms:
    """A rule as it was when the clock started; editing policy moves nobody's promise.

    ``calendar`` is the version of the working calendar, None for plain time. ``counts_from``: the event since which it
    counts, if not the one that started it. ``per``: the data field by which events are told apart. ``provisional``:
    the limit was made from a year whose holidays were not announced.
    """

    limit_ms: int
    calendar: str | None
    steps: tuple[Step, ...]
    turns: tuple[tuple[str, Turn], ...]
    guards: tuple[Guard, ...] = ()
    counts_from: str = ""
    per: str = ""
    provisional: bool = False

    def turns_of(self, event: str, data: Mapping[str, Any]) -> tuple[Turn, ...]:
        """What ``event`` with ``data`` of its own does."""
        return tuple(turn for named, turn in self.turns if named == event and self._allows(event, turn, data))

    def _allows(self, event: str, turn: Turn, data: Mapping[str, Any]) -> bool:
        guards = [guard for guard in self.guards if (guard.event, guard.turn) == (event, turn)]
        return not guards or any(allows(guard.when, guard.unless, data) for guard in guards)

    @property
    def fields(self) -> frozenset[str]:
        """The data fields that its events are judged by."""
        judged = fields_of(condition for guard in self.guards for condition in (*guard.when, *guard.unless))
        return judged | ({self.per} if self.per else frozenset())


@dataclass(frozen=True)
class Clock:
    """One run of one rule.

    ``part`` is the one of the subject's departments (or whatever ``terms.per`` names) that it is for.
    ``spent_ms`` counted before ``since``, from when it runs on (None: it does not run). ``moments`` are when each of
    the steps is due, ``fired`` how many of them have been told. Once somebody has acknowledged the breach, the ladder
    is climbed no further.
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
    part: str = ""
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None

    @property
    def due_at(self) -> datetime:
        """When the limit is reached, or would have been had it run on."""
        return self.moments[self._breach]

    @property
    def next_at(self) -> datetime | None:
        """When its next step fires."""
        return self.moments[self.fired] if self.state is State.RUNNING and self.fired < self.last else None

    @property
    def last(self) -> int:
        """How many of its steps are to be told in the end."""
        return self.fired if self.acknowledged_by else len(self.moments)

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


def new_clock(watch: str, start: Sighting, since: datetime, rule: Rule, data: Mapping[str, Any], calendars: Calendars) -> Clock | None:
    """The clock that ``start`` starts by ``rule`` for a subject with ``data``, if none of that rule runs then.

    It counts ``since``. None if the data lack the moment that the limit depends on.
    """
    promise = promised(rule, since, data, calendars.current)
    if promise is None:
        return None
    terms = Terms(
        limit_ms=promise.limit // MILLISECOND,
        calendar=promise.calendar,
        steps=_steps(rule, promise.limit, _responsible(rule, data)),
        turns=tuple((on.event, turn) for turn, on in _turns(rule)),
        guards=tuple(Guard(on.event, turn, on.when, on.unless) for turn, on in _turns(rule) if on.when or on.unless),
        counts_from=rule.counts_from,
        per=rule.per,
        provisional=promise.provisional,
    )
    part = str(start.data[rule.per]) if rule.per else ""
    clock_id = f"{watch}.{rule.id}.{start.seq}"
    return Clock(clock_id, rule.id, start.seq, start.event, since, terms, State.ABSORBED, part=part)


def _responsible(rule: Rule, data: Mapping[str, Any]) -> tuple[str, ...]:
    """The roles that a step tells first: those of the row, and the one that the data name."""
    named = data.get(rule.responsible_in) if rule.responsible_in else None
    return tuple(dict.fromkeys((*rule.responsible, *([named] if isinstance(named, str) and named else []))))


def _steps(rule: Rule, limit: timedelta, responsible: tuple[str, ...]) -> tuple[Step, ...]:
    """Warnings, breach and the ladder beyond it (handbook §3: at 80 %, at 100 %, then +50 %, +100 %)."""
    at_once = [rung for rung in rule.ladder if not rung.after and not rung.after_s]
    told = dict.fromkeys((*responsible, *(role for rung in at_once for role in rung.roles)))
    through = dict.fromkeys((*rule.channels, *(channel for rung in at_once for channel in rung.channels)))
    warnings = (Step(Kind.WARNED, limit * share // MILLISECOND, responsible, rule.channels) for share in rule.warn_at)
    breach = Step(Kind.BREACHED, limit // MILLISECOND, tuple(told), tuple(through))
    ladder = (
        Step(Kind.ESCALATED, (limit * (1 + rung.after) + timedelta(seconds=rung.after_s)) // MILLISECOND, rung.roles, rung.channels)
        for rung in rule.ladder
        if rung not in at_once
    )
    return (*warnings, breach, *ladder)


def _turns(rule: Rule) -> list[tuple[Turn, On]]:
    named = ((Turn.PAUSE, rule.pause), (Turn.RESUME, rule.resume), (Turn.STOP, rule.stop), (Turn.CANCEL, rule.cancel))
    return [(turn, on) for turn, ons in named for on in ons]
