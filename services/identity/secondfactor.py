"""The second factor as it is kept: set up, given at the log-in, taken away."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.identity.guarding import Guards
from services.identity.logins import USER, Logins
from services.identity.model import Factor, User, factors, with_second_factor
from services.identity.passwords import Passwords
from services.identity.schemas import views
from services.identity.store import FACTORS, USERS
from steward.context import Context
from steward.errors import NotAuthenticated, SecondFactorNeeded
from steward.store.provider import StoreOf
from steward.store.work import Work
from steward.trust.sealing import Sealer

_SECRET_BYTES = 20
_RECOVERY_BYTES = 10
_HALF = 8

View = dict[str, Any]


@dataclass(frozen=True)
class SecondFactor:
    """The second factors of all users."""

    store: StoreOf
    context: Context
    sealer: Sealer
    guards: Guards
    logins: Logins
    passwords: Passwords
    rules: Mapping[str, Any]

    def look(self, user: User, code: str | None) -> None:
        """Before anything is written. Raises SecondFactorNeeded for a code that is missing or wrong."""
        factor = self._of(user.id)
        if factor.on and not code:
            raise SecondFactorNeeded("send the code of your authenticator, or a recovery code, as code", code="missing")
        if factor.on and code:
            self._given(factor, factor.sealed, code)

    def enter(self, work: Work, user: User, code: str | None) -> datetime | None:
        """Take ``code`` in the work of a log-in. Returns until when one has to be set up, None if none has to be.

        Raises SecondFactorNeeded, also when the code was used meanwhile.
        """
        factor = work.find(FACTORS, user.id) or Factor(user.id)
        if factor.on:
            work.apply(FACTORS, self._given(factor, factor.sealed, code or ""))
            return None
        if any(user.holds(role) for role in self.rules["roles"]):
            asked = factors.ask(factor, self.context.now)
            factor = work.apply(FACTORS, asked) if asked else factor
        return self._needed_by(factor, user)

    def show(self) -> View:
        """The caller's; programs have none."""
        users = self.store.read.where(USERS, {"_id": self.context.principal.id.removeprefix(USER)}, limit=1)
        factor = self._of(users[0].id if users else "")
        return _view(factor, self._needed_by(factor, users[0]) if users else None)

    def offer(self, password: str) -> View:
        """A new secret for the caller, told this once; it takes the password, because a session may be a stolen one."""
        user, guard = self._proven(password)
        secret = base64.b32encode(os.urandom(_SECRET_BYTES)).decode()
        with self.store.work() as work:
            factor = work.find(FACTORS, user.id) or Factor(user.id)
            work.apply(FACTORS, factors.offer(factor, self.sealer.seal(secret)))
            self.guards.clear(work, guard)
            work.answer(_view(factor, self._needed_by(factor, user)))  # asked again, it is not told again
        return _view(factor, self._needed_by(factor, user), uri=factors.address(secret, user.username, self.rules["issuer"]))

    def confirm(self, code: str) -> View:
        """The caller's authenticator knows the secret. Answers with the recovery codes, told this once."""
        user = self._me()
        guard = self.guards.count(user.username)
        codes = [_recovery_code() for _ in range(self.rules["recovery_codes"])]
        with self.store.work() as work:
            fresh, factor = work.load(USERS, user.id), work.find(FACTORS, user.id) or Factor(user.id)
            step = self._step(factor, factor.offered, code) if factor.offered else None
            on = work.apply(FACTORS, factors.confirm(factor, step, [self._hash(user.id, one) for one in codes]))
            work.apply(USERS, with_second_factor(fresh, True))
            self.logins.lift(work, fresh)
            self.guards.clear(work, guard)
            work.answer(_view(on, None))
        return _view(on, None, recovery=codes)

    def off(self, password: str, code: str) -> View:
        """The caller does without, as far as their roles let them."""
        user, guard = self._proven(password)
        self.look(user, code)
        with self.store.work() as work:
            fresh, factor = work.load(USERS, user.id), work.load(FACTORS, user.id)
            self._given(factor, factor.sealed, code)
            off = self._drop(work, fresh, factor)
            self.guards.clear(work, guard)
            view: View = work.answer(_view(off, self._needed_by(off, fresh)))
        return view

    def reset(self, work: Work, user: User) -> None:
        """Take away that of a user who has lost it, and end all sessions; ``user`` is what ``work`` is about."""
        self._drop(work, user, work.find(FACTORS, user.id) or Factor(user.id))
        self.logins.end_all(work, USER + user.id, "factor_reset")

    def _drop(self, work: Work, user: User, factor: Factor) -> Factor:
        off = work.apply(FACTORS, factors.drop(factor))
        work.apply(USERS, with_second_factor(user, False))
        return off

    def _given(self, factor: Factor, sealed: str, code: str) -> Any:
        """What becomes of ``factor`` once ``code`` is taken. Raises SecondFactorNeeded."""
        plain = "".join(code.split()).replace("-", "").lower()
        if len(plain) == factors.DIGITS and plain.isdecimal():
            return factors.take(factor, self._step(factor, sealed, plain))
        return factors.recover(factor, self._hash(factor.id, plain))

    def _step(self, factor: Factor, sealed: str, code: str) -> int | None:
        plain = "".join(code.split())
        return factors.step_of(self.sealer.open(sealed), plain, self.context.now, self.rules["window"], factor.step)

    def _hash(self, user: str, code: str) -> str:
        return self.sealer.fingerprint(f"recovery code {user} {code.replace('-', '')}")

    def _needed_by(self, factor: Factor, user: User) -> datetime | None:
        return factors.needed_by(factor, {role for roles in user.grants.values() for role in roles}, self.rules)

    def _of(self, user: str) -> Factor:
        found = self.store.read.where(FACTORS, {"_id": user}, limit=1)
        return found[0] if found else Factor(user)

    def _me(self) -> User:
        return self.store.read.get(USERS, self.context.principal.id.removeprefix(USER))

    def _proven(self, password: str) -> tuple[User, str]:
        """The caller, who knows their password, and the guard that has counted the attempt. Raises NotAuthenticated."""
        user = self._me()
        guard = self.guards.count(user.username)
        if not self.passwords.right(user.password_hash, password):
            raise NotAuthenticated("the password is wrong")
        return user, guard


def _recovery_code() -> str:
    text = base64.b32encode(os.urandom(_RECOVERY_BYTES)).decode().lower()
    return f"{text[:_HALF]}-{text[_HALF:]}"


def _view(factor: Factor, needed_by: datetime | None, uri: str | None = None, recovery: list[str] | None = None) -> View:
    told = {
        "on": factor.on,
        "recovery_left": len(factor.recovery),
        "needed_by": needed_by,
        "uri": uri,
        "qr": factors.picture(uri) if uri else None,
        "recovery_codes": recovery or [],
    }
    view: View = views.SecondFactorView().dump(told)
    return view
