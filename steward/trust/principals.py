"""Principals, their signed claims, and what their roles permit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import jwt

from steward.errors import NotAuthenticated, NotPermitted
from steward.trust import roles

ISSUER = "steward"
ALGORITHM = "HS256"
EVERYWHERE = "*"
COMPANY = "company:"
"""Begins the place of a grant that is for every project of a company, those to come too."""
USER = "user:"
"""Begins the ids of people who log in."""
SERVICE = "service:"
"""Begins the ids of services."""
SYSTEM_ROLE = "system"
"""Held by services and the operator's CLI: every permission, in every project."""


@dataclass(frozen=True)
class Principal:
    """A user, API key or service, with the roles granted to it per project (``*`` = every project).

    What is granted in a company stands beside each of its projects, and under ``company:ID``: there it is asked for what
    one may in the whole of it.

    ``session`` is the log-in that it speaks in; services and the operator have none.
    """

    id: str
    name: str = ""
    grants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    session: str = ""

    def roles(self, project: str) -> set[str]:
        """The roles held in ``project``."""
        return {*self.grants.get(project, ()), *self.grants.get(EVERYWHERE, ())}

    def may(self, permission: str, project: str | None = None) -> bool:
        """Whether a role of this principal holds ``permission`` in ``project`` (in any project, if None)."""
        held = self.roles(project) if project is not None else {role for roles in self.grants.values() for role in roles}
        return SYSTEM_ROLE in held or bool(held & permitted_roles().get(permission, frozenset()))

    def require(self, permission: str, project: str | None = None) -> None:
        """Raises NotPermitted unless :meth:`may`. The text does not tell whether the project exists."""
        if not self.may(permission, project):
            raise NotPermitted(f"needs {permission}", permission=permission)

    def projects(self, permission: str) -> set[str]:
        """The projects in which ``permission`` is held; ``*`` among them means all."""
        return {project for project in self.grants if self.may(permission, project)}


@dataclass(frozen=True)
class Proof:
    """What a token proves: who speaks, since when, and until when."""

    principal: Principal
    issued_at: datetime
    expires_at: datetime


def permitted_roles() -> dict[str, frozenset[str]]:
    """Every permission of every installed service and the roles that hold it in this installation."""
    return roles.permitted()


def service_principal(name: str) -> Principal:
    """The principal as which the service ``name`` itself acts."""
    return Principal(id=f"{SERVICE}{name}", name=name, grants={EVERYWHERE: (SYSTEM_ROLE,)})


def sign(principal: Principal, key: str, now: datetime, lifetime: timedelta) -> str:
    """A token that says who ``principal`` is until ``now + lifetime``."""
    claims = {
        "iss": ISSUER,
        "sub": principal.id,
        "name": principal.name,
        "grants": _packed(principal.grants),
        "iat": int(now.timestamp()),
        "exp": int((now + lifetime).timestamp()),
    }
    if principal.session:
        claims["sid"] = principal.session
    return jwt.encode(claims, key, algorithm=ALGORITHM)


def verify(token: str, key: str) -> Principal:
    """The principal that ``token`` speaks for. Raises NotAuthenticated when it is forged, foreign or expired."""
    return prove(token, key).principal


def prove(token: str, key: str) -> Proof:
    """As :func:`verify`, with the token's times. That its session has not ended is for the gateway to know."""
    try:
        claims = jwt.decode(token, key, algorithms=[ALGORITHM], issuer=ISSUER, options={"require": ["exp", "iat", "sub", "iss"]})
    except jwt.ExpiredSignatureError as error:
        raise NotAuthenticated("the token has expired") from error
    except jwt.InvalidTokenError as error:
        raise NotAuthenticated("the token is not valid") from error
    grants = _unpacked(claims.get("grants", {}))
    principal = Principal(claims["sub"], claims.get("name", ""), grants, claims.get("sid", ""))
    return Proof(principal, datetime.fromtimestamp(claims["iat"], UTC), datetime.fromtimestamp(claims["exp"], UTC))


def _packed(grants: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    """Roles by all places in which they are held, a blank between them: short enough for a header, however many there are."""
    places: dict[tuple[str, ...], list[str]] = {}
    for place, held in grants.items():
        places.setdefault(tuple(held), []).append(place)
    return {" ".join(alike): list(held) for held, alike in places.items()}


def _unpacked(packed: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {place: tuple(roles) for places, roles in packed.items() for place in places.split()}
