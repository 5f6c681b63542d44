"""Users, their grants and leave, and who fills a role."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from services.identity.model.companies import Estates, companies_in, expanded
from steward.errors import BadInput, IllegalTransition, NotFound
from steward.facts import Decision, Fact
from steward.times import iso

EVERYWHERE = "*"
RESIDENT = "resident"
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
    RESIDENT,
    "admin",
)
"""The staff roles of handbook §1, and those of the software. Services' own role is not among them: nobody can be granted it."""

ENROLLING = "enrolling"
"""The role of a session that is good for nothing but setting up a second factor; nobody can be granted it."""

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")
_PLACE = re.compile(r"\*|(company:)?[a-z0-9-]{2,32}")


@dataclass(frozen=True)
class Absence:
    """Leave (请假) of one person: from ``begins`` on, until just before ``until``, UTC.

    ``deputy``: id of the user who stands in for them (代理) where approvals are asked for, as long as it lasts.
    """

    id: str
    begins: datetime
    until: datetime
    deputy: str | None = None

    def covers(self, moment: datetime) -> bool:
        """Whether ``moment`` lies in it."""
        return self.begins <= moment < self.until


@dataclass(frozen=True)
class User:
    """Somebody who logs in. ``grants`` holds the roles by project (``*``: every project, those to come too; ``company:ID``:
    every project of a company, likewise), as they were given. ``estates`` are the projects of those companies. ``once``
    are places where they were of the staff and are no more: what they did there still bears their name.

    ``away`` never overlap, and are in order. ``second_factor``: whether a code is needed to log in. ``subject``: a keyed
    hash of what the OpenID provider calls them, once they came from there.
    """

    id: str
    username: str
    name: str
    password_hash: str
    created_at: datetime
    grants: Mapping[str, tuple[str, ...]]
    active: bool = True
    last_login_at: datetime | None = None
    away: tuple[Absence, ...] = ()
    second_factor: bool = False
    subject: str = ""
    estates: Estates = field(default_factory=dict)
    once: tuple[str, ...] = ()
    project: str = EVERYWHERE
    version: int = 0

    @property
    def held(self) -> dict[str, tuple[str, ...]]:
        """``grants`` as they hold: those in a company in each of its projects, too."""
        return expanded(self.grants, self.estates)

    @property
    def staffed(self) -> set[str]:
        """The places where it is of the staff: what residents are called is not for everybody there to know."""
        return {place for place, roles in self.held.items() if set(roles) - {RESIDENT}}

    def holds(self, role: str) -> bool:
        """Whether ``role`` is granted to it anywhere."""
        return any(role in roles for roles in self.grants.values())


@dataclass(frozen=True)
class Member:
    """What counts of somebody who holds a roll's role: in which projects (or ``*``), and when they are on leave."""

    places: tuple[str, ...]
    away: tuple[Absence, ...] = ()


@dataclass(frozen=True)
class Roll:
    """Everybody active who holds the role ``id`` (在岗名册), by user.

    It is written together with every change of one of them, guarded by its version: two changes that are made at the
    same moment cannot both count on the person whom the other takes away.
    """

    id: str
    members: Mapping[str, Member]
    project: str = EVERYWHERE
    version: int = 0

    def filled(self, place: str, moment: datetime) -> bool:
        """Whether somebody holds the role in ``place`` (``*``: everywhere) and is not on leave at ``moment``."""
        here = (member for member in self.members.values() if {place, EVERYWHERE} & set(member.places))
        return any(not _is_away(member.away, moment) for member in here)


def known_in(project: str, places: Iterable[str]) -> bool:
    """Whether who is of the staff in ``places`` is known in ``project`` by name; where all projects are meant, everybody is."""
    return project == EVERYWHERE or not {project, EVERYWHERE}.isdisjoint(places)


def add_user(
    user_id: str,
    username: str,
    name: str,
    password_hash: str,
    grants: Mapping[str, Iterable[str]],
    now: datetime,
    known: Iterable[str] = ROLES,
    estates: Estates | None = None,
) -> Decision[User]:
    """A new user; ``known`` are the roles that there are, ``estates`` those of the companies in ``grants``.

    Raises BadInput (username, name, grants).
    """
    if not _USERNAME.fullmatch(username):
        raise BadInput.of("username", "is 2 to 32 of a-z, 0-9, dot, - and _, and begins with a letter or digit")
    if not name.strip():
        raise BadInput.of("name", "is empty")
    user = _granted(User(user_id, username, name, password_hash, now, {}), checked_grants(grants, known), estates or {})
    return Decision(user, (Fact("user_added", {"user": user_id}), _standing(user)))


