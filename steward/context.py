"""What a worker knows about the message that woke it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from steward.bus.envelope import Envelope
from steward.trust.principals import Principal


@dataclass(frozen=True)
class Context:
    """Who asks, what for, and under which key the effect is recorded.

    ``key`` is the journal key: the same key never takes effect twice. ``fingerprint`` is a hash of the request made
    under it. ``if_match`` is the version that the caller saw. ``deadline`` is a Unix time in seconds.
    """

    principal: Principal
    now: datetime
    correlation: str
    key: str
    fingerprint: str | None = None
    if_match: int | None = None
    deadline: float | None = None
    event: Envelope | None = None
