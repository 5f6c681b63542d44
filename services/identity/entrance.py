"""The way in: what is given is counted, looked at, and answered with a token.

A stranger, somebody shut out, a wrong password and a wrong code cost the same one hash, so that the time of a refusal
tells nothing. Who comes from the provider has shown there who they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.identity import model
from services.identity.apikeys import ApiKeys
from services.identity.companies import Companies
from services.identity.guarding import Guards
from services.identity.logins import USER, Logins, Visitor
from services.identity.model import ENROLLING, User
from services.identity.passwords import Passwords
from services.identity.schemas import views
from services.identity.secondfactor import SecondFactor
from services.identity.signon import Comer, SignOn
from services.identity.store import USERS
from steward.bus.attempts import attempt
from steward.context import Context
from steward.errors import NotAuthenticated, SecondFactorNeeded
from steward.ids import new_id
from steward.store.provider import StoreOf
from steward.trust.principals import EVERYWHERE, Principal, sign

WRONG = "user name or password is wrong"

View = dict[str, Any]


@dataclass(frozen=True)
class _Entry:
    """Somebody whose password was right, or who came from the provider as ``subject``; ``hashed``: what to keep of the password."""

    user: User
    guard: str
    code: str | None
    visitor: Visitor
    hashed: str
    subject: str = ""
    strong: bool = False


@dataclass(frozen=True)
class Entrance:
    """Answers attempts to log in."""

    store: StoreOf
    context: Context
    guards: Guards
    logins: Logins
    factor: SecondFactor
    sign_on: SignOn
    keys: ApiKeys
    companies: Companies
    passwords: Passwords
    policy: Mapping[str, Any]
    token_key: str

    def by_password(self, body: Mapping[str, Any], visitor: Visitor) -> View:
        """Raises NotAuthenticated, SecondFactorNeeded, or Overloaded when the name is shut for a while."""
        username, password = body["username"].strip().lower(), body["password"]
        guard = self.guards.count(username)
        user = self._known(username, password)
        self._look(user, guard, body["code"])
        hashed = self.passwords.renewed(user.password_hash, password)
        return self._entered(_Entry(user, guard, body["code"], visitor, hashed))

    def by_provider(self, body: Mapping[str, Any], visitor: Visitor) -> View:
        """For what the provider gave the browser, or our own proof of it with a code. Raises as :meth:`by_password`, and Unavailable."""
        came, code = self._comer(body), body["code"]
        user = came.user
        guard = self.guards.count(user.username)
        if not came.strong:
            try:
                self._look(user, guard, code)
            except SecondFactorNeeded as needed:
                raise SecondFactorNeeded(needed.detail, **needed.extra, proof=self.sign_on.proof(came)) from needed
        return self._entered(_Entry(user, guard, code, visitor, user.password_hash, came.subject, came.strong))

    def by_key(self, text: str) -> View:
        """A short token for an API key. Raises NotAuthenticated. Nothing is counted: no guess will ever be right."""
        principal, lifetime = attempt(lambda: self.keys.exchange(text), recorded=lambda: None)
        return self._told(principal, lifetime, None)

    def _known(self, username: str, password: str) -> User:
        found = self.store.read.where(USERS, {"username": username}, limit=1)
        user = found[0] if found else None
        right = self.passwords.right(user.password_hash if user else None, password)
        if not right or user is None or not user.active:
            raise NotAuthenticated(WRONG)
        return user

    def _comer(self, body: Mapping[str, Any]) -> Comer:
        returned = body["returned"]
        return self.sign_on.comer(returned["code"], returned["state"]) if returned else self.sign_on.proven(body["proof"])

    def _look(self, user: User, guard: str, code: str | None) -> None:
        """Whether ``code`` is good, before anything is written. Raises SecondFactorNeeded; that it was missing does not count."""
        try:
            self.factor.look(user, code)
        except SecondFactorNeeded:
            if not code:
                self.guards.forgive(guard)
            raise

    def _entered(self, entry: _Entry) -> View:
        return attempt(lambda: self._let_in(entry), recorded=lambda: None)  # here, so that it counts once

    def _let_in(self, entry: _Entry) -> View:
        user = entry.user
        with self.store.work(key=f"login:{new_id()}") as work:
            fresh = work.load(USERS, user.id)
            if not fresh.active or fresh.password_hash != user.password_hash or (entry.subject and fresh.subject != user.subject):
                raise NotAuthenticated("log in again" if entry.subject else WRONG)
            work.apply(USERS, model.logged_in(fresh, entry.hashed, self.context.now, entry.subject))
            by = None if entry.strong else self.factor.enter(work, fresh, entry.code)
            limited = by is not None and self.context.now >= by
            session = self.logins.begin(work, USER + user.id, entry.visitor, self._lifetime, limited)
            self.guards.clear(work, entry.guard)
        grants = {EVERYWHERE: (ENROLLING,)} if session.limited else fresh.held
        return self._told(Principal(session.holder, fresh.name, grants, session.id), self._lifetime, by)

    @property
    def _lifetime(self) -> timedelta:
        return timedelta(seconds=self.policy["token"]["lifetime_s"])

    def _told(self, principal: Principal, lifetime: timedelta, by: datetime | None) -> View:
        told = {
            "access_token": sign(principal, self.token_key, self.context.now, lifetime),
            "token_type": "Bearer",
            "expires_in": int(lifetime.total_seconds()),
            "name": principal.name,
            "grants": self.companies.as_given(principal).grants,
            "session": principal.session,
            "second_factor_by": by,
        }
        view: View = views.TokenView().dump(told)
        return view
