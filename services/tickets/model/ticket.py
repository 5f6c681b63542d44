"""What a ticket is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.tickets.model.life import State
from services.tickets.model.terms import Channel, Difficulty, Item, Kind, Satisfaction, Urgency


@dataclass(frozen=True)
class By:
    """Who does something, and when."""

    who: str
    at: datetime


@dataclass(frozen=True)
class Mark:
    """One line of the ticket's own history: nothing that was done or said is ever deleted."""

    command: str
    at: datetime
    by: str
    round: int
    reason: str | None = None
    note: str | None = None
    next_at: datetime | None = None


@dataclass(frozen=True)
class Caller:
    """Who called. Name and phone are sealed texts, or None."""

    name: str | None = None
    phone: str | None = None


@dataclass(frozen=True)
class Callback:
    """What the resident said when called back (handbook §3, Callbacks). Scores run from 1, bad, to 5, good."""

    satisfaction: Satisfaction
    solved: bool
    attitude: int | None = None
    quality: int | None = None
    price: int | None = None
    procedure: int | None = None
    at_door: bool = False
    remark: str | None = None
    round: int = 1


@dataclass(frozen=True)
class Check:
    """The resident's word that the work is done: a sealed signature, or a remark on why there is none."""

    signature: str | None = None
    remark: str | None = None
    round: int = 1


@dataclass(frozen=True)
class Intake:
    """What the desk writes down (handbook §3, Intake). Name and phone are as spoken, not yet sealed."""

    kind: Kind
    channel: Channel
    what: str
    unit: str | None = None
    place: str | None = None
    item: Item | None = None
    urgency: Urgency | None = None
    difficulty: Difficulty | None = None
    department: str | None = None
    caller_name: str | None = None
    caller_phone: str | None = None
    language: str | None = None
    wished_at: datetime | None = None
    wishes: str | None = None
    entry_allowed: bool = False
    appointment_at: datetime | None = None


@dataclass(frozen=True)
class Ticket:
    """A matter that somebody brought up, and where it stands. ``round`` counts how often it was (re)opened."""

    id: str
    project: str
    number: str
    kind: Kind
    channel: Channel
    urgency: Urgency
    what: str
    raised_at: datetime
    raised_by: str
    language: str
    direct: bool
    state: State = State.RAISED
    version: int = 0
    round: int = 1
    unit: str | None = None
    unit_label: str | None = None
    place: str | None = None
    item: Item | None = None
    difficulty: Difficulty | None = None
    department: str | None = None
    caller: Caller = Caller()
    wished_at: datetime | None = None
    wishes: str | None = None
    entry_allowed: bool = False
    appointment_at: datetime | None = None
    order: str | None = None
    engineer: str | None = None
    next_at: datetime | None = None
    history: tuple[Mark, ...] = ()
    checks: tuple[Check, ...] = ()
    callbacks: tuple[Callback, ...] = ()

    @property
    def matter(self) -> str:
        """Its events are its own history, whatever else it came of."""
        return f"tickets/{self.id}"


@dataclass(frozen=True)
class Opening:
    """What a new ticket gets from outside the intake: its names, its place in the house, its sealed caller."""

    id: str
    project: str
    number: str
    unit_label: str | None = None
    caller: Caller = Caller()
