"""The people who are sent out, and which of them is asked first (handbook §4)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time

from steward.errors import BadInput
from steward.facts import Decision
from steward.policy import Rules


@dataclass(frozen=True)
class Profile:
    """What is said of a member of a crew. No skills: whatever the department does. ``user`` is the log-in, if any."""

    code: str
    name: str
    department: str
    shift: str
    skills: tuple[str, ...] = ()
    active: bool = True
    user: str | None = None


@dataclass(frozen=True)
class Member:
    """Somebody of a project's crews, known by a ``code`` that is unique in the project."""

    id: str
    project: str
    code: str
    name: str
    department: str
    shift: str
    skills: tuple[str, ...] = ()
    active: bool = True
    user: str | None = None
    version: int = 0
    leave_from: datetime | None = None
    leave_until: datetime | None = None

    def away(self, at: datetime) -> bool:
        """Whether on leave at ``at``; a leave without an end lasts until it is ended."""
        return self.leave_from is not None and self.leave_from <= at and (not self.leave_until or at < self.leave_until)


@dataclass(frozen=True)
class Load:
    """How many open orders somebody has, and how many of these are urgent."""

    open: int = 0
    urgent: int = 0


@dataclass(frozen=True)
class Bench:
    """Who could be asked: the crew, their shifts as ``{name: [[from, to], …]}`` (HH:MM, local), what they have to do.

    ``local`` is the present in the project's time zone. Loads are advice: they may be some seconds old.
    """

    local: datetime
    members: Sequence[Member] = ()
    loads: Mapping[str, Load] = field(default_factory=dict)
    shifts: Mapping[str, Sequence[Sequence[str]]] = field(default_factory=dict)


def enrol(member: Member | None, id: str, project: str, said: Profile, policy: Rules) -> Decision[Member]:
    """A new member, or a known one described anew. Raises BadInput for a department, shift or skill of no policy."""
    known = policy["crew"]
    for name, value in (("department", said.department), *(("skills", skill) for skill in said.skills)):
        if value not in known[name if name == "skills" else "departments"]:
            raise BadInput.of(name, f"{value!r} is not known here")
    if said.shift not in policy["shifts"]:
        raise BadInput.of("shift", f"{said.shift!r} is not known here")
    return Decision(replace(member, **vars(said)) if member else Member(id=id, project=project, **vars(said)))


def leave(member: Member, since: datetime, until: datetime | None) -> Decision[Member]:
    """Away from ``since`` until ``until``, or until back. Raises BadInput when it ends before it begins."""
    if until is not None and until <= since:
        raise BadInput.of("until", "must be later than since")
    return Decision(replace(member, leave_from=since, leave_until=until))


def back(member: Member) -> Decision[Member]:
    """The leave is over."""
    return Decision(replace(member, leave_from=None, leave_until=None))


def on_shift(spans: Sequence[Sequence[str]], local: datetime) -> bool:
    """Whether ``local`` lies in one of ``spans``; a span may pass midnight, one that ends as it begins is a whole day."""
    moment = local.time()
    for begin, end in ((time.fromisoformat(begin), time.fromisoformat(end)) for begin, end in spans):
        if begin < end:
            if begin <= moment < end:
                return True
        elif moment >= begin or moment < end:
            return True
    return False


def choose(department: str, skill: str | None, urgent: bool, asked: Collection[str], bench: Bench) -> str | None:
    """The code of the best to ask: of the department, able, on shift, not asked before; then least load.

    Urgent work goes before other work, so for it only urgent orders count first: who has none of these is free.
    """
    able = [member for member in bench.members if _able(member, department, skill, bench) and member.code not in asked]

    def burden(member: Member) -> tuple[int, int, str]:
        load = bench.loads.get(member.code, Load())
        return load.urgent if urgent else load.open, load.open, member.code

    return min(able, key=burden).code if able else None


def _able(member: Member, department: str, skill: str | None, bench: Bench) -> bool:
    return (
        member.active
        and member.department == department
        and (not member.skills or skill is None or skill in member.skills)
        and not member.away(bench.local)
        and on_shift(bench.shifts.get(member.shift, ()), bench.local)
    )
