"""Erasure at somebody's wish 删除 (PIPL art. 47), as rules: what must be kept and why, what may go, what became of the wish.

    asked ──others agree──▶ agreed ──all is gone──▶ done
      │                      │  ▲ no ground is left
      │     a ground keeps   ▼  │
      │     some of it, or all: kept ──they want it no longer──▶ withdrawn
      └── somebody says no · who asked takes it back · nobody decides ──▶ declined · withdrawn · expired

Others agree that all goes: what no ground keeps at once, the rest when none is left. What must be kept is looked at when it
is asked for, again when the last has agreed, and day by day while it is kept. At the vote never more goes than was asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from services.residents.model.parts import Part
from services.residents.model.purges import ERASURE, Purge, PurgeState
from services.residents.model.ties import Stamp
from steward.errors import IllegalTransition
from steward.facts import Decision, Fact
from steward.ids import derived_id
from steward.trust import approvals

LANGUAGES = ("zh-CN", "en")
OTHER = "other"
"""The row of grounds that have none of their own."""


class ErasureState(StrEnum):
    ASKED = "asked"
    AGREED = "agreed"
    KEPT = "kept"
    DONE = "done"
    REFUSED = "refused"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


OPEN = (ErasureState.ASKED, ErasureState.AGREED)
WAITING = (ErasureState.AGREED, ErasureState.KEPT)
"""Agreed to, and not done."""
_NOT_AGREED = {
    approvals.State.REFUSED: ErasureState.DECLINED,
    approvals.State.WITHDRAWN: ErasureState.WITHDRAWN,
    approvals.State.EXPIRED: ErasureState.EXPIRED,
}


class Outcome(StrEnum):
    """How much may go at once."""

    WHOLE = "whole"
    PARTIAL = "partial"
    REFUSED = "refused"


class BadGround(Exception):
    """A row ``[erasure.grounds.NAME]`` of policy is none; says why."""


@dataclass(frozen=True)
class Ground:
    """Why something must be kept 留存理由: a row of policy as it was then, and the day on which it ends, where that is known.

    ``name`` is what it is found by: a need of our own, a service in which something is under way, the ground of a hold.
    ``basis`` is the law, or the handbook, that it follows; ``title`` and ``basis`` are said in each language.
    """

    name: str
    title: Mapping[str, str]
    basis: Mapping[str, str]
    keeps: tuple[Part, ...]
    until: date | None = None


@dataclass(frozen=True)
class Weighed:
    """What must be kept, and what may go: all, some parts, nothing."""

    grounds: tuple[Ground, ...]
    outcome: Outcome
    goes: tuple[Part, ...]
    keeps: tuple[Part, ...]


@dataclass(frozen=True)
class Erasure:
    """Somebody wishes that what is held of them goes 删除请求. The purges for it are the proof.

    ``goes`` are the parts that may go now; of a ``whole`` one all that there is. ``keeps`` are those that the ``grounds``
    keep, ``gone`` those that went. ``reason`` is emptied with the file.
    """

    id: str
    project: str
    person: str
    reason: str
    asked: Stamp
    grounds: tuple[Ground, ...]
    outcome: Outcome
    goes: tuple[Part, ...]
    state: ErasureState = ErasureState.ASKED
    approval: str | None = None
    ended_at: datetime | None = None
    keeps: tuple[Part, ...] = ()
    gone: tuple[Part, ...] = ()
    version: int = 0

    @property
    def kept_until(self) -> date | None:
        """The day on which the last ground ends, where that of each is known."""
        known = [ground.until for ground in self.grounds if ground.until is not None]
        return max(known) if known and len(known) == len(self.grounds) else None

    @property
    def erased_at(self) -> datetime | None:
        """When the last of it went."""
        return self.ended_at if self.state is ErasureState.DONE and self.outcome is Outcome.WHOLE else None

    @property
    def left(self) -> tuple[Part, ...]:
        """What has not gone."""
        return _in_order({*self.goes, *self.keeps} - {*self.gone})

    @property
    def matter(self) -> str:
        """It belongs to what became of the person."""
        return f"residents/{self.person}"


def grounds(rows: Mapping[str, Any], needed: Mapping[str, date | None]) -> tuple[Ground, ...]:
    """The grounds that are ``needed``, by name with the day until which, in the words of ``rows`` of policy."""
    found = []
    for name, until in needed.items():
        row = rows.get(name, rows[OTHER])
        found.append(Ground(name, dict(row["title"]), dict(row["basis"]), tuple(Part(part) for part in row["keeps"]), until))
    return tuple(found)


def weigh(there: Collection[Part], found: Sequence[Ground]) -> Weighed:
    """What may go of what is ``there``. A file that is kept for anything keeps its name."""
    kept = {Part.NAME} | {part for ground in found for part in ground.keeps} if found else set()
    goes = _in_order({*there} - kept)
    outcome = (Outcome.PARTIAL if goes else Outcome.REFUSED) if found else Outcome.WHOLE
    return Weighed(tuple(found), outcome, goes, _in_order(kept & {*there}))


def asked(id: str, project: str, person: str, reason: str, by: Stamp, found: Weighed) -> Erasure:
    """A wish that ``by`` brings forward, of whom this is ``found``."""
    return Erasure(id, project, person, reason, by, found.grounds, found.outcome, found.goes, keeps=found.keeps)


def ask(erasure: Erasure, approval: str) -> Decision[Erasure]:
    """Others must agree to ``approval``."""
    told = {**_told(erasure), "grounds": _names(erasure.grounds), "parts": list(erasure.goes)}
    return Decision(replace(erasure, approval=approval), (Fact("erasure_asked", told),))


def agree(erasure: Erasure, now: Weighed, at: datetime) -> Decision[Erasure]:
    """All who must agree have. What goes at once is what may go ``now`` and might when it was asked for; kept, where that is nothing."""
    if erasure.state is not ErasureState.ASKED:
        return Decision(erasure)
    whole = erasure.outcome is now.outcome is Outcome.WHOLE
    goes = now.goes if whole else _in_order({*now.goes} & {*erasure.goes})
    keeps = _in_order({*now.goes, *now.keeps} - {*goes})
    outcome = Outcome.WHOLE if whole else Outcome.PARTIAL if goes else Outcome.REFUSED
    agreed = _decided(replace(erasure, grounds=now.grounds, outcome=outcome, goes=goes, keeps=keeps), ErasureState.AGREED, at)
    return agreed if goes else _kept(agreed.state, now.grounds, *agreed.facts)


def not_agreed(erasure: Erasure, why: approvals.State, at: datetime) -> Decision[Erasure]:
    """Not all agreed, and will not: somebody refused, it was withdrawn, or nobody decided in time."""
    return _decided(erasure, _NOT_AGREED[why], at) if erasure.state is ErasureState.ASKED else Decision(erasure)


def purge_of(erasure: Erasure, today: date) -> Purge:
    """The purge that takes what may go now; of what was kept, another one than that which took some before."""
    name = derived_id(erasure.asked.at, "rest" if erasure.gone else "purge", erasure.id)
    whole = erasure.outcome is Outcome.WHOLE
    parts, despite = ((), ()) if whole else (erasure.goes, tuple(_names(erasure.grounds)))
    return Purge(name, erasure.project, erasure.person, today, 0, ERASURE, parts=parts, despite=despite, wish=erasure.id)


def follow(erasure: Erasure, purge: Purge, rows: Mapping[str, Any], at: datetime) -> Decision[Erasure]:
    """What became of its purge. What is kept after all, on grounds in the words of ``rows``, is looked at again tomorrow."""
    if erasure.state is not ErasureState.AGREED:
        return Decision(erasure)
    if purge.state is PurgeState.DONE:
        return _done(erasure, at) if purge.whole else _lessened(erasure)
    if purge.state is PurgeState.HELD:
        foreseen = [ground for ground in erasure.grounds if ground.name in purge.despite]
        return keep(erasure, (*foreseen, *grounds(rows, dict.fromkeys(purge.holds))))
    return Decision(erasure)


def look(erasure: Erasure, found: Sequence[Ground]) -> Decision[Erasure]:
    """It is looked at again: kept on the grounds that are ``found``; where there is none, all that is left may go."""
    if found:
        return keep(erasure, found)
    return Decision(replace(erasure, state=ErasureState.AGREED, outcome=Outcome.WHOLE, goes=erasure.left))


def keep(erasure: Erasure, found: Sequence[Ground]) -> Decision[Erasure]:
    """What is left is kept on these grounds. They are told when they are others than before."""
    kept = _kept(erasure, found)
    return Decision(kept.state) if kept.state.grounds == erasure.grounds else kept


def withdraw(erasure: Erasure, at: datetime) -> Decision[Erasure]:
    """They want no longer that what is kept goes. Raises IllegalTransition when it is not kept."""
    if erasure.state is not ErasureState.KEPT:
        raise IllegalTransition.of("withdraw", erasure.state, [])
    return _decided(erasure, ErasureState.WITHDRAWN, at)


def file_gone(erasure: Erasure, at: datetime) -> Decision[Erasure]:
    """The file is no more: what was wished of it has come true, however, and nothing is left of why."""
    wordless = replace(erasure, reason="")
    return _done(wordless, at) if erasure.state in (*OPEN, *WAITING) else Decision(wordless)


def _done(erasure: Erasure, at: datetime) -> Decision[Erasure]:
    """All has gone."""
    went, over = erasure.left, _in_order({*erasure.gone, *erasure.left})
    after = replace(erasure, state=ErasureState.DONE, outcome=Outcome.WHOLE, goes=over, gone=over, keeps=(), ended_at=at)
    return Decision(after, (_went(after, went),))


def _lessened(erasure: Erasure) -> Decision[Erasure]:
    """What could go has gone; the rest is kept."""
    after = replace(erasure, gone=erasure.goes)
    return _kept(after, after.grounds, _went(after, after.goes))


def _kept(erasure: Erasure, found: Sequence[Ground], *before: Fact) -> Decision[Erasure]:
    outcome = Outcome.PARTIAL if erasure.gone else Outcome.REFUSED
    after = replace(erasure, state=ErasureState.KEPT, outcome=outcome, grounds=tuple(found), goes=erasure.gone, keeps=erasure.left)
    told = {"erasure": after.id, "person": after.person, "grounds": _names(found), "parts": list(after.keeps), "until": after.kept_until}
    return Decision(after, (*before, Fact("erasure_kept", told)))


def check(policy: Mapping[str, Any]) -> None:
    """Raises BadGround for the first row that cannot be followed."""
    rows = policy["erasure"]["grounds"]
    if OTHER not in rows:
        raise BadGround(f"erasure.grounds: {OTHER} is missing")
    for name, row in rows.items():
        where = f"erasure.grounds.{name}"
        if not isinstance(row, Mapping) or row.keys() != {"title", "basis", "keeps"}:
            raise BadGround(f"{where}: there is to be title, basis, keeps, and nothing else")
        for text in ("title", "basis"):
            if not isinstance(row[text], Mapping) or not all(row[text].get(language) for language in LANGUAGES):
                raise BadGround(f"{where}.{text}: expected a text for each of {', '.join(LANGUAGES)}")
        if unknown := [part for part in row["keeps"] if part not in list(Part)]:
            raise BadGround(f"{where}.keeps: {unknown[0]!r} is none of {', '.join(Part)}")


def _decided(erasure: Erasure, state: ErasureState, at: datetime) -> Decision[Erasure]:
    after = replace(erasure, state=state, ended_at=None if state in OPEN else at)
    return Decision(after, (Fact("erasure_decided", {**_told(after), "state": state}),))


def _went(erasure: Erasure, parts: Sequence[Part]) -> Fact:
    return Fact("erasure_done", {**_told(erasure), "parts": list(parts)})


def _in_order(parts: Collection[Part]) -> tuple[Part, ...]:
    return tuple(part for part in Part if part in parts)


def _names(found: Sequence[Ground]) -> list[str]:
    return [ground.name for ground in found]


def _told(erasure: Erasure) -> dict[str, Any]:
    return {"erasure": erasure.id, "person": erasure.person, "outcome": erasure.outcome}
