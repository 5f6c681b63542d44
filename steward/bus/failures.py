"""Kinds of failure, by which it is decided whether and when work is tried again."""

from __future__ import annotations

from marshmallow import ValidationError

from steward.bus.envelope import Malformed
from steward.errors import Conflict, DeadlineExceeded, StewardError, Transient, Unavailable
from steward.store.work import BrokenContract


def hopeless(error: BaseException) -> bool:
    """Whether trying again can never help."""
    if isinstance(error, BrokenContract):
        return False  # a defect in our code: the next release may mend it, so it gets its retries first
    permanent = isinstance(error, StewardError) and not isinstance(error, Transient)
    return permanent or isinstance(error, (Malformed, ValidationError))


def absent(error: BaseException | None) -> bool:
    """Whether a part that is needed did not answer: it may well be so for every other message too."""
    return isinstance(error, (Unavailable, DeadlineExceeded))


def away(error: BaseException) -> bool:
    """Whether the fault is not the message's at all, so that no attempt is counted.

    A conflict that outlasts the tries at once: somebody died within a transaction, which the store gives up in a minute.
    """
    return absent(error) or isinstance(error, Conflict)
