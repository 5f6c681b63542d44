"""Approvals 审批: what one person asks for and others agree to, in roles (handbook §1: approvals name roles, never people)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from steward.errors import IllegalTransition, NotPermitted
from steward.facts import Decision, Fact


class State(StrEnum):
    """What became of an approval. Only an open one changes."""

    OPEN = "open"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class BadRule(Exception):
    """A row of policy is no rule; says why."""


@dataclass(frozen=True)
class Rule:
    """Who must agree: to each of ``seats`` somebody else, who holds one of its roles; ``in_order``: one seat after the other.

    ``hours``: so long it can be decided, in plain time. ``same_person``: one person may take several seats.
    """

    seats: tuple[tuple[str, ...], ...]
    hours: float
    in_order: bool = False
    same_person: bool = False


@dataclass(frozen=True)
class Vote:
    """What ``by`` said, in ``role``, taking the seat of that number; ``behalf``: the absent person for whom they stand in."""

    by: str
    at: datetime
    role: str
    seat: int
    agrees: bool
    reason: str = ""
    behalf: str | None = None


@dataclass(frozen=True)
class Absent:
    """Somebody on leave who holds ``role``, and has named who stands in for them (代理)."""

    person: str
    role: str


@dataclass(frozen=True)
class Voter:
    """Somebody, with their roles here, and those absent for whom they stand in now."""

    id: str
    roles: frozenset[str]
    stands_in: tuple[Absent, ...] = ()


@dataclass(frozen=True)
class Approval:
    """An approval 审批 of ``kind``, about ``subject`` (an id of the same service), under the ``rule`` of the moment it was asked for.

    ``matter``: to whose timeline it belongs. ``decided_at``: when it was granted, refused, withdrawn or found expired.
    """

    id: str
    project: str
    kind: str
    subject: str
    matter: str
    asked_by: str
    asked_at: datetime
    reason: str
    rule: Rule
    votes: tuple[Vote, ...] = ()
    state: State = State.OPEN
    decided_at: datetime | None = None
    version: int = 0

    @property
    def expires_at(self) -> datetime:
        """From then on it cannot be decided any more."""
        return self.asked_at + timedelta(hours=self.rule.hours)

    @property
    def empty(self) -> list[int]:
        """The seats that nobody has taken."""
        taken = {vote.seat for vote in self.votes}
        return [seat for seat in range(len(self.rule.seats)) if seat not in taken]

    @property
    def waiting(self) -> list[int]:
        """Those of them that may be taken now."""
        if self.state is not State.OPEN:
            return []
        return self.empty[:1] if self.rule.in_order else self.empty

    @property
    def waits_for(self) -> list[str]:
        """The roles in which something may be said now."""
        return list(dict.fromkeys(role for seat in self.waiting for role in self.rule.seats[seat]))

    @property
    def roles(self) -> list[str]:
        """All roles of its rule."""
        return list(dict.fromkeys(role for seat in self.rule.seats for role in seat))

    @property
    def heard(self) -> set[str]:
        """Whose word was given, by themselves or by who stood in for them, and whose was spoken in another's name."""
        return {person for vote in self.votes for person in (vote.by, vote.behalf) if person}

    def open_at(self, now: datetime) -> bool:
        """Whether it can be decided, even if nobody has noted yet that its time is over."""
        return self.state is State.OPEN and now < self.expires_at


def rule_of(row: Mapping[str, Any], known: Collection[str] | None = None) -> Rule:
    """The rule of a row ``[approvals.KIND]``; ``known`` are the roles that there are. Raises BadRule."""
    if not isinstance(row, Mapping):
        raise BadRule("expected a table")
    if strange := row.keys() - {"roles", "hours", "in_order", "same_person"}:
        raise BadRule(f"there is no {sorted(strange)[0]!r} here")
    roles, hours = row.get("roles"), row.get("hours")
    if not isinstance(roles, list) or not roles:
        raise BadRule("roles: expected a list: who must agree, each a role or a list of roles of which one will do")
    seats = tuple(tuple(seat) if isinstance(seat, list) else (seat,) for seat in roles)
    for role in (role for seat in seats for role in seat or ("",)):
        if not isinstance(role, str) or not role or (known is not None and role not in known):
            raise BadRule(f"roles: there is no role {role!r}")
    if isinstance(hours, bool) or not isinstance(hours, (int, float)) or not 0 < hours <= _LONGEST_H:
        raise BadRule(f"hours: expected a number above 0, at most {_LONGEST_H}")
    flags = {name: row.get(name, False) for name in ("in_order", "same_person")}
    for name, said in flags.items():
        if not isinstance(said, bool):
            raise BadRule(f"{name}: expected true or false")
    return Rule(seats, float(hours), **flags)


_LONGEST_H = 24 * 366
"""Whoever wants a year wants to be asked again."""


