"""API keys as they are kept: made, shown, given other secrets, ended; and looked at when one is to be exchanged."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.identity.companies import Companies
from services.identity.model import ApiKey, companies, keys
from services.identity.schemas import views
from services.identity.sight import granted_in, sees, visible
from services.identity.store import KEYS
from steward.context import Context
from steward.errors import NotAuthenticated, NotFound, NotPermitted
from steward.ids import new_id
from steward.store.provider import StoreOf
from steward.trust.principals import EVERYWHERE, Principal
from steward.trust.sealing import Sealer

MANAGE = "identity.keys"
PREFIX = "stw"
_TEXT = re.compile(rf"{PREFIX}_([0-9A-Za-z]{{8,40}})_([0-9a-f]{{64}})")
_TOLD_MOST = 10_000

View = dict[str, Any]


@dataclass(frozen=True)
class ApiKeys:
    """The keys of one installation, as the caller may see them."""

    store: StoreOf
    context: Context
    sealer: Sealer
    companies: Companies
    rules: Mapping[str, Any]

    def make(self, body: Mapping[str, Any], known: Iterable[str]) -> View:
        """A key that may do no more than its maker may grant. Its secret is told once, and not again to a repeated request."""
        self._require(body["grants"])
        if self.context.principal.id.startswith(keys.HOLDER):
            raise NotPermitted("an API key makes no others", permission=MANAGE)
        key_id, secret = new_id(), secrets.token_hex(32)
        maker, expires_at, hashed = self.context.principal.id, body["expires_at"], self._hash(key_id, secret)
        made = keys.make(key_id, body["name"], maker, body["grants"], expires_at, hashed, self.rules, self.context.now, known)
        with self.store.work() as work:
            self.companies.estates(work, made.state.grants)
            key = work.apply(KEYS, made)
            work.answer(self._view(key))
        return self._view(key, secret)

    def page(self, query: Mapping[str, Any]) -> View:
        """Those that the caller may see, the youngest first."""
        page = self.store.read.page(KEYS, granted_in(self.context.principal, MANAGE), query["cursor"], query["limit"])
        return {"items": [self._view(key) for key in page.items], "next": page.next}

    def show(self, key: str) -> View:
        """One of them. Raises NotFound."""
        return self._view(self._seen(self.store.read.get(KEYS, key)))

    def rotate(self, key: str, overlap_s: int | None) -> View:
        """Another secret, told once; the one before is good for a while, so that nothing has to stop."""
        longest_s = self.rules["overlap_s"]
        secret, overlap = secrets.token_hex(32), timedelta(seconds=longest_s if overlap_s is None else min(overlap_s, longest_s))
        with self.store.work() as work:
            known = self._own(work.load(KEYS, key, seen=self._sees))
            state = work.apply(KEYS, keys.rotate(known, self._hash(key, secret), overlap, self.context.now))
            work.answer(self._view(state))
        return self._view(state, secret)

    def end(self, key: str) -> View:
        """It opens nothing any more, and its tokens are refused within moments."""
        with self.store.work() as work:
            known = self._own(work.load(KEYS, key, seen=self._sees))
            decision = keys.end(known, timedelta(seconds=self.rules["token_s"]), self.context.now)
            view: View = work.answer(self._view(work.apply(KEYS, decision)))
        return view

    def exchange(self, text: str) -> tuple[Principal, timedelta]:
        """For whom a token may be given, and for how long. Raises NotAuthenticated, in one way for all that may be wrong."""
        said = _TEXT.fullmatch(text)
        key_id, secret = said.groups() if said else ("", "")
        with self.store.work(key=f"exchange:{new_id()}") as work:
            key = work.find(KEYS, key_id)
            hashed = self._hash(key_id, secret)
            if key is None:
                raise NotAuthenticated("the API key is not good")
            key = work.apply(KEYS, keys.exchange(key, hashed, self.context.now))
        lifetime = min(timedelta(seconds=self.rules["token_s"]), key.expires_at - self.context.now)
        held = companies.expanded(key.grants, self.companies.known(key.grants))
        return Principal(keys.HOLDER + key.id, key.name, held, key.id), lifetime

    def told(self, since: datetime | None) -> list[View]:
        """Keys that ended since then, while a token of theirs may be good: each is its own session."""
        query: dict[str, Any] = {"told_until": {"$gt": self.context.now}} | ({"ended_at": {"$gte": since}} if since else {})
        found = self.store.read.where(KEYS, query, limit=_TOLD_MOST)
        return [{"session": key.id, "until": key.told_until, "version": key.version, "grants": None} for key in found]

    def _hash(self, key_id: str, secret: str) -> str:
        return self.sealer.fingerprint(f"api key {key_id} {secret}")

    def _require(self, grants: Iterable[str]) -> None:
        for project in grants or [EVERYWHERE]:
            self.context.principal.require(MANAGE, project)

    def _own(self, key: ApiKey) -> ApiKey:
        """``key``, when the caller might have made it. Raises NotPermitted."""
        self._require(key.grants)
        return key

    def _seen(self, key: ApiKey) -> ApiKey:
        if not self._sees(key):
            raise NotFound(f"no keys {key.id!r} here")
        return key

    def _sees(self, key: ApiKey) -> bool:
        return sees(self.context.principal, MANAGE, key.grants)

    def _view(self, key: ApiKey, secret: str = "") -> View:
        now = self.context.now
        told = vars(key) | {
            "grants": visible(self.context.principal, MANAGE, key.grants),
            "lives": key.lives(now),
            "secrets": [{"until": one.until} for one in key.living(now)],
            "api_key": f"{PREFIX}_{key.id}_{secret}" if secret else None,
        }
        view: View = views.ApiKeyView().dump(told)
        return view
