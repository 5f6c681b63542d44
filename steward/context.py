"""What a worker knows about the message that woke it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from steward.bus.envelope import Envelope
from steward.trust.principals import Principal


@dataclass(frozen=True)
class Tries:
    """How often work is run at once: while another writer is first (or an earlier event is on its way), and when it fails."""

    conflicts: int
    immediate: int


WAITED_FOR = Tries(conflicts=6, immediate=1)
"""Of calls and sweeps; handlers have theirs in policy."""


@dataclass(frozen=True)
class Context:
    """Who asks, what for, and under which key the effect is recorded.

    ``key`` is the journal key: the same key never takes effect twice. ``fingerprint`` is a hash of the request made
    under it. ``if_match`` is the version that the caller saw. ``deadline`` is a Unix time in seconds.
    ``tries`` says how often the work is run at once. ``how`` and ``doing`` name what woke the worker: ``call``, ``event`` or
    ``sweep``, and the method. ``behalf`` is for whom the principal, a service, asks.
    """

    principal: Principal
    now: datetime
    correlation: str
    key: str
    fingerprint: str | None = None
    if_match: int | None = None
    deadline: float | None = None
    event: Envelope | None = None
    tries: Tries = WAITED_FOR
    how: str = ""
    doing: str = ""
    behalf: str | None = None

    @property
    def asker(self) -> str | None:
        """For whom another service is asked while this is worked on: whoever is behind it, None when it is nobody but ourselves."""
        if self.behalf or self.event is None:
            return self.behalf or self.principal.id
        return self.event.actor
