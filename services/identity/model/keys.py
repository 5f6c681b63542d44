"""API keys: what other programs log in with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from services.identity.model.sessions import ended
from services.identity.model.users import EVERYWHERE, checked_grants
from steward.errors import BadInput, IllegalTransition, NotAuthenticated
from steward.facts import Decision, Fact

HOLDER = "key:"
MADE, ROTATED, ENDED = "made", "rotated", "ended"


@dataclass(frozen=True)
class Secret:
    """One secret of a key, as a keyed hash, good until ``until``."""

    hashed: str
    until: datetime


@dataclass(frozen=True)
class ApiKey:
    """An API key (接口密钥) of a program, with grants of its own. At most two ``secrets`` are good at once.

    ``told_until``: until when every gateway has to know that it has ended.
    """

    id: str
    name: str
    made_by: str
    made_at: datetime
    expires_at: datetime
    grants: Mapping[str, tuple[str, ...]]
    secrets: tuple[Secret, ...]
    used_at: datetime | None = None
    ended_at: datetime | None = None
    told_until: datetime | None = None
    project: str = EVERYWHERE
    version: int = 0

    def lives(self, now: datetime) -> bool:
        """Whether it opens anything at ``now``."""
        return self.ended_at is None and now < self.expires_at

    def living(self, now: datetime) -> tuple[Secret, ...]:
        """The secrets that are good at ``now``."""
        return tuple(secret for secret in self.secrets if now < secret.until) if self.lives(now) else ()


def make(
    key_id: str,
    name: str,
    made_by: str,
    grants: Mapping[str, Iterable[str]],
    expires_at: datetime,
    hashed: str,
    limits: Mapping[str, Any],
    now: datetime,
    known: Iterable[str],
) -> Decision[ApiKey]:
    """A key with one secret; ``known`` are the roles that there are. Raises BadInput (name, grants, expires_at)."""
    if not name.strip():
        raise BadInput.of("name", "is empty")
    held = checked_grants(grants, known)
    if not held:
        raise BadInput.of("grants", "grants nothing")
    if not now < expires_at <= now + timedelta(days=limits["longest_days"]):
        raise BadInput.of("expires_at", f"is not within the next {limits['longest_days']} days")
    key = ApiKey(key_id, name, made_by, now, expires_at, held, (Secret(hashed, expires_at),))
    return Decision(key, (_changed(key, MADE),))


def rotate(key: ApiKey, hashed: str, overlap: timedelta, now: datetime) -> Decision[ApiKey]:
    """Another secret; the newest of those before is good for ``overlap`` more, all older ones for nothing.

    Raises IllegalTransition when the key does not live.
    """
    _require_life(key, "rotate", now)
    before = tuple(replace(secret, until=min(secret.until, now + overlap)) for secret in key.living(now)[-1:])
    state = replace(key, secrets=(*before, Secret(hashed, key.expires_at)))
    return Decision(state, (_changed(state, ROTATED),))


def exchange(key: ApiKey, hashed: str, now: datetime) -> Decision[ApiKey]:
    """A secret of it was given. Raises NotAuthenticated when that is not good."""
    if hashed not in [secret.hashed for secret in key.living(now)]:
        raise NotAuthenticated("the API key is not good")
    return Decision(replace(key, used_at=now))


def end(key: ApiKey, token_lifetime: timedelta, now: datetime) -> Decision[ApiKey]:
    """It opens nothing from now on, nor do tokens that were given for it. Raises IllegalTransition when it does not live."""
    _require_life(key, "end", now)
    state = replace(key, ended_at=now, secrets=(), told_until=now + token_lifetime)
    told = ended(state.id, HOLDER + state.id, now + token_lifetime, "key_ended")
    return Decision(state, (_changed(state, ENDED), told))


def _require_life(key: ApiKey, command: str, now: datetime) -> None:
    if not key.lives(now):
        raise IllegalTransition.of(command, "ended" if key.ended_at else "expired", [])


def _changed(key: ApiKey, what: str) -> Fact:
    return Fact("key_changed", {"key": key.id, "what": what})
