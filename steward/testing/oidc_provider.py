"""A simulated OpenID provider, to test against: discovery, authorization code with PKCE, signed tokens, and misbehaviour.

with Provider(client="steward", secret="…", redirect="http://127.0.0.1:8080/") as provider:
    provider.people["u1"] = {"preferred_username": "li"}
    code, state = provider.visit(address)     # what a browser does that is logged in there as the first of ``people``
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from steward.local.ports import LOOPBACK, free_port

_GOOD_S = 60
_POLL_S = 0.05

Json = dict[str, Any]


@dataclass
class _Grant:
    subject: str
    redirect: str
    nonce: str
    challenge: str


def _unchanged(claims: Json) -> Json:
    return claims


@dataclass
class Provider:
    """``people``: claims by subject; whoever ``visitor`` names is logged in there. ``forge`` changes what a token says.

    ``key``: what tokens are signed with, ``published``: what is said of it; :meth:`turn` changes both, as a provider does now and then.
    """

    client: str
    secret: str
    redirect: str
    people: dict[str, Json] = field(default_factory=dict)
    visitor: str = ""
    forge: Callable[[Json], Json] = _unchanged
    broken: bool = False
    asked: int = 0

    def __post_init__(self) -> None:
        self.port = free_port()
        self.issuer = f"http://{LOOPBACK}:{self.port}"
        self._grants: dict[str, _Grant] = {}
        self.turn()
        self._server = make_server(LOOPBACK, self.port, self._answer, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_POLL_S,), daemon=True)

    def __enter__(self) -> Provider:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def settings(self) -> dict[str, str]:
        """The environment of an installation that uses it."""
        return {
            "STEWARD_OIDC_ISSUER": self.issuer,
            "STEWARD_OIDC_CLIENT": self.client,
            "STEWARD_OIDC_SECRET": self.secret,
            "STEWARD_OIDC_REDIRECT": self.redirect,
        }

    def turn(self, published: bool = True) -> None:
        """Sign with a new key, which is ``published`` or not."""
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.kid = secrets.token_hex(4)
        if published:
            self._published = json.loads(ECAlgorithm.to_jwk(self.key.public_key())) | {"kid": self.kid, "use": "sig"}

    def visit(self, address: str) -> tuple[str, str]:
        """What the browser brings back: code and state."""
        answer = httpx.get(address, follow_redirects=False, timeout=10)
        assert answer.status_code == 302, answer.text
        back = parse_qs(urlsplit(answer.headers["Location"]).query)
        return back["code"][0], back["state"][0]

    def _answer(self, environ: Any, start: Any) -> Any:
        request = Request(environ)
        self.asked += 1
        pages = {
            "/.well-known/openid-configuration": self._discovery,
            "/authorize": self._authorize,
            "/token": self._token,
            "/keys": self._keys,
        }
        page = pages.get(request.path, _nothing)
        answer: Any = Response("sorry", status=500) if self.broken else page(request)
        return answer(environ, start)

    def _discovery(self, _: Request) -> Response:
        ends = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        return _json({"issuer": self.issuer, **{name: f"{self.issuer}/{path}" for name, path in ends.items()}})

    def _keys(self, _: Request) -> Response:
        return _json({"keys": [self._published]})

    def _authorize(self, request: Request) -> Response:
        asked = request.args
        known = asked["client_id"] == self.client and asked["redirect_uri"] == self.redirect and asked["code_challenge_method"] == "S256"
        if not known or asked["response_type"] != "code" or "openid" not in asked["scope"].split():
            return Response("no such client", status=400)
        code = secrets.token_urlsafe(16)
        self._grants[code] = _Grant(self.visitor, asked["redirect_uri"], asked["nonce"], asked["code_challenge"])
        return Response(status=302, headers={"Location": f"{self.redirect}?{urlencode({'code': code, 'state': asked['state']})}"})

    def _token(self, request: Request) -> Response:
        given = request.authorization
        if given is None or (given.username, given.password) != (self.client, self.secret):
            return _json({"error": "invalid_client"}, 401)
        grant = self._grants.pop(request.form["code"], None)
        digest = hashlib.sha256(request.form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if grant is None or grant.challenge != challenge or grant.redirect != request.form["redirect_uri"]:
            return _json({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": self.client, "sub": grant.subject, "nonce": grant.nonce, "iat": now, "exp": now + _GOOD_S}
        claims = self.forge(claims | self.people.get(grant.subject, {}))
        return _json({"token_type": "Bearer", "access_token": "x", "id_token": self._signed(claims)})

    def _signed(self, claims: Json) -> str:
        if claims.pop("unsigned", False):
            return jwt.encode(claims, "", algorithm="none")
        return jwt.encode(claims, self.key, algorithm="ES256", headers={"kid": self.kid})


def _nothing(_: Request) -> Response:
    return Response(status=404)


def _json(document: Json, status: int = 200) -> Response:
    return Response(json.dumps(document), status=status, mimetype="application/json")
