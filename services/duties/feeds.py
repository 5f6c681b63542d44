"""Calendar feeds: subscribed to, shown to their owners, revoked, and read by programs that know nothing but their address.

The address holds the feed's id and a signature made with the installation's key, so none can be guessed and nothing
secret is kept; whether it still holds is looked up each time it is read.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from functools import cache
from typing import Any

from services.duties import schemas
from services.duties.model.feed import Feed, revoke, subscribe
from services.duties.store import FEEDS
from steward.context import Context
from steward.errors import NotFound
from steward.ids import new_id
from steward.settings import Settings
from steward.store.provider import StoreOf

OTHERS = "duties.feeds"
"""The right to see and revoke the feeds of others."""
_SIGNED = 32
_MOST = 500

View = dict[str, Any]


@dataclass(frozen=True)
class Feeds:
    """The feeds of one service, as the caller may see them."""

    store: StoreOf
    context: Context

    def subscribe(self, project: str, role: str | None, language: str, days: int) -> View:
        """A feed for the caller, and its address."""
        decision = subscribe(new_id(), project, self.context.principal.id, role, language, days, self.context.now)
        with self.store.work() as work:
            view: View = work.answer(_view(work.apply(FEEDS, decision)))
        return view

    def list(self, project: str) -> View:
        """The caller's living feeds; everybody's, for those who may see them: then without their addresses."""
        mine, now = self.context.principal.id, self.context.now
        wanted = {"project": project} | ({} if self._others(project) else {"owner": mine})
        found = [feed for feed in self.store.read.where(FEEDS, wanted, limit=_MOST) if feed.lives(now)]
        return {"items": [_view(feed, feed.owner == mine) for feed in sorted(found, key=lambda feed: feed.id, reverse=True)]}

    def revoke(self, project: str, feed: str) -> View:
        """Raises NotFound when there is none such, or it is another's; IllegalTransition when it has ended."""
        with self.store.work() as work:
            known = work.load(FEEDS, feed, project)
            if known.owner != self.context.principal.id and not self._others(project):
                raise NotFound(f"no feed {feed!r} of yours here")
            decision = revoke(known, self.context.principal.id, self.context.now)
            view: View = work.answer(_view(work.apply(FEEDS, decision), addressed=False))
        return view

    def find(self, token: str) -> Feed:
        """The feed whose address holds ``token``. Raises NotFound when it is forged, revoked or has run out."""
        feed_id, _, signature = token.partition(".")
        if not hmac.compare_digest(signature.encode(), _signature(feed_id).encode()):
            raise NotFound("no such feed")
        feed = self.store.read.get(FEEDS, feed_id)
        if not feed.lives(self.context.now):
            raise NotFound("no such feed")
        return feed

    def _others(self, project: str) -> bool:
        return self.context.principal.may(OTHERS, project)


def _view(feed: Feed, addressed: bool = True) -> View:
    address = f"/v1/duty-feeds/{feed.id}.{_signature(feed.id)}/duties.ics" if addressed else None
    view: View = schemas.FeedView().dump(vars(feed) | {"address": address})
    return view


def _signature(id: str) -> str:
    return hmac.new(_key(), id.encode(), hashlib.sha256).hexdigest()[:_SIGNED]


@cache
def _key() -> bytes:
    """A key for this alone: no token can be made of an address, nor an address of a token."""
    return hmac.new(Settings.from_env().token_key.encode(), b"calendar feed", hashlib.sha256).digest()
