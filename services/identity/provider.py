"""The company's OpenID provider, asked over HTTP: OpenID Connect Core 1.0, the authorization code flow with PKCE (RFC 7636)."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import jwt

from steward.errors import NotAuthenticated, Unavailable
from steward.settings import Settings

_MOST_BYTES = 262_144
_LOOPBACK = ("127.0.0.1", "localhost")
_ASKED_AGAIN_S = 10
"""At most so often for keys, when tokens name one that is not known: the provider has changed it, or somebody makes tokens up."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Account:
    """Who came from the provider: its name for them, which never changes, the one that we know users by, and how it knew them."""

    subject: str
    username: str
    methods: frozenset[str]


@dataclass
class Provider:
    """One provider and us as its client. What it publishes of itself is kept for a while."""

    issuer: str
    client: str
    secret: str
    redirect: str
    rules: Mapping[str, Any]
    _known: Json = field(default_factory=dict)
    _keys: dict[str, Any] = field(default_factory=dict)
    _known_at: float = float("-inf")
    _keys_at: float = float("-inf")

    def address(self, state: str, nonce: str, verifier: str) -> str:
        """Where the browser goes. Raises Unavailable."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        query = {
            "response_type": "code",
            "client_id": self.client,
            "redirect_uri": self.redirect,
            "scope": self.rules["scope"],
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self._endpoint('authorization_endpoint')}?{urlencode(query)}"

    def account(self, code: str, verifier: str, nonce: str) -> Account:
        """Whom ``code`` stands for. Raises NotAuthenticated when it is not good or tells of something else, Unavailable."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect, "code_verifier": verifier}
        answer = self._ask("POST", self._endpoint("token_endpoint"), data=form, auth=(self.client, self.secret))
        claims = self._claims(str(answer.get("id_token") or ""))
        if claims.get("nonce") != nonce:
            raise NotAuthenticated("the provider's token is of another log-in")
        methods = claims.get("amr")
        return Account(
            subject=f"{self.issuer}\x00{claims['sub']}",
            username=str(claims.get(self.rules["claim"]) or "").strip().lower(),
            methods=frozenset(str(method) for method in methods) if isinstance(methods, list) else frozenset(),
        )

    def _claims(self, token: str) -> Json:
        """What the provider says in ``token``, which must be its own, for us, and of now."""
        try:
            key = self._key(str(jwt.get_unverified_header(token).get("kid") or ""))
            claims: Json = jwt.decode(
                token,
                key,
                algorithms=self.rules["algorithms"],
                audience=self.client,
                issuer=self._known["issuer"],
                leeway=self.rules["skew_s"],
                options={"require": ["exp", "iat", "sub", "aud", "iss"]},
            )
        except jwt.PyJWTError as error:
            raise NotAuthenticated("the provider's token is not valid") from error
        if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != self.client:
            raise NotAuthenticated("the provider's token is for somebody else too")
        return claims

    def _key(self, name: str) -> Any:
        """The provider's public key ``name``; the only one, if it gives its tokens no name."""
        if name not in self._keys and time.monotonic() - self._keys_at > _ASKED_AGAIN_S:
            published = jwt.PyJWKSet.from_dict(self._ask("GET", self._endpoint("jwks_uri"))).keys
            self._keys = {key.key_id or "": key for key in published if key.public_key_use in (None, "sig")}
            self._keys_at = time.monotonic()
        if not name and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        if name not in self._keys:
            raise NotAuthenticated("the provider's token is signed with a key that it does not publish")
        return self._keys[name]

    def _endpoint(self, name: str) -> str:
        if time.monotonic() - self._known_at > self.rules["known_s"]:
            known = self._ask("GET", f"{self.issuer}/.well-known/openid-configuration")
            if str(known.get("issuer")).rstrip("/") != self.issuer:
                raise Unavailable("the OpenID provider calls itself something else")
            self._known, self._known_at = known, time.monotonic()
        address = str(self._known.get(name) or "")
        parts = urlsplit(address)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise Unavailable(f"the OpenID provider has no safe {name}")
        return address

    def _ask(self, method: str, url: str, **options: Any) -> Json:
        """Its answer. Raises NotAuthenticated for a refusal of what somebody brought, Unavailable for anything else."""
        try:
            with httpx.Client(timeout=self.rules["timeout_s"], trust_env=False) as http, http.stream(method, url, **options) as answer:
                document = json.loads(_read(answer))
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable("the OpenID provider is away") from error
        if answer.status_code == 400 and method == "POST":
            raise NotAuthenticated("the provider does not know this code")
        if answer.status_code != 200 or not isinstance(document, dict):
            raise Unavailable("the OpenID provider does not answer as it should")
        return document


def _read(answer: httpx.Response) -> bytes:
    read = b""
    for chunk in answer.iter_bytes():
        read += chunk
        if len(read) > _MOST_BYTES:
            raise ValueError("too long")
    return read


@cache
def _known() -> Provider | None:
    ours = Settings.from_env()
    if not ours.oidc_issuer:
        return None
    return Provider(ours.oidc_issuer, ours.oidc_client, ours.oidc_secret, ours.oidc_redirect, {})


def provider(rules: Mapping[str, Any]) -> Provider | None:
    """This installation's provider, if it has one; the same one each time, for what it remembers."""
    found = _known()
    if found is not None:
        found.rules = rules
    return found
