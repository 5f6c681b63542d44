"""A message, the states it may be in, and which command needs which."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from steward.channels import Hand
from steward.errors import IllegalTransition
from steward.facts import Decision, Fact


class State(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    TO_POST = "to_post"
    TO_CALL = "to_call"
    DELIVERED = "delivered"
    POSTED = "posted"
    FAILED = "failed"
    DOUBTFUL = "doubtful"
    SUPPRESSED = "suppressed"


ALLOWED: dict[str, State] = {
    "claim": State.QUEUED,
    "unreachable": State.QUEUED,
    "wait": State.QUEUED,
    "postpone": State.QUEUED,
    "heed": State.QUEUED,
    "expire": State.QUEUED,
    "settle": State.SENDING,
    "take_up": State.SENDING,
    "found": State.SENDING,
    "receipt": State.SENT,
    "posted": State.TO_POST,
    "called": State.TO_CALL,
}
"""Which state each command needs."""


HANDED = {Hand.OPERATOR: State.SENT, Hand.POST: State.TO_POST, Hand.PERSON: State.TO_CALL}


@dataclass(frozen=True)
class Earlier:
    """What was tried on a channel before the present one."""

    channel: str
    text: str | None
    reason_code: str
    at: datetime


@dataclass(frozen=True)
class Letterhead:
    """Who writes and from where; ``zone`` is the IANA time zone there."""

    company: str = ""
    place: str = ""
    zone: str = "UTC"


@dataclass(frozen=True)
class Prepared:
    """What a claim fixes: the words that go out, and to whom (sealed; ``hint`` is the masked phone)."""

    language: str
    text: str
    recipient: str | None = None
    hint: str | None = None
    letterhead: Letterhead = Letterhead()


@dataclass(frozen=True)
class Message:
    """One matter, told once to one audience, or to the user ``person`` for it.

    ``next_at`` is when the service looks at it again, UTC; None: never.

    ``attempts``, ``look_ups``, ``text``, ``recipient``, ``first_at``, ``tried_at`` and ``operator_id`` are those of
    the present channel. ``doubtful`` stays set once a message may have gone out twice, or not at all.
    """

    id: str
    project: str
    matter: str
    rule: str
    template: str
    audience: str
    channels: tuple[str, ...]
    state: State
    created_at: datetime
    quiet: bool = False
    essential: bool = True
    unit: str | None = None
    words: dict[str, str] = field(default_factory=dict)
    step: int = 0
    language: str | None = None
    text: str | None = None
    recipient: str | None = None
    hint: str | None = None
    letterhead: Letterhead = Letterhead()
    attempts: int = 0
    look_ups: int = 0
    waits: int = 0
    receipts: int = 0
    doubtful: bool = False
    not_before: datetime | None = None
    next_at: datetime | None = None
    stale_at: datetime | None = None
    first_at: datetime | None = None
    tried_at: datetime | None = None
    sent_at: datetime | None = None
    ended_at: datetime | None = None
    operator_id: str | None = None
    reason_code: str | None = None
    earlier: tuple[Earlier, ...] = ()
    person: str | None = None
    version: int = 0

    @property
    def channel(self) -> str:
        """The channel it is on."""
        return self.channels[self.step]


def is_over(message: Message) -> bool:
    """Whether nobody has to be reached any more. What an operator has taken may never get a receipt."""
    return message.ended_at is not None or message.state is State.SENT


def forget(message: Message) -> Decision[Message]:
    """The message without whom it went to: their file is destroyed. The words stay; they name nobody."""
    return Decision(replace(message, recipient=None, hint=None))


def require(command: str, message: Message) -> None:
    """Raises IllegalTransition where ``message`` is in no state for ``command``."""
    if message.state is not ALLOWED[command]:
        legal = [name for name, state in ALLOWED.items() if state is message.state]
        raise IllegalTransition.of(command, message.state.value, legal)


def decide(message: Message, fact: str, **data: str | None) -> Decision[Message]:
    """``message`` as it is now, and the ``fact`` of it that others are told."""
    return Decision(message, (Fact(fact, {"message": message.id, "channel": message.channel, **data}),))
