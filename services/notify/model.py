"""A message and its way to somebody (handbook §9).

    queued ──claim──▶ sending ──settle──▶ sent ──receipt──▶ delivered
      ▲  │               │                to_post ──posted──▶ posted
      │  │               │                to_call ──called──▶ delivered
      │  │               ├─ refused, or tried too often ──▶ queued for the next channel, or failed
      └──┼─ surely not ──┤
         │               └─ nobody can tell ──▶ doubtful (or queued again, marked, if policy says so)
         └─ nobody to reach, too late, not wished for ──▶ suppressed

A message is handed to an operator only between a committed ``claim`` and its ``settle``. One that is found
``sending`` was claimed by a process that died or never got an answer: ``take_up`` and ``found`` ask before it is sent
again, so nothing goes out twice unless it is marked ``doubtful``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.notify.rules import Announcement, Terms, delay
from services.notify.wishes import Wishes
from steward.channels import Fate, Finding, Hand, Outcome, Result
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


def queue(
    call: Announcement,
    *,
    project: str,
    matter: str,
    words: dict[str, str],
    unit: str | None,
    urgency: str | None,
    reachable: tuple[str, ...],
    now: datetime,
    terms: Terms,
) -> Decision[Message]:
    """The message that ``call`` asks for; suppressed at once where none of its channels is ``reachable``."""
    exempt = urgency in terms.exempt_urgency
    message = Message(
        id=call.id,
        project=project,
        matter=matter,
        rule=call.rule.id,
        template=call.rule.template,
        audience=call.audience,
        person=call.person,
        channels=reachable or call.rule.channels,
        state=State.QUEUED,
        created_at=now,
        quiet=call.rule.quiet and not exempt,
        essential=call.rule.essential or exempt,
        unit=unit,
        words=words,
        stale_at=now + timedelta(seconds=call.rule.stale_s) if call.rule.stale_s else None,
    )
    if not reachable:
        return _suppressed(message, "no_contact", now)
    queued = _queued(message, now, terms)
    return _decide(queued, "queued", rule=message.rule, audience=message.audience, person=message.person)


def too_early(message: Message, now: datetime, terms: Terms) -> bool:
    """Whether quiet hours have begun since it was queued."""
    return message.quiet and terms.quiet.allowed_from(message.channel, now) > now


def too_late(message: Message, now: datetime) -> bool:
    """Whether it would be of no use any more."""
    return message.stale_at is not None and now > message.stale_at and not message.earlier


def claim(message: Message, prepared: Prepared, now: datetime, terms: Terms) -> Decision[Message]:
    """This process is about to hand it over; nobody else may, until the lease is over."""
    _require("claim", message)
    return Decision(
        replace(
            message,
            state=State.SENDING,
            language=prepared.language,
            text=prepared.text,
            recipient=prepared.recipient,
            hint=prepared.hint,
            letterhead=prepared.letterhead,
            attempts=message.attempts + 1,
            look_ups=0,
            waits=0,
            first_at=message.first_at or now,
            tried_at=now,
            next_at=now + timedelta(seconds=terms.lease_s),
        )
    )


def settle(message: Message, outcome: Outcome, hand: Hand, now: datetime, terms: Terms) -> Decision[Message]:
    """How the attempt ended."""
    _require("settle", message)
    match outcome.result:
        case Result.ACCEPTED:
            return _handed(message, hand, outcome.operator_id, now, terms)
        case Result.REFUSED:
            return _next_channel(message, outcome.code or "refused", now, terms)
        case Result.LATER:
            return _again(_uncounted(message, "attempts", outcome.away, now, terms), outcome.code or "later", now, terms)
        case _:
            unclear = now + timedelta(seconds=terms.settle_s)
            return Decision(replace(message, next_at=unclear, reason_code=outcome.code or "no_answer"))


def hand_over(message: Message, prepared: Prepared, outcome: Outcome, hand: Hand, now: datetime, terms: Terms) -> Decision[Message]:
    """Claim and settle in one: for channels that touch nothing outside, so that there is nothing to doubt."""
    return settle(claim(message, prepared, now, terms).state, outcome, hand, now, terms)


def take_up(message: Message, now: datetime, terms: Terms) -> Decision[Message]:
    """It was found ``sending`` and its time is over: this process will ask what became of it."""
    _require("take_up", message)
    lease = now + timedelta(seconds=terms.lease_s)
    return Decision(replace(message, look_ups=message.look_ups + 1, next_at=lease))


def found(message: Message, finding: Finding, now: datetime, terms: Terms) -> Decision[Message]:
    """What the operator says of a message that may have reached it."""
    _require("found", message)
    match finding.fate:
        case Fate.ABSENT:
            return _absent(message, now, terms)
        case Fate.UNKNOWN:
            return _unknown(_uncounted(message, "look_ups", finding.away, now, terms), finding.code or "cannot_tell", now, terms)
    handed = _handed(message, Hand.OPERATOR, finding.operator_id, now, terms)
    later = receipt(handed.state, finding, now, terms)
    return Decision(later.state, handed.facts + later.facts)


def receipt(message: Message, finding: Finding, now: datetime, terms: Terms) -> Decision[Message]:
    """What the operator says of the delivery of a message that it has."""
    _require("receipt", message)
    if finding.fate is Fate.DELIVERED:
        return _decide(replace(message, state=State.DELIVERED, next_at=None, ended_at=now), "delivered")
    if finding.fate is Fate.UNDELIVERED:
        return _next_channel(message, finding.code or "undelivered", now, terms)
    if finding.away:
        return Decision(replace(message, next_at=now + delay(terms.receipt_delays_s, message.receipts)))
    return Decision(_awaiting_receipt(message, now, terms))


def unreachable(message: Message, reason_code: str, now: datetime, terms: Terms) -> Decision[Message]:
    """The recipient cannot be reached on this channel: no phone, no unit, nobody."""
    _require("unreachable", message)
    tried = message.text or any(earlier.text for earlier in message.earlier)
    if message.step + 1 == len(message.channels) and not tried:
        return _suppressed(message, reason_code, now)
    return _next_channel(message, reason_code, now, terms)


def wait(message: Message, now: datetime, terms: Terms) -> Decision[Message]:
    """Whoever knows the recipient is away: later, for as long as it takes."""
    _require("wait", message)
    pause = delay(terms.contact_delays_s, message.waits + 1)
    return Decision(replace(message, waits=message.waits + 1, next_at=now + pause))


def postpone(message: Message, now: datetime, terms: Terms) -> Decision[Message]:
    """Quiet hours have begun before it could go out."""
    _require("postpone", message)
    return Decision(_queued(message, now, terms))


def heed(message: Message, wishes: Wishes, now: datetime, terms: Terms) -> Decision[Message] | None:
    """What ``wishes`` of its recipient change before it goes out (handbook §9); None: nothing.

    What is not essential is not sent to those who want no more than that, and waits for the end of their quiet hours.
    The channel that they like best comes first, until one was tried.
    """
    _require("heed", message)
    if not (message.essential or wishes.non_essential):
        return _suppressed(message, "opted_out", now)
    channels = wishes.ordered(message.channels)
    if channels != message.channels and not (message.attempts or message.earlier):
        return Decision(_queued(replace(message, channels=channels), now, terms))
    welcome = now if message.essential else wishes.allowed_from(message.channel, now, terms.quiet)
    return Decision(replace(message, not_before=welcome, next_at=welcome, reason_code="own_quiet_hours")) if welcome > now else None


def expire(message: Message, now: datetime) -> Decision[Message]:
    """It would come too late to be of use."""
    _require("expire", message)
    return _suppressed(message, "too_late", now)


def posted(message: Message, now: datetime) -> Decision[Message]:
    """The desk has posted the letter, or slid it under the door."""
    _require("posted", message)
    return _decide(replace(message, state=State.POSTED, ended_at=now), "posted")


def called(message: Message, reached: bool, remark_code: str | None, now: datetime, terms: Terms) -> Decision[Message]:
    """Somebody has called; after too many calls that reached nobody it goes to the next channel."""
    _require("called", message)
    message = replace(message, reason_code=remark_code)
    if reached:
        return _decide(replace(message, state=State.DELIVERED, ended_at=now), "delivered")
    if message.attempts < terms.calls:
        return Decision(replace(message, attempts=message.attempts + 1))
    return _next_channel(message, remark_code or "not_reached", now, terms)


def _require(command: str, message: Message) -> None:
    if message.state is not ALLOWED[command]:
        legal = [name for name, state in ALLOWED.items() if state is message.state]
        raise IllegalTransition.of(command, message.state.value, legal)


def is_over(message: Message) -> bool:
    """Whether nobody has to be reached any more. What an operator has taken may never get a receipt."""
    return message.ended_at is not None or message.state is State.SENT


def forget(message: Message) -> Decision[Message]:
    """The message without whom it went to: their file is destroyed. The words stay; they name nobody."""
    return Decision(replace(message, recipient=None, hint=None))


def _decide(message: Message, fact: str, **data: str | None) -> Decision[Message]:
    return Decision(message, (Fact(fact, {"message": message.id, "channel": message.channel, **data}),))


def _queued(message: Message, at: datetime, terms: Terms) -> Message:
    """Due at ``at``, or when quiet hours are over."""
    allowed = terms.quiet.allowed_from(message.channel, at) if message.quiet else at
    not_before = allowed if allowed > at else message.not_before
    return replace(message, state=State.QUEUED, not_before=not_before, next_at=allowed)


def _suppressed(message: Message, reason_code: str, now: datetime) -> Decision[Message]:
    message = replace(message, state=State.SUPPRESSED, reason_code=reason_code, next_at=None, ended_at=now)
    return _decide(message, "suppressed", rule=message.rule, reason_code=reason_code)


def _handed(message: Message, hand: Hand, operator_id: str | None, now: datetime, terms: Terms) -> Decision[Message]:
    message = replace(message, state=HANDED[hand], operator_id=operator_id, sent_at=now, reason_code=None, next_at=None)
    if hand is Hand.OPERATOR:
        message = _awaiting_receipt(message, now, terms)
    return _decide(message, "sent", operator_id=operator_id)


def _awaiting_receipt(message: Message, now: datetime, terms: Terms) -> Message:
    asked = message.receipts
    more = asked < len(terms.receipt_delays_s)
    next_at = now + timedelta(seconds=terms.receipt_delays_s[asked]) if more else None
    return replace(message, receipts=asked + 1, next_at=next_at)


def _uncounted(message: Message, count: str, away: bool, now: datetime, terms: Terms) -> Message:
    """Without the last attempt, if that reached nobody: an operator that is away for an hour must not use up all there are."""
    since = message.first_at or message.created_at
    if not away or now - since > timedelta(seconds=terms.free_s):
        return message
    return replace(message, **{count: getattr(message, count) - 1})


def _again(message: Message, reason_code: str, now: datetime, terms: Terms) -> Decision[Message]:
    """It surely did not go out: later, or on the next channel if it was tried too often."""
    if message.attempts >= terms.attempts:
        return _next_channel(message, reason_code, now, terms)
    due = now + delay(terms.retry_delays_s, message.attempts)
    return Decision(_queued(replace(message, reason_code=reason_code), due, terms))


def _absent(message: Message, now: datetime, terms: Terms) -> Decision[Message]:
    """The operator does not have it; believed only once what was under way must have arrived."""
    settled = (message.tried_at or now) + timedelta(seconds=terms.settle_s)
    if now < settled:
        return Decision(replace(message, next_at=settled))
    return _again(message, "lost", now, terms)


def _unknown(message: Message, reason_code: str, now: datetime, terms: Terms) -> Decision[Message]:
    if message.look_ups < terms.look_ups:
        return Decision(replace(message, next_at=now + delay(terms.doubt_delays_s, message.look_ups)))
    message = replace(message, doubtful=True, reason_code=reason_code)
    if not terms.resend or message.attempts >= terms.attempts:
        return _decide(replace(message, state=State.DOUBTFUL, next_at=None, ended_at=now), "doubtful")
    return _decide(_queued(message, now, terms), "doubtful")


def _next_channel(message: Message, reason_code: str, now: datetime, terms: Terms) -> Decision[Message]:
    """The present channel has failed: the next one in the rule's order, or the end."""
    last = message.step + 1 == len(message.channels)
    follows = None if last else message.channels[message.step + 1]
    failed = _decide(message, "failed", reason_code=reason_code, next=follows).facts
    if last:
        ended = replace(message, state=State.FAILED, reason_code=reason_code, next_at=None, ended_at=now)
        return Decision(ended, failed)
    moved = replace(
        message,
        step=message.step + 1,
        earlier=(*message.earlier, Earlier(message.channel, message.text, reason_code, now)),
        text=None,
        recipient=None,
        hint=None,
        attempts=0,
        look_ups=0,
        receipts=0,
        first_at=None,
        tried_at=None,
        operator_id=None,
        reason_code=reason_code,
    )
    return Decision(_queued(moved, now, terms), failed)