def grant(user: User, project: str, roles: Iterable[str], known: Iterable[str] = ROLES, estates: Estates | None = None) -> Decision[User]:
    """``user`` holds exactly ``roles``, of those ``known``, in ``project`` from now on; none: nothing there. Raises BadInput.

    ``project`` may be ``*``, or a company, of which ``estates`` has the projects.
    """
    held = _roles(project, roles, tuple(known), "roles")
    others = {other: granted for other, granted in user.grants.items() if other != project}
    state = _granted(user, {**others, project: held} if held else others, estates or {})
    changed = Fact("grants_changed", {"user": user.id, "at_project": project, "roles": list(held)})
    return Decision(state, (changed, _standing(state)))


def widen(user: User, company: str, projects: tuple[str, ...]) -> Decision[User]:
    """``projects`` are those of ``company`` now, in which something is granted to ``user``."""
    state = _granted(user, user.grants, {company: projects})
    return Decision(state, (_standing(state),))


def set_active(user: User, active: bool) -> Decision[User]:
    """Shut a user out, or let them in again. Raises IllegalTransition when it is so already."""
    if user.active == active:
        state = "active" if active else "inactive"
        raise IllegalTransition.of("activate" if active else "deactivate", state, ["deactivate" if active else "activate"])
    name = "user_activated" if active else "user_deactivated"
    after = replace(user, active=active)
    return Decision(after, (Fact(name, {"user": user.id}), _standing(after)))


def add_absence(user: User, absence: Absence, limits: Mapping[str, Any], now: datetime) -> Decision[User]:
    """``user`` goes on leave (请假), so that nobody waits for them (handbook §3 ladder). What is over is forgotten.

    Raises BadInput (from, until, deputy) for one that ends before it begins, is over, is too long, overlaps another or is
    one too many, or for who would stand in for themselves.
    """
    if absence.deputy == user.id:
        raise BadInput.of("deputy", "is who goes on leave")
    if absence.until <= absence.begins:
        raise BadInput.of("until", "is not after from")
    if absence.until <= now:
        raise BadInput.of("until", "is past")
    if absence.until - absence.begins > timedelta(days=limits["longest_days"]):
        raise BadInput.of("until", f"is more than {limits['longest_days']} days after from")
    kept = [other for other in user.away if other.until > now]
    if len(kept) >= limits["most"]:
        raise BadInput.of("from", f"{limits['most']} absences are known already")
    if any(other.begins < absence.until and absence.begins < other.until for other in kept):
        raise BadInput.of("from", "overlaps another absence")
    return _away(user, (*kept, absence))


def end_absence(user: User, absence_id: str, now: datetime) -> Decision[User]:
    """``user`` is back, or will not go. Raises NotFound for an absence that is not known, or over."""
    kept = [other for other in user.away if other.until > now]
    left = [other for other in kept if other.id != absence_id]
    if len(left) == len(kept):
        raise NotFound(f"no absences {absence_id!r} here")
    return _away(user, left)


def deputised(users: Iterable[User], deputy: str, project: str, now: datetime) -> Iterator[tuple[str, str]]:
    """For whom of ``users`` the user ``deputy`` stands in now, with each role that they hold in ``project``.

    Not for those for whom they in turn stand in.
    """
    for user in users:
        if user.active and any(absence.deputy == deputy and absence.covers(now) for absence in user.away):
            roles = {role for place in (project, EVERYWHERE) for role in user.held.get(place, ())}
            yield from ((user.id, role) for role in sorted(roles))


def _away(user: User, absences: Iterable[Absence]) -> Decision[User]:
    state = replace(user, away=tuple(sorted(absences, key=lambda absence: absence.begins)))
    return Decision(state, (_standing(state),))


def _granted(user: User, grants: Mapping[str, tuple[str, ...]], estates: Estates) -> User:
    """``user`` with ``grants`` in place of those before; ``estates`` are what is known anew."""
    known = {**user.estates, **estates}
    state = replace(user, grants=grants, estates={company: known.get(company, ()) for company in companies_in(grants)})
    return replace(state, once=tuple(sorted({*user.staffed, *user.once} - state.staffed)))


def _is_away(absences: Iterable[Absence], moment: datetime) -> bool:
    return any(absence.covers(moment) for absence in absences)


def _standing(user: User) -> Fact:
    """Whether, as what and when ``user`` can be called upon: all of it, so that whoever hears the last knows enough."""
    away = [{"since": absence.begins, "until": absence.until} for absence in user.away]
    return Fact("standing_changed", {"user": user.id, "active": user.active, "grants": user.held, "away": away})


