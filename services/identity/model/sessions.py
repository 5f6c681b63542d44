"""Sessions: what each log-in begins, and what ends it before its time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.identity.model.users import EVERYWHERE
from steward.errors import IllegalTransition, NotAuthenticated
from steward.facts import Decision, Fact

REASONS = ("logged_out", "by_admin", "deactivated", "password_changed", "factor_reset", "too_many", "key_ended")
"""Why something ended. The last is said of API keys, which are their own session."""


@dataclass(frozen=True)
class Session:
    """One log-in (登录会话) of ``holder``, good until ``expires_at``.

    ``place`` is a keyed hash of the address that it was begun from, ``device`` the kind of program. ``limited``: nothing
    can be done in it but setting up a second factor. ``grants`` are given once they differ from those of its token;
    ``changed_at`` is when they, or its end, became other than the token says.
    """

    id: str
    holder: str
    made_at: datetime
    used_at: datetime
    expires_at: datetime
    place: str = ""
    device: str = ""
    limited: bool = False
    grants: Mapping[str, tuple[str, ...]] | None = None
    changed_at: datetime | None = None
    ended_at: datetime | None = None
    reason: str = ""
    project: str = EVERYWHERE
    version: int = 0

    def lives(self, now: datetime) -> bool:
        """Whether its token is good at ``now``."""
        return self.ended_at is None and now < self.expires_at


def begin(session_id: str, holder: str, now: datetime, lifetime: timedelta, place: str, device: str, limited: bool) -> Decision[Session]:
    """A session for somebody who has just shown who they are."""
    return Decision(Session(session_id, holder, now, now, now + lifetime, place, device, limited))


def use(session: Session, moment: datetime, roughly: timedelta) -> Decision[Session] | None:
    """It was used at ``moment``; None when that is too little news to be written down, or it does not live."""
    if not session.lives(moment) or moment - session.used_at < roughly:
        return None
    return Decision(replace(session, used_at=moment))


def end(session: Session, reason: str, now: datetime) -> Decision[Session]:
    """Its token is good for nothing from now on. Raises IllegalTransition when it has ended or run out."""
    if not session.lives(now):
        raise IllegalTransition.of("end", "ended" if session.ended_at else "expired", [])
    state = replace(session, ended_at=now, changed_at=now, reason=reason)
    return Decision(state, (ended(state.id, state.holder, state.expires_at, reason),))


def ended(session_id: str, holder: str, until: datetime, reason: str) -> Fact:
    """What all that take tokens have to know until the last of them has run out."""
    return Fact("session_ended", {"session": session_id, "holder": holder, "until": until, "reason": reason})


def renew(session: Session, grants: Mapping[str, tuple[str, ...]], now: datetime, lift: bool = False) -> Decision[Session] | None:
    """It goes on with ``grants`` in place of those of its token; None for a limited one, unless that is to be lifted.

    Raises NotAuthenticated when it does not live.
    """
    if not session.lives(now):
        raise NotAuthenticated("the session has ended")
    if session.limited and not lift:
        return None
    state = replace(session, grants=dict(grants), changed_at=now, limited=False)
    told = {"session": state.id, "holder": state.holder, "until": state.expires_at, "grants": state.grants}
    return Decision(state, (Fact("session_renewed", told),))


def superfluous(sessions: Iterable[Session], most: int, now: datetime) -> list[Session]:
    """Those, unused for the longest, that have to end so that one more makes ``most`` at most."""
    living = sorted((one for one in sessions if one.lives(now)), key=lambda one: (one.used_at, one.id))
    return living[: max(len(living) - most + 1, 0)]
