"""Handing a message to an operator, to the post or to a caller, and what became of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from services.notify.model.message import HANDED, Message, Prepared, State, decide, require
from services.notify.model.queueing import next_channel, queued
from services.notify.rules import Terms, delay
from steward.channels import Fate, Finding, Hand, Outcome, Result
from steward.facts import Decision


def claim(message: Message, prepared: Prepared, now: datetime, terms: Terms) -> Decision[Message]:
    """This process is about to hand it over; nobody else may, until the lease is over."""
    require("claim", message)
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
    require("settle", message)
    match outcome.result:
        case Result.ACCEPTED:
            return _handed(message, hand, outcome.operator_id, now, terms)
        case Result.REFUSED:
            return next_channel(message, outcome.code or "refused", now, terms)
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
    require("take_up", message)
    lease = now + timedelta(seconds=terms.lease_s)
    return Decision(replace(message, look_ups=message.look_ups + 1, next_at=lease))


def found(message: Message, finding: Finding, now: datetime, terms: Terms) -> Decision[Message]:
    """What the operator says of a message that may have reached it."""
    require("found", message)
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
    require("receipt", message)
    if finding.fate is Fate.DELIVERED:
        return decide(replace(message, state=State.DELIVERED, next_at=None, ended_at=now), "delivered")
    if finding.fate is Fate.UNDELIVERED:
        return next_channel(message, finding.code or "undelivered", now, terms)
    if finding.away:
        return Decision(replace(message, next_at=now + delay(terms.receipt_delays_s, message.receipts)))
    return Decision(_awaiting_receipt(message, now, terms))


def posted(message: Message, now: datetime) -> Decision[Message]:
    """The desk has posted the letter, or slid it under the door."""
    require("posted", message)
    return decide(replace(message, state=State.POSTED, ended_at=now), "posted")


def called(message: Message, reached: bool, remark_code: str | None, now: datetime, terms: Terms) -> Decision[Message]:
    """Somebody has called; after too many calls that reached nobody it goes to the next channel."""
    require("called", message)
    message = replace(message, reason_code=remark_code)
    if reached:
        return decide(replace(message, state=State.DELIVERED, ended_at=now), "delivered")
    if message.attempts < terms.calls:
        return Decision(replace(message, attempts=message.attempts + 1))
    return next_channel(message, remark_code or "not_reached", now, terms)


def _handed(message: Message, hand: Hand, operator_id: str | None, now: datetime, terms: Terms) -> Decision[Message]:
    message = replace(message, state=HANDED[hand], operator_id=operator_id, sent_at=now, reason_code=None, next_at=None)
    if hand is Hand.OPERATOR:
        message = _awaiting_receipt(message, now, terms)
    return decide(message, "sent", operator_id=operator_id)


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
        return next_channel(message, reason_code, now, terms)
    due = now + delay(terms.retry_delays_s, message.attempts)
    return Decision(queued(replace(message, reason_code=reason_code), due, terms))


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
        return decide(replace(message, state=State.DOUBTFUL, next_at=None, ended_at=now), "doubtful")
    return decide(queued(message, now, terms), "doubtful")
