"""Sessions as they are kept: begun by a log-in, shown to their owners, ended, and told to every gateway."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.identity.devices import device_of
from services.identity.model import User, sessions
from services.identity.model.sessions import Session
from services.identity.schemas import views
from services.identity.store import SESSIONS
from steward.context import Context
from steward.ids import new_id
from steward.store.provider import StoreOf
from steward.store.work import Work
from steward.trust.principals import USER
from steward.trust.sealing import Sealer

_OF_ONE_MOST = 1_000
_TOLD_MOST = 50_000
_AT_ONCE = 500
_PLACE = 12
"""Characters of an address's keyed hash: enough to tell one's own places apart."""
_SLACK = timedelta(minutes=2)
"""Within which a change is committed after its moment, in every clock's view; what is told twice does no harm."""

View = dict[str, Any]


@dataclass(frozen=True)
class Visitor:
    """Where a log-in comes from, as the gateway saw it."""

    address: str = ""
    agent: str = ""

    @classmethod
    def of(cls, told: Any) -> Visitor:
        """``told`` on the bus, where any program may have written anything."""
        known = told if isinstance(told, dict) else {}
        return cls(str(known.get("address") or ""), str(known.get("agent") or ""))


@dataclass(frozen=True)
class Logins:
    """The sessions of one installation."""

    store: StoreOf
    context: Context
    sealer: Sealer
    rules: Mapping[str, Any]

    def begin(self, work: Work, holder: str, visitor: Visitor, lifetime: timedelta, limited: bool) -> Session:
        """One more session of ``holder``, in the same work as its log-in; the longest unused goes, if there are too many."""
        for old in sessions.superfluous(self._living(holder), self.rules["most"], self.context.now):
            self._end(work, old.id, "too_many")
        place = self.sealer.fingerprint(visitor.address)[:_PLACE] if visitor.address else ""
        begun = sessions.begin(new_id(), holder, self.context.now, lifetime, place, device_of(visitor.agent), limited)
        return work.apply(SESSIONS, begun)

    def end_all(self, work: Work, holder: str, reason: str, but: str = "") -> None:
        """End what lives of ``holder``, except the session ``but``. To be called once its owner is loaded in ``work``:

        a log-in meanwhile changes the owner too, so one of both begins anew.
        """
        for one in self._living(holder):
            if one.id != but:
                self._end(work, one.id, reason)

    def renew_all(self, work: Work, user: User) -> None:
        """What lives of ``user`` goes on with what is granted now; to be called as :meth:`end_all`."""
        for one in self._living(USER + user.id):
            self._renew(work, one.id, user, lift=False)

    def lift(self, work: Work, user: User) -> None:
        """The second factor is set up: sessions that were good for nothing else are good for everything."""
        for one in self._living(USER + user.id):
            if one.limited:
                self._renew(work, one.id, user, lift=True)

    def of(self, holder: str, current: str = "") -> View:
        """Those that live, the youngest first."""
        found = sorted(self._living(holder), key=lambda one: one.id, reverse=True)
        return {"items": [_view(one, current) for one in found]}

    def end(self, holder: str, session: str, reason: str) -> View:
        """End one. Raises NotFound when it is not of ``holder``, IllegalTransition when it has ended."""
        with self.store.work() as work:
            ended = self._end(work, work.load(SESSIONS, session, seen=lambda one: one.holder == holder).id, reason)
            view: View = work.answer(_view(ended, self.context.principal.session))
        return view

    def watch(self, since: datetime | None, used: Mapping[str, datetime]) -> View:
        """What became other than tokens say since then, as long as one of them is good; notes when sessions were used.

        The answer's ``since`` is the moment that was asked from, a little earlier than what was said.
        """
        self._note(used)
        now = self.context.now
        since = since - _SLACK if since else None
        query: dict[str, Any] = {"told_until": {"$gt": now}} | ({"changed_at": {"$gte": since}} if since else {})
        found = self.store.read.where(SESSIONS, query, limit=_TOLD_MOST)
        told = [{"session": one.id, "until": one.expires_at, "version": one.version, "grants": _grants_of(one)} for one in found]
        return {"as_of": now, "since": since, "sessions": told}

    def forget(self) -> None:
        """Drop those that ran out long ago."""
        past = self.context.now - timedelta(seconds=self.rules["forget_s"])
        old = self.store.read.due(SESSIONS, "expires_at", past, limit=_AT_ONCE)
        if not old:
            return
        with self.store.work(lenient=True) as work:
            for one in old:
                work.drop(SESSIONS.collection, one.id)

    def _living(self, holder: str) -> list[Session]:
        query = {"holder": holder, "expires_at": {"$gt": self.context.now}}
        return [one for one in self.store.read.where(SESSIONS, query, limit=_OF_ONE_MOST) if one.ended_at is None]

    def _end(self, work: Work, session: str, reason: str) -> Session:
        return work.apply(SESSIONS, sessions.end(work.load(SESSIONS, session), reason, self.context.now))

    def _renew(self, work: Work, session: str, user: User, lift: bool) -> None:
        decision = sessions.renew(work.load(SESSIONS, session), user.held, self.context.now, lift)
        if decision:
            work.apply(SESSIONS, decision)

    def _note(self, used: Mapping[str, datetime]) -> None:
        """Roughly: one write for many, and only where it is news."""
        roughly = timedelta(seconds=self.rules["roughly_s"])
        news = {"_id": {"$in": list(used)}, "used_at": {"$lte": self.context.now - roughly}}
        found = self.store.read.where(SESSIONS, news, limit=_AT_ONCE) if used else []
        with self.store.work(key=f"used:{new_id()}", lenient=True) as work:
            for one in found:
                decision = sessions.use(work.load(SESSIONS, one.id), min(used[one.id], self.context.now), roughly)
                if decision:
                    work.apply(SESSIONS, decision)


def _grants_of(session: Session) -> Mapping[str, tuple[str, ...]] | None:
    return None if session.ended_at else session.grants


def _view(session: Session, current: str) -> View:
    view: View = views.SessionView().dump(vars(session) | {"current": session.id == current})
    return view
