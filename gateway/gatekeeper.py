"""Who asks.

Every request but the public ones carries ``Authorization: Bearer <token>``. A browser's EventSource cannot set headers,
so the live stream also takes ``?ticket=``: a token of its own that lives for a minute, is signed with a key of its own
and opens nothing but the stream. It may therefore stand in an address, which ends up in histories and logs, where a
log-in's token must not; and any replica of the gateway can check it, because nothing about it is remembered.
A cookie was not chosen: it would open every route to requests forged by other sites.

A token that is signed and has not run out may still be one of a session that has ended: see :mod:`gateway.sessions`.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from werkzeug.wrappers import Request

from gateway.operations import Operation
from gateway.sessions import Sessions
from steward.errors import NotAuthenticated
from steward.times import now
from steward.trust.principals import Principal, prove, sign

_KNOWN = "steward.known"
ANYONE = Principal(id="anonymous")


class Gatekeeper:
    """Checks tokens and stream tickets with the installation's token key."""

    def __init__(self, key: str, sessions: Sessions) -> None:
        self._key, self._sessions = key, sessions
        self._ticket_key = hmac.new(key.encode(), b"stream ticket", hashlib.sha256).hexdigest()

    def identify(self, request: Request, operation: Operation) -> tuple[Principal, str]:
        """Who asks, and the token that proves it; found out once a request. Raises NotAuthenticated, Unavailable."""
        if _KNOWN not in request.environ:
            request.environ[_KNOWN] = self._identify(request, operation)
        known: tuple[Principal, str] = request.environ[_KNOWN]
        return known

    def _identify(self, request: Request, operation: Operation) -> tuple[Principal, str]:
        if operation.public:
            return ANYONE, ""
        if operation.run == "stream" and "ticket" in request.args and "Authorization" not in request.headers:
            return self._sessions.judge(prove(request.args["ticket"], self._ticket_key), now()), ""
        token = _bearer(request)
        proof = prove(token, self._key)
        principal = self._sessions.judge(proof, now())
        return principal, token if principal is proof.principal else self._anew(principal, proof.expires_at)

    def _anew(self, principal: Principal, until: datetime) -> str:
        """The token of a session that goes on with other grants, for services."""
        moment = now()
        return sign(principal, self._key, moment, until - moment)

    def ticket(self, principal: Principal, now: datetime, lifetime_s: int) -> str:
        """A ticket with which ``principal`` may open the stream for ``lifetime_s`` seconds."""
        return sign(principal, self._ticket_key, now, timedelta(seconds=lifetime_s))


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAuthenticated("send the header Authorization: Bearer …")
    return token.strip()
