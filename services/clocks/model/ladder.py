"""Roles become persons: every step of a clock ends at somebody who is there (handbook §3 ladder, §5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from services.clocks.model.watch import Watch
from services.clocks.ways import Ways
from steward.facts import Decision, Fact

EVERYWHERE = "*"
"""Among the projects of a person: in all of them."""


@dataclass(frozen=True)
class Away:
    """Somebody is not there from ``begins`` on, until just before ``until``, UTC."""

    begins: datetime
    until: datetime


@dataclass(frozen=True)
class Person:
    """Somebody of the staff (当班人员), as the service that knows them last told: active or shut out, roles by project, leave.

    ``told`` is the version of what was told, so that the newest wins in whatever order it comes.
    """

    id: str
    told: int
    active: bool
    grants: Mapping[str, tuple[str, ...]]
    away: tuple[Away, ...] = ()
    project: str = EVERYWHERE
    version: int = 0

    def present(self, role: str, project: str, at: datetime) -> bool:
        """Whether they can be called upon as ``role`` of ``project`` at that moment."""
        if not self.active or any(absence.begins <= at < absence.until for absence in self.away):
            return False
        return role in self.grants.get(project, ()) or role in self.grants.get(EVERYWHERE, ())


@dataclass(frozen=True)
class Named:
    """``person`` is told because ``role`` is to be; ``held`` is the role that they hold: a higher one, if nobody had that."""

    role: str
    person: str
    held: str


def named(role: str, project: str, clock: str, staff: Iterable[Person], ways: Ways, at: datetime) -> Named | None:
    """Who is told of ``clock`` in the name of ``role``: one who is present, or one of the next role up; None: nobody, to its end.

    Of several the same one for the same clock, whatever their order, and by turns for different clocks.
    """
    known = list(staff)
    for held in ways.chain(role):
        if present := [person for person in known if person.present(held, project, at)]:
            return Named(role, max(present, key=lambda person: (_weight(clock, person.id), person.id)).id, held)
    return None


def tells(decision: Decision[Watch] | None) -> bool:
    """Whether ``decision`` has facts that roles are told of."""
    return decision is not None and any(_audience(fact) for fact in decision.facts)


def addressed(decision: Decision[Watch], staff: Iterable[Person], ways: Ways, at: datetime) -> Decision[Watch]:
    """``decision``, whose facts name the persons who are told beside the roles."""
    known, project = list(staff), decision.state.project
    return Decision(decision.state, tuple(_addressed(fact, project, known, ways, at) for fact in decision.facts))


def unheard(decision: Decision[Watch]) -> int:
    """Of how many facts of ``decision`` nobody is told, at least in the name of one role."""
    return sum(bool(fact.data.get("nobody")) for fact in decision.facts)


def _addressed(fact: Fact, project: str, staff: list[Person], ways: Ways, at: datetime) -> Fact:
    roles = _audience(fact)
    if not roles:
        return fact
    found = [named(role, project, fact.data["clock"], staff, ways, at) for role in roles]
    return Fact(fact.name, {**fact.data, "persons": [one for one in found if one], "nobody": None in found})


def _audience(fact: Fact) -> tuple[str, ...]:
    return tuple(fact.data.get("audience", ()))


def _weight(clock: str, person: str) -> bytes:
    """Rendezvous hashing: who leaves or joins changes nobody else's clocks."""
    return sha256(f"{clock}\0{person}".encode()).digest()