def roll_of(role: str, users: Iterable[User]) -> Roll:
    """The roll of ``role`` among ``users``."""
    roll = Roll(role, {})
    for user in users:
        roll = enrolled(roll, user)
    return roll


def enrolled(roll: Roll, user: User) -> Roll:
    """``roll`` with what is true of ``user`` now."""
    held = {place: roles for place, roles in user.held.items() if place not in user.estates}
    places = tuple(sorted(place for place, roles in held.items() if roll.id in roles and user.active))
    others = {member: known for member, known in roll.members.items() if member != user.id}
    return replace(roll, members={**others, user.id: Member(places, user.away)} if places else others)


def keep_filled(roll: Roll, user: User, now: datetime) -> Decision[Roll]:
    """``roll`` after a change of ``user``; the quality department cannot be empty (handbook §3 ladder).

    Raises IllegalTransition when from ``now`` on there is a moment at which it would leave a project, or all of them,
    without anybody where somebody was. Where nobody was before, as in a new system, nothing is refused.
    """
    after = enrolled(roll, user)
    for place, moment in _turning_points(roll, after, now):
        if roll.filled(place, moment) and not after.filled(place, moment):
            where = "all projects" if place == EVERYWHERE else f"project {place}"
            detail = f"from {iso(moment)} on nobody would hold the role {roll.id} in {where}: give it to somebody else first"
            raise IllegalTransition(detail, role=roll.id, project=place, at=iso(moment))
    return Decision(after)


def _turning_points(before: Roll, after: Roll, now: datetime) -> Iterator[tuple[str, datetime]]:
    """Every place that counts at every moment, from ``now`` on, at which somebody goes or comes back."""
    members = (*before.members.values(), *after.members.values())
    turns = {turn for member in members for absence in member.away for turn in (absence.begins, absence.until)}
    moments = sorted({now, *(turn for turn in turns if turn > now)})
    for place in sorted({place for member in before.members.values() for place in member.places}):
        yield from ((place, moment) for moment in moments)


def set_password(user: User, password_hash: str) -> Decision[User]:
    """Another password."""
    return Decision(replace(user, password_hash=password_hash), (Fact("password_changed", {"user": user.id}),))


def with_second_factor(user: User, on: bool) -> Decision[User]:
    """A code is needed to log in from now on, or is not any more; the factor itself says so to others."""
    return Decision(replace(user, second_factor=on))


def logged_in(user: User, password_hash: str, now: datetime, subject: str = "") -> Decision[User]:
    """A right password was given, of which ``password_hash`` may be a fresh hash; or they came from the provider as ``subject``.

    Raises IllegalTransition when inactive, or when they came from the provider as somebody else before.
    """
    if not user.active:
        raise IllegalTransition.of("log_in", "inactive", ["activate"])
    if subject and user.subject not in ("", subject):
        raise IllegalTransition.of("log_in", "linked to another account of the provider", ["unlink"])
    state = replace(user, password_hash=password_hash, last_login_at=now, subject=subject or user.subject)
    return Decision(state, (Fact("logged_in", {"user": user.id}),))


def unlink(user: User) -> Decision[User]:
    """Whoever next comes from the provider under this user name is it. Raises IllegalTransition when nobody came yet."""
    if not user.subject:
        raise IllegalTransition.of("unlink", "not linked", [])
    return Decision(replace(user, subject=""), (Fact("account_unlinked", {"user": user.id}),))


def check_password(text: str, rules: Mapping[str, Any]) -> None:
    """Raises BadInput (password) for one that is too short or too long."""
    if not rules["min_length"] <= len(text) <= rules["max_length"]:
        raise BadInput.of("password", f"is not {rules['min_length']} to {rules['max_length']} characters long")


def checked_grants(grants: Mapping[str, Iterable[str]], known: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """``grants`` in order, without what is empty; ``known`` are the roles that there are. Raises BadInput (grants)."""
    names = tuple(known)
    checked = {project: _roles(project, roles, names) for project, roles in grants.items()}
    return {project: roles for project, roles in checked.items() if roles}


def _roles(project: str, roles: Iterable[str], known: tuple[str, ...], field: str = "grants") -> tuple[str, ...]:
    if not _PLACE.fullmatch(project):
        raise BadInput.of("grants", f"{project!r} is neither a project, nor company:ID, nor *")
    wanted = set(roles)
    unknown = sorted(wanted - set(known))
    if unknown:
        raise BadInput.of(field, f"unknown roles: {', '.join(unknown)}")
    return tuple(role for role in known if role in wanted)
