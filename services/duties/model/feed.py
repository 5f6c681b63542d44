"""Somebody's calendar feed: an address that a calendar program can read without logging in (日历订阅)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from steward.errors import IllegalTransition
from steward.facts import Decision


@dataclass(frozen=True)
class Feed:
    """What ``owner`` may read of ``project`` until ``ends_at``, unless it is revoked before: the duties of ``role``, or all."""

    id: str
    project: str
    owner: str
    role: str | None
    language: str
    created_at: datetime
    ends_at: datetime
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    version: int = 0

    def lives(self, now: datetime) -> bool:
        """Whether its address may be read."""
        return self.revoked_at is None and now < self.ends_at


def subscribe(id: str, project: str, owner: str, role: str | None, language: str, days: int, now: datetime) -> Decision[Feed]:
    """A new feed, which lives for ``days``."""
    return Decision(Feed(id, project, owner, role, language, now, now + timedelta(days=days)))


def revoke(feed: Feed, by: str, now: datetime) -> Decision[Feed]:
    """Its address is of no use any more. Raises IllegalTransition when it has ended."""
    if not feed.lives(now):
        raise IllegalTransition.of("revoke", "ended", [])
    return Decision(replace(feed, revoked_at=now, revoked_by=by))
