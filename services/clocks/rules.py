"""Rows of policy: which clock starts, pauses and stops on which event, and how long it may run.

Nothing here knows what the events mean. A service brings rows of its own in the ``[clocks]`` tables of its
``policy.toml``; a company changes them, or adds more, in its ``clocks.toml``. ``rows.py`` reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from services.clocks.conditions import Condition, allows, fields_of


@dataclass(frozen=True)
class Limit:
    """How long a clock may run; exactly one way of saying it is set.

    ``seconds``; ``days``: working days; ``months`` of the calendar; ``by``: seconds after local midnight, ``by_days``
    days later (working days, if the row counts working time), or on the day that the data field ``by_on`` names;
    ``ahead_of``: the data field of a moment, ``ahead_s`` seconds and ``ahead_months`` months before which it ends.
    """

    seconds: int | None = None
    days: float | None = None
    months: int | None = None
    by: int | None = None
    by_days: int = 0
    by_on: str = ""
    ahead_of: str = ""
    ahead_s: int = 0
    ahead_months: int = 0

    def length(self, day_length: timedelta) -> timedelta | None:
        """How long that is where a working day lasts ``day_length``; None if it depends on when the clock starts."""
        if self.days is not None:
            return day_length * self.days
        return timedelta(seconds=self.seconds) if self.seconds is not None else None

    @property
    def fields(self) -> frozenset[str]:
        """The data fields that it depends on."""
        return frozenset(name for name in (self.by_on, self.ahead_of) if name)


@dataclass(frozen=True)
class Rung:
    """One rung of the ladder: ``roles`` are told ``after`` this share of the limit beyond the breach, or ``after_s``
    seconds beyond it, through ``channels`` (none: as is usual for what they are told)."""

    after: float
    roles: tuple[str, ...]
    after_s: int = 0
    channels: tuple[str, ...] = ()


@dataclass(frozen=True)
class On:
    """An event of a row, and what its own data must say: ``when`` one alternative must hold, ``unless`` none may."""

    event: str
    when: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()

    def meant(self, data: Mapping[str, Any]) -> bool:
        """Whether an event with ``data`` is meant."""
        return allows(self.when, self.unless, data)


@dataclass(frozen=True)
class Rule:
    """One row. ``when`` and ``unless`` look at all that is known of the subject when the clock starts.

    ``appointment`` names the data field whose moment, when there is one in the future, replaces the limit;
    ``counts_from`` the event from whose moment on it counts, when that is not the one that starts it; ``per`` the data
    field of the events, of which each value (each department) has a clock of its own. ``warn_at`` are shares of the limit.
    ``responsible_in`` names the field that holds a role which is responsible besides.
    ``unheard`` are those of its ``reserved`` events that nobody publishes yet.
    """

    id: str
    title: Mapping[str, str]
    handbook: str
    start: tuple[On, ...]
    stop: tuple[On, ...]
    cancel: tuple[On, ...]
    pause: tuple[On, ...]
    resume: tuple[On, ...]
    when: tuple[Condition, ...]
    unless: tuple[Condition, ...]
    limit: Limit
    working: bool
    appointment: str
    counts_from: str
    per: str
    warn_at: tuple[float, ...]
    responsible: tuple[str, ...]
    channels: tuple[str, ...]
    ladder: tuple[Rung, ...]
    reserved: frozenset[str] = frozenset()
    unheard: frozenset[str] = frozenset()
    responsible_in: str = ""

    def starts(self, event: str, own: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
        """Whether a clock starts on ``event`` with data of its ``own``, of a subject of which ``known`` is known."""
        if self.per and own.get(self.per) is None:
            return False
        return any(on.event == event and on.meant(own) for on in self.start) and allows(self.when, self.unless, known)

    @property
    def events(self) -> frozenset[str]:
        """Every event that the row names."""
        named = {on.event for on in (*self.start, *self.stop, *self.cancel, *self.pause, *self.resume)}
        return frozenset(named | ({self.counts_from} if self.counts_from else set()))

    @property
    def fields(self) -> frozenset[str]:
        """The data fields that the row looks at."""
        ons = (*self.start, *self.stop, *self.cancel, *self.pause, *self.resume)
        named = fields_of((*self.when, *self.unless, *(one for on in ons for one in (*on.when, *on.unless))))
        return named | self.limit.fields | {name for name in (self.appointment, self.per, self.responsible_in) if name}


@dataclass(frozen=True)
class Rules:
    """The rows that hold in one project. ``carry`` are data fields that the clocks' own events repeat.

    ``asleep`` are the rows that wait for a service which is still to come.
    """

    rows: Mapping[str, Rule]
    carry: tuple[str, ...]
    remembered: frozenset[str]
    starts: frozenset[str]
    heard: frozenset[str]
    asleep: Mapping[str, Rule] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[Rule], carry: Iterable[str], asleep: Iterable[Rule] = ()) -> Rules:
        """The rules made of ``rows``."""
        by_id = {row.id: row for row in rows}
        return cls(
            rows=by_id,
            carry=tuple(carry),
            remembered=frozenset(carry).union(*(row.fields for row in by_id.values())),
            starts=frozenset(on.event for row in by_id.values() for on in row.start if on.event not in row.unheard),
            heard=frozenset().union(*(row.events - row.unheard for row in by_id.values())),
            asleep={row.id: row for row in asleep},
        )

    def starting(self, event: str, own: Mapping[str, Any], known: Mapping[str, Any] | None = None) -> Iterator[Rule]:
        """The rows whose clock ``event`` with data of its ``own`` starts, for a subject of which ``known`` is known."""
        return (row for row in self.rows.values() if row.starts(event, own, own if known is None else known))