def ask(approval: Approval) -> Decision[Approval]:
    """Somebody asks for it."""
    return Decision(approval, (_fact("asked", approval),))


def may_vote(approval: Approval, voter: Voter, now: datetime, role: str | None = None) -> bool:
    """Whether ``voter`` can decide on it, for themselves or for somebody absent; in ``role``, where one is named."""
    return approval.open_at(now) and voter.id != approval.asked_by and _way(approval, voter, role) is not None


def vote(approval: Approval, voter: Voter, agrees: bool, reason: str, now: datetime, role: str | None = None) -> Decision[Approval]:
    """``voter`` agrees, or refuses, which ends it. The last who must agree grants it.

    Taken is the first seat that waits and is theirs, in a role of their own before one in which they stand in for somebody;
    ``role``: none but one of this role.
    Raises NotPermitted for one's own request and without a role that is needed; IllegalTransition when it is over, when
    the same person was heard already, or when others come first.
    """
    _require_open(approval, "approve" if agrees else "refuse", now)
    if voter.id == approval.asked_by:
        raise NotPermitted("nobody decides on what they asked for themselves")
    way = _way(approval, voter, role)
    if way is None:
        raise _no_way(approval, voter)
    seat, taken, behalf = way
    cast = Vote(voter.id, now, taken, seat, agrees, reason, behalf)
    after = replace(approval, votes=(*approval.votes, cast))
    if not agrees:
        return _decided(after, State.REFUSED, now, cast)
    return Decision(after, (_fact("voted", after, cast),)) if after.empty else _decided(after, State.GRANTED, now, cast)


def withdraw(approval: Approval, by: str, now: datetime) -> Decision[Approval]:
    """Whoever asked for it does not want it any more. Raises NotPermitted for anybody else, IllegalTransition when it is over."""
    if by != approval.asked_by:
        raise NotPermitted("only who asked for it may withdraw it")
    _require_open(approval, "withdraw", now)
    return _decided(approval, State.WITHDRAWN, now)


def expire(approval: Approval, now: datetime) -> Decision[Approval]:
    """Nobody decided in time. What is decided, or has time left, stays as it is."""
    if approval.state is not State.OPEN or approval.open_at(now):
        return Decision(approval)
    return _decided(approval, State.EXPIRED, now)


def wordless(approval: Approval) -> Decision[Approval]:
    """It with nothing left of why: the words told of somebody who is no longer on file. Who decided, and how, stays."""
    votes = tuple(replace(vote, reason="") for vote in approval.votes)
    return Decision(replace(approval, reason="", votes=votes))


def _way(approval: Approval, voter: Voter, role: str | None) -> tuple[int, str, str | None] | None:
    return next((way for way in _ways(approval, voter, approval.waiting) if role in (None, way[1])), None)


def _ways(approval: Approval, voter: Voter, seats: list[int]) -> Iterator[tuple[int, str, str | None]]:
    """How ``voter`` may take one of ``seats``: the seat, the role, and for whom.

    Nobody's word counts twice, nor that of whoever asked, even when another would say it for them.
    """
    spent = set() if approval.rule.same_person else approval.heard
    if voter.id in spent:
        return
    free = [(seat, role) for seat in seats for role in approval.rule.seats[seat]]
    yield from ((seat, role, None) for seat, role in free if role in voter.roles)
    for seat, role in free:
        absent = (other.person for other in voter.stands_in if other.role == role)
        yield from ((seat, role, person) for person in absent if person not in {approval.asked_by, *spent})


def _no_way(approval: Approval, voter: Voter) -> IllegalTransition | NotPermitted:
    missing = approval.waits_for
    if voter.id in approval.heard and not approval.rule.same_person:
        return IllegalTransition("the same person was heard already", state=approval.state.value, legal=[], missing=missing)
    if any(_ways(approval, voter, approval.empty)):
        return IllegalTransition(f"{' or '.join(missing)} comes first", state=approval.state.value, legal=[], missing=missing)
    return NotPermitted(f"needs {' or '.join(missing)}", missing=missing)


def _require_open(approval: Approval, command: str, now: datetime) -> None:
    if not approval.open_at(now):
        state = State.EXPIRED if approval.state is State.OPEN else approval.state
        raise IllegalTransition.of(command, state.value, [])


def _decided(approval: Approval, state: State, now: datetime, last: Vote | None = None) -> Decision[Approval]:
    after = replace(approval, state=state, decided_at=now)
    return Decision(after, (_fact(state.value, after, last),))


def _fact(name: str, approval: Approval, last: Vote | None = None) -> Fact:
    data = {"approval": approval.id, "kind": approval.kind, "subject": approval.subject, "expires_at": approval.expires_at}
    said = {"role": last.role if last else None, "for_absent": bool(last and last.behalf)}
    return Fact(f"approval_{name}", {**data, **said, "waits_for": approval.waits_for})
