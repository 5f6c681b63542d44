"""What a channel of the notify service is (handbook §9): SMS, letter, phone task, and whatever a plug-in adds.

A package adds one with the entry point ``steward.channels``, ``name = "package.module:CHANNEL"``, where ``CHANNEL``
is a :data:`ChannelFactory`. A policy row then names it among its ``channels``; templates are called
``{template}.{name}.j2``. Nothing else is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from steward.settings import Settings


class Needs(StrEnum):
    """What must be known of a recipient before a channel can reach them."""

    PHONE = "phone"
    UNIT = "unit"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Contact:
    """A recipient, in clear: lives in memory while a message is sent, is kept sealed."""

    phone: str | None = None
    name: str | None = None
    unit: str | None = None
    unit_label: str | None = None
    language: str | None = None

    def has(self, needs: Needs) -> bool:
        """Whether a channel that ``needs`` this can reach them."""
        return {Needs.PHONE: bool(self.phone), Needs.UNIT: bool(self.unit), Needs.NOTHING: True}[needs]


@dataclass(frozen=True)
class Parcel:
    """One message, ready to go out.

    ``key`` is the idempotency key: the same for every attempt, so that the far side can tell whether it has it.
    ``words`` are the values that stand in ``text``; ``rules`` is the policy table ``[channel.NAME]`` of the project.
    ``first_at`` is when it was first tried, ``now`` the present, both UTC; ``zone`` the project's IANA time zone;
    ``company`` and ``place`` are who writes, from where.
    """

    key: str
    project: str
    template: str
    language: str
    text: str
    contact: Contact
    now: datetime
    first_at: datetime
    zone: str = "UTC"
    company: str = ""
    place: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, Any] = field(default_factory=dict)


class Result(StrEnum):
    """How an attempt ended. The difference between ``LATER`` and ``UNCLEAR`` decides whether it may be repeated."""

    ACCEPTED = "accepted"
    """The far side has it."""
    REFUSED = "refused"
    """It will never take it: go on to the next channel."""
    LATER = "later"
    """It surely did *not* take it, but may if tried again."""
    UNCLEAR = "unclear"
    """It may have taken it: ask with :meth:`Channel.look_up` before sending again."""


@dataclass(frozen=True)
class Outcome:
    """The end of an attempt. ``code`` says why it was not accepted; ``operator_id`` is the far side's own number.

    ``away``: nobody answered, so it says nothing of this message and would be the same for every other.
    """

    result: Result
    code: str = ""
    operator_id: str | None = None
    away: bool = False


class Fate(StrEnum):
    """What the far side says of a message that may or may not have reached it."""

    ABSENT = "absent"
    """It never had it."""
    ACCEPTED = "accepted"
    """It has it; nothing is known of its delivery yet."""
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    """It had it and could not deliver it."""
    UNKNOWN = "unknown"
    """It could not be asked, or cannot tell."""


@dataclass(frozen=True)
class Finding:
    """The answer to a look-up. ``code`` says why a message was not delivered, or why nothing is known; ``away`` as above."""

    fate: Fate
    code: str = ""
    operator_id: str | None = None
    away: bool = False


class Hand(StrEnum):
    """Who finishes the work once a channel has accepted a message."""

    OPERATOR = "operator"
    """An operator outside carries it and may tell of its delivery."""
    POST = "post"
    """The desk prints and posts it."""
    PERSON = "person"
    """A person calls, and records it."""


class Channel(Protocol):
    """One way to reach somebody. It holds no state of its own and may be used by many green threads at once."""

    name: str
    needs: Needs
    hand: Hand

    def send(self, parcel: Parcel) -> Outcome:
        """Try once, within a few seconds. Every failure is an outcome; an exception counts as ``UNCLEAR``."""
        ...

    def look_up(self, parcel: Parcel) -> Finding:
        """What became of ``parcel``, by its key. Only asked where ``hand`` is ``OPERATOR``."""
        ...


ChannelFactory = Callable[[Settings], Channel]
