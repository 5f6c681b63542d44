"""The way in: what is given is counted, looked at, and answered with a token.

A stranger, somebody shut out and a wrong password cost the same one hash, so that the time of a refusal tells nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from services.identity import model, schemas
from services.identity.guarding import Guards
from services.identity.logins import USER, Logins, Visitor
from services.identity.model import User
from services.identity.passwords import Passwords
from services.identity.store import USERS
from steward.bus.attempts import attempt
from steward.context import Context
from steward.errors import NotAuthenticated
from steward.ids import new_id
from steward.store.provider import StoreOf
from steward.trust.principals import Principal, sign

WRONG = "user name or password is wrong"

View = dict[str, Any]


@dataclass(frozen=True)
class Entrance:
    """Answers attempts to log in."""

    store: StoreOf
    context: Context
    guards: Guards
    logins: Logins
    passwords: Passwords
    policy: Mapping[str, Any]
    token_key: str

    def by_password(self, body: Mapping[str, Any], visitor: Visitor) -> View:
        """Raises NotAuthenticated, or Overloaded when the name is shut for a while."""
        username, password = body["username"].strip().lower(), body["password"]
        guard = self.guards.count(username)
        user = self._known(username, password)
        hashed = self.passwords.renewed(user.password_hash, password)
        return attempt(lambda: self._let_in(user, guard, hashed, visitor), recorded=lambda: None)  # again here, so that it counts once

    def _known(self, username: str, password: str) -> User:
        found = self.store.read.where(USERS, {"username": username}, limit=1)
        user = found[0] if found else None
        right = self.passwords.right(user.password_hash if user else None, password)
        if not right or user is None or not user.active:
            raise NotAuthenticated(WRONG)
        return user

    def _let_in(self, user: User, guard: str, hashed: str, visitor: Visitor) -> View:
        with self.store.work(key=f"login:{new_id()}") as work:
            fresh = work.load(USERS, user.id)
            if not fresh.active or fresh.password_hash != user.password_hash:
                raise NotAuthenticated(WRONG)
            work.apply(USERS, model.logged_in(fresh, hashed, self.context.now))
            session = self.logins.begin(work, USER + user.id, visitor, self._lifetime, limited=False)
            self.guards.clear(work, guard)
        return self._told(Principal(session.holder, fresh.name, fresh.grants, session.id), self._lifetime)

    @property
    def _lifetime(self) -> timedelta:
        return timedelta(seconds=self.policy["token"]["lifetime_s"])

    def _told(self, principal: Principal, lifetime: timedelta) -> View:
        told = {
            "access_token": sign(principal, self.token_key, self.context.now, lifetime),
            "token_type": "Bearer",
            "expires_in": int(lifetime.total_seconds()),
            "name": principal.name,
            "grants": principal.grants,
            "session": principal.session,
        }
        view: View = schemas.TokenView().dump(told)
        return view
