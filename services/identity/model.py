"""Users, their grants, and the guard that counts wrong passwords. Pure: state, command, policy, time in; decision out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from steward.errors import BadInput, IllegalTransition, Overloaded
from steward.facts import Decision, Fact

EVERYWHERE = "*"
ROLES = (
    "desk",
    "zone_manager",
    "supervisor",
    "manager",
    "engineer",
    "security",
    "cleaner",
    "cashier",
    "finance",
    "quality",
    "auditor",
    "resident",
    "admin",
)
"""The staff roles of handbook §1, and those of the software. Services' own role is not among them: nobody can be granted it."""

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")
_PROJECT = re.compile(r"\*|[a-z0-9-]{2,32}")


@dataclass(frozen=True)
class User:
    """Somebody who logs in. ``grants`` holds the roles by project (``*``: every project, those to come too)."""

    id: str
    username: str
    name: str
    password_hash: str
    created_at: datetime
    grants: Mapping[str, tuple[str, ...]]
    active: bool = True
    last_login_at: datetime | None = None
    project: str = EVERYWHERE
    version: int = 0


@dataclass(frozen=True)
class Guard:
    """The wrong passwords lately given for one user name, whether anybody has that name or not.

    An attempt counts before its password is looked at, so that many at once cannot slip through; a right one clears it.
    """

    id: str
    failures: int
    since: datetime
    locked_until: datetime | None = None
    project: str = EVERYWHERE
    version: int = 0


def add_user(
    user_id: str, username: str, name: str, password_hash: str, grants: Mapping[str, Iterable[str]], now: datetime
) -> Decision[User]:
    """A new user. Raises BadInput (username, name, grants)."""
    if not _USERNAME.fullmatch(username):
        raise BadInput.of("username", "is 2 to 32 of a-z, 0-9, dot, - and _, and begins with a letter or digit")
    if not name.strip():
        raise BadInput.of("name", "is empty")
    checked = {project: _roles(project, roles) for project, roles in grants.items()}
    held = {project: roles for project, roles in checked.items() if roles}
    return Decision(User(user_id, username, name, password_hash, now, held), (Fact("user_added", {"user": user_id}),))


def grant(user: User, project: str, roles: Iterable[str]) -> Decision[User]:
    """``user`` holds exactly ``roles`` in ``project`` from now on; none: nothing there. Raises BadInput."""
    held = _roles(project, roles)
    others = {other: granted for other, granted in user.grants.items() if other != project}
    state = replace(user, grants={**others, project: held} if held else others)
    return Decision(state, (Fact("grants_changed", {"user": user.id, "at_project": project, "roles": list(held)}),))


def set_active(user: User, active: bool) -> Decision[User]:
    """Shut a user out, or let them in again. Raises IllegalTransition when it is so already."""
    if user.active == active:
        state = "active" if active else "inactive"
        raise IllegalTransition.of("activate" if active else "deactivate", state, ["deactivate" if active else "activate"])
    name = "user_activated" if active else "user_deactivated"
    return Decision(replace(user, active=active), (Fact(name, {"user": user.id}),))


def set_password(user: User, password_hash: str) -> Decision[User]:
    """Another password."""
    return Decision(replace(user, password_hash=password_hash), (Fact("password_changed", {"user": user.id}),))


def logged_in(user: User, password_hash: str, now: datetime) -> Decision[User]:
    """A right password was given; ``password_hash`` may be a fresh hash of it. Raises IllegalTransition when inactive."""
    if not user.active:
        raise IllegalTransition.of("log_in", "inactive", ["activate"])
    state = replace(user, password_hash=password_hash, last_login_at=now)
    return Decision(state, (Fact("logged_in", {"user": user.id}),))


def attempt(guard: Guard | None, guard_id: str, lockout: Mapping[str, Any], now: datetime) -> Decision[Guard]:
    """Count an attempt as failed until it is known to be right. Raises Overloaded while the name is shut.

    The attempt that reaches ``max_failures`` is still looked at; those after it are not, for ``lock_s`` seconds.
    """
    if guard is not None and guard.locked_until is not None and now < guard.locked_until:
        raise Overloaded("too many wrong passwords", retry_after_s=ceil((guard.locked_until - now).total_seconds()))
    if guard is None or _is_over(guard, lockout, now):
        guard = Guard(guard_id, 0, now, version=guard.version if guard else 0)
    failures = guard.failures + 1
    locked = now + timedelta(seconds=lockout["lock_s"]) if failures >= lockout["max_failures"] else None
    return Decision(replace(guard, failures=failures, locked_until=locked))


def _is_over(guard: Guard, lockout: Mapping[str, Any], now: datetime) -> bool:
    """Whether nothing that ``guard`` has counted counts any more; its window begins with the first failure."""
    return guard.failures == 0 or guard.locked_until is not None or now >= guard.since + timedelta(seconds=lockout["window_s"])


def clear(guard: Guard, now: datetime) -> Decision[Guard]:
    """The right password was given: nothing is counted any more."""
    return Decision(replace(guard, failures=0, since=now, locked_until=None))


def check_password(text: str, rules: Mapping[str, Any]) -> None:
    """Raises BadInput (password) for one that is too short or too long."""
    if not rules["min_length"] <= len(text) <= rules["max_length"]:
        raise BadInput.of("password", f"is not {rules['min_length']} to {rules['max_length']} characters long")


def _roles(project: str, roles: Iterable[str]) -> tuple[str, ...]:
    if not _PROJECT.fullmatch(project):
        raise BadInput.of("grants", f"{project!r} is neither a project nor *")
    wanted = set(roles)
    unknown = sorted(wanted - set(ROLES))
    if unknown:
        raise BadInput.of("grants", f"unknown roles: {', '.join(unknown)}")
    return tuple(role for role in ROLES if role in wanted)
