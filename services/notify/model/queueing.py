"""Until a message leaves: when it is due and on which channel; and when it had better not go at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from services.notify.model.message import Earlier, Message, State, decide, require
from services.notify.rules import Announcement, Terms, delay
from steward.facts import Decision


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
        return suppressed(message, "no_contact", now)
    message = queued(message, now, terms)
    return decide(message, "queued", rule=message.rule, audience=message.audience, person=message.person)


def too_early(message: Message, now: datetime, terms: Terms) -> bool:
    """Whether quiet hours have begun since it was queued."""
    return message.quiet and terms.quiet.allowed_from(message.channel, now) > now


def too_late(message: Message, now: datetime) -> bool:
    """Whether it would be of no use any more."""
    return message.stale_at is not None and now > message.stale_at and not message.earlier


def unreachable(message: Message, reason_code: str, now: datetime, terms: Terms) -> Decision[Message]:
    """The recipient cannot be reached on this channel: no phone, no unit, nobody."""
    require("unreachable", message)
    tried = message.text or any(earlier.text for earlier in message.earlier)
    if message.step + 1 == len(message.channels) and not tried:
        return suppressed(message, reason_code, now)
    return next_channel(message, reason_code, now, terms)


def wait(message: Message, now: datetime, terms: Terms) -> Decision[Message]:
    """Whoever knows the recipient is away: later, for as long as it takes."""
    require("wait", message)
    pause = delay(terms.contact_delays_s, message.waits + 1)
    return Decision(replace(message, waits=message.waits + 1, next_at=now + pause))


def postpone(message: Message, now: datetime, terms: Terms) -> Decision[Message]:
    """Quiet hours have begun before it could go out."""
    require("postpone", message)
    return Decision(queued(message, now, terms))


def expire(message: Message, now: datetime) -> Decision[Message]:
    """It would come too late to be of use."""
    require("expire", message)
    return suppressed(message, "too_late", now)


def queued(message: Message, at: datetime, terms: Terms) -> Message:
    """Due at ``at``, or when quiet hours are over."""
    allowed = terms.quiet.allowed_from(message.channel, at) if message.quiet else at
    not_before = allowed if allowed > at else message.not_before
    return replace(message, state=State.QUEUED, not_before=not_before, next_at=allowed)


def suppressed(message: Message, reason_code: str, now: datetime) -> Decision[Message]:
    """It never goes out, and why."""
    message = replace(message, state=State.SUPPRESSED, reason_code=reason_code, next_at=None, ended_at=now)
    return decide(message, "suppressed", rule=message.rule, reason_code=reason_code)


def next_channel(message: Message, reason_code: str, now: datetime, terms: Terms) -> Decision[Message]:
    """The present channel has failed: the next one in the rule's order, or the end."""
    last = message.step + 1 == len(message.channels)
    follows = None if last else message.channels[message.step + 1]
    failed = decide(message, "failed", reason_code=reason_code, next=follows).facts
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
    return Decision(queued(moved, now, terms), failed)
