"""Single sign-on (单点登录): sending somebody to the company's OpenID provider, and who it is that comes back.

Nothing is kept meanwhile: what has to be remembered travels sealed with the browser. What comes back opens a session
once only, because the provider takes a code once.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from services.identity.model import User
from services.identity.provider import Account, Provider
from services.identity.schemas import views
from services.identity.store import USERS
from steward.context import Context
from steward.errors import NotAuthenticated
from steward.store.provider import StoreOf
from steward.times import iso, parse
from steward.trust.sealing import Sealer

_BEGUN, _PROVED = "sign-on", "sign-on proof"

View = dict[str, Any]


@dataclass(frozen=True)
class Comer:
    """A user who came from the provider as ``subject`` (a keyed hash); ``strong``: it asked for more than a password."""

    user: User
    subject: str
    strong: bool


@dataclass(frozen=True)
class SignOn:
    """The way over the provider; ``provider`` is None where there is none."""

    store: StoreOf
    context: Context
    sealer: Sealer
    provider: Provider | None
    rules: Mapping[str, Any]

    def offer(self) -> View:
        """Where to go. Raises Unavailable when the provider is away."""
        told: View = {"offered": self.provider is not None, "name": self.rules["name"], "url": None, "state": None}
        if self.provider is not None:
            nonce, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
            state = self._sealed(_BEGUN, {"nonce": nonce, "verifier": verifier})
            told |= {"state": state, "url": self.provider.address(state, nonce, verifier)}
        view: View = views.SignOnView().dump(told)
        return view

    def comer(self, code: str, state: str) -> Comer:
        """Who comes back. Raises NotAuthenticated when it is nobody of ours, Unavailable."""
        if self.provider is None:
            raise NotAuthenticated("there is no OpenID provider here")
        begun = self._opened(_BEGUN, state)
        account = self.provider.account(code, begun["verifier"], begun["nonce"])
        subject = self.sealer.fingerprint(account.subject)
        return Comer(self._known(account, subject), subject, bool(account.methods & set(self.rules["strong"])))

    def proof(self, comer: Comer) -> str:
        """What ``comer`` sends back with the code that is still missing."""
        return self._sealed(_PROVED, {"user": comer.user.id, "subject": comer.subject})

    def proven(self, proof: str) -> Comer:
        """Who was given ``proof``. Raises NotAuthenticated."""
        proved = self._opened(_PROVED, proof)
        found = self.store.read.where(USERS, {"_id": proved["user"]}, limit=1)
        if not found:
            raise NotAuthenticated("log in again")
        return Comer(found[0], proved["subject"], strong=False)

    def _known(self, account: Account, subject: str) -> User:
        """By the provider's name for them if they came before; else by user name, unless that belongs to another account."""
        found = self.store.read.where(USERS, {"subject": subject}, limit=1)
        if not found and account.username:
            named = self.store.read.where(USERS, {"username": account.username}, limit=1)
            found = [user for user in named if not user.subject]
        if not found or not found[0].active:
            raise NotAuthenticated("the provider knows you, but you are no user here")
        return found[0]

    def _sealed(self, kind: str, what: Mapping[str, str]) -> str:
        until = self.context.now + timedelta(seconds=self.rules["begun_s"])
        return self.sealer.seal(json.dumps({"kind": kind, "until": iso(until), **what}))

    def _opened(self, kind: str, sealed: str) -> dict[str, str]:
        """What was sealed here, as ``kind``, not long ago. Raises NotAuthenticated."""
        try:
            opened = json.loads(self.sealer.open(sealed))
            if opened["kind"] == kind and parse(opened["until"]) > self.context.now:
                found: dict[str, str] = opened
                return found
        except (ValueError, KeyError, TypeError) as error:
            raise NotAuthenticated("log in again") from error
        raise NotAuthenticated("log in again")
