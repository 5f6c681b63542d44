"""Which sessions are not as their tokens say: ended, or going on with other grants.

A token is good by its signature and its time, which services check for themselves; that it was taken back is known here
alone, in memory, until it would have run out anyway. Events tell of it within moments; at the start, after a reconnect
and every few seconds identity is asked too. Without an answer the gateway knows of nothing that was taken back lately:
it then takes young tokens, whose log-in was looked at not long ago, and has the others come back later. Whoever
stands before the door while identity is away is thus kept working for a while, and nobody for as long as a token lives.

Tokens without a session are those of services and of the operator's command line: nobody logs in for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from time import monotonic
from typing import Any

from eventlet import Timeout
from eventlet.event import Event as Signal

from gateway import metrics
from steward.bus.envelope import Envelope
from steward.errors import NotAuthenticated, Unavailable
from steward.times import parse
from steward.trust.principals import Principal, Proof

SERVICE = "identity"
ENDED, RENEWED = f"{SERVICE}.session_ended", f"{SERVICE}.session_renewed"
Grants = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """What is done while it is not known what became of sessions; each is explained in ``policy.toml``. In seconds."""

    ask_s: float
    stale_s: float
    young_s: float
    patience_s: float
    retry_after_s: int


@dataclass(frozen=True)
class Verdict:
    """A session that is not as its token says, until ``until``. ``grants`` None: it has ended."""

    until: datetime
    version: int
    grants: Grants | None


class Sessions:
    """What one gateway process knows. ``watched``: there is a service that knows more."""

    def __init__(self, rules: Doubt, watched: bool, clock: Callable[[], float] = monotonic) -> None:
        self._rules, self._watched, self._clock = rules, watched, clock
        self._verdicts: dict[str, Verdict] = {}
        self._used: dict[str, datetime] = {}
        self._listeners: list[Callable[[str], None]] = []
        self._answered_at: float | None = None
        self._asking = Signal()
        self.as_of: str | None = None
        """What the next question begins with."""
        metrics.SESSIONS_KNOWN.set_function(lambda: len(self._verdicts))

    def on_change(self, listener: Callable[[str], None]) -> None:
        """Call ``listener`` with each session that is from now on not as it was."""
        self._listeners.append(listener)

    def judge(self, proof: Proof, now: datetime) -> Principal:
        """Who speaks in ``proof``, with what is granted now.

        Raises NotAuthenticated when the session has ended, Unavailable when nobody can tell and the token is not young.
        """
        session = proof.principal.session
        if not session or not self._watched:
            return proof.principal
        if not self._certain():
            self._wait()
        verdict = self._verdicts.get(session)
        if verdict and verdict.grants is None:
            raise NotAuthenticated("the session has ended")
        if not self._certain() and (now - proof.issued_at).total_seconds() >= self._rules.young_s:
            raise Unavailable("whether this session has ended cannot be told at the moment", retry_after_s=self._rules.retry_after_s)
        self._used[session] = now
        return replace(proof.principal, grants=verdict.grants) if verdict and verdict.grants is not None else proof.principal

    def hear(self, event: Envelope) -> None:
        """An event of any service; two of identity count."""
        if event.type in (ENDED, RENEWED):
            self._note(event.data["session"], event.data | {"version": event.version, "grants": event.data.get("grants")})

    def doubt(self) -> None:
        """Something may have been missed: until :meth:`learn`, nothing is certain, and who asks waits a little for that."""
        self._answered_at = None
        if self._asking.ready():
            self._asking = Signal()

    def lose(self) -> None:
        """Nothing is heard, and nobody can be asked: nothing is certain, and there is nothing to wait for."""
        self.doubt()
        self.tried()

    @property
    def doubted(self) -> bool:
        """Whether there is no answer."""
        return self._answered_at is None

    @property
    def wanted(self) -> bool:
        """Whether somebody may be waiting for the answer."""
        return not self._asking.ready()

    def learn(self, told: Mapping[str, Any], now: datetime) -> None:
        """Identity's answer, and the end of doubt; what has run out is forgotten."""
        for one in told["sessions"]:
            self._note(one["session"], one)
        self._verdicts = {session: verdict for session, verdict in self._verdicts.items() if verdict.until > now}
        self.as_of, self._answered_at = told["as_of"], self._clock()
        self.tried()

    def tried(self) -> None:
        """Identity was asked, with or without success: nobody waits for the answer any longer."""
        if not self._asking.ready():
            self._asking.send()

    def used(self) -> dict[str, datetime]:
        """When each session was used last, since this was asked before."""
        used, self._used = self._used, {}
        return used

    def _certain(self) -> bool:
        return self._answered_at is not None and self._clock() - self._answered_at < self._rules.stale_s

    def _wait(self) -> None:
        """For an answer that is on its way."""
        with Timeout(self._rules.patience_s, False):
            self._asking.wait()

    def _note(self, session: str, told: Mapping[str, Any]) -> None:
        known, grants = self._verdicts.get(session), told["grants"]
        if known and (known.grants is None or (grants is not None and known.version >= told["version"])):
            return  # what has ended stays so, and what is older says nothing
        held = None if grants is None else {project: tuple(roles) for project, roles in grants.items()}
        self._verdicts[session] = Verdict(parse(told["until"]), told["version"], held)
        for listener in self._listeners:
            listener(session)
