"""Erasure at somebody's wish 删除 (PIPL art. 47), as rules: what must be kept and why, what may go, what became of the wish.

    asked ──others agree──▶ agreed ──the purge is done──▶ done
      │                        └── needed after all ──▶ refused ◀── nothing may go (at once)
      └── somebody says no · who asked takes it back · nobody decides ──▶ declined · withdrawn · expired

What must be kept is looked at when it is asked for, and again when the last has agreed; never more goes than was agreed to.
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
from steward.facts import Decision, Fact
from steward.trust import approvals

LANGUAGES = ("zh-CN", "en")
OTHER = "other"
"""The row of grounds that have none of their own."""


class ErasureState(StrEnum):
    ASKED = "asked"
    AGREED = "agreed"
    DONE = "done"
    REFUSED = "refused"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


OPEN = (ErasureState.ASKED, ErasureState.AGREED)
_NOT_AGREED = {
    approvals.State.REFUSED: ErasureState.DECLINED,
    approvals.State.WITHDRAWN: ErasureState.WITHDRAWN,
    approvals.State.EXPIRED: ErasureState.EXPIRED,
}


class Outcome(StrEnum):
    """How much may go."""

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


@dataclass(frozen=True)
class Erasure:
    """Somebody wishes that what is held of them goes 删除请求. Its id is also that of the purge that does it, which is the proof.

    ``goes`` are the parts that may go; of a ``whole`` one all that there is. ``reason`` is emptied with the file.
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
    version: int = 0

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
    goes = tuple(part for part in Part if part in there and part not in kept)
    outcome = (Outcome.PARTIAL if goes else Outcome.REFUSED) if found else Outcome.WHOLE
    return Weighed(tuple(found), outcome, goes)


def ask(erasure: Erasure) -> Decision[Erasure]:
    """Somebody asks for it. Where nothing may go, it is refused with that."""
    told = Fact("erasure_asked", {**_told(erasure), "grounds": [ground.name for ground in erasure.grounds], "parts": list(erasure.goes)})
    if erasure.outcome is not Outcome.REFUSED:
        return Decision(erasure, (told,))
    refused = _decided(erasure, ErasureState.REFUSED, erasure.asked.at)
    return Decision(refused.state, (told, *refused.facts))


def waits_for(erasure: Erasure, approval: str) -> Erasure:
    """It, for which others must agree to ``approval``."""
    return replace(erasure, approval=approval)


def agree(erasure: Erasure, now: Weighed, at: datetime) -> Decision[Erasure]:
    """All who must agree have. What goes is what may go ``now`` and was agreed to; refused, where that is nothing."""
    if erasure.state is not ErasureState.ASKED:
        return Decision(erasure)
    goes = tuple(part for part in now.goes if part in erasure.goes)
    whole = erasure.outcome is now.outcome is Outcome.WHOLE
    outcome = Outcome.WHOLE if whole else Outcome.PARTIAL if goes else Outcome.REFUSED
    looked = replace(erasure, grounds=now.grounds, outcome=outcome, goes=now.goes if whole else goes)
    return _decided(looked, ErasureState.REFUSED if outcome is Outcome.REFUSED else ErasureState.AGREED, at)


def not_agreed(erasure: Erasure, why: approvals.State, at: datetime) -> Decision[Erasure]:
    """Not all agreed, and will not: somebody refused, it was withdrawn, or nobody decided in time."""
    return _decided(erasure, _NOT_AGREED[why], at) if erasure.state is ErasureState.ASKED else Decision(erasure)


def purge_of(erasure: Erasure, today: date) -> Purge:
    """The purge that does what was agreed to."""
    parts = () if erasure.outcome is Outcome.WHOLE else erasure.goes
    despite = tuple(ground.name for ground in erasure.grounds)
    return Purge(erasure.id, erasure.project, erasure.person, today, 0, ERASURE, parts=parts, despite=despite)


def follow(erasure: Erasure, purge: Purge, at: datetime) -> Decision[Erasure]:
    """What became of its purge. Held by other services it goes on tomorrow; needed here after all, it is refused."""
    if erasure.state is not ErasureState.AGREED:
        return Decision(erasure)
    if purge.state is PurgeState.DONE:
        return done(erasure, at)
    if purge.state is PurgeState.HELD and set(purge.holds) - set(purge.asked):
        return _decided(replace(erasure, outcome=Outcome.REFUSED), ErasureState.REFUSED, at)
    return Decision(erasure)


def done(erasure: Erasure, at: datetime) -> Decision[Erasure]:
    """What was to go has gone."""
    after = replace(erasure, state=ErasureState.DONE, ended_at=at)
    return Decision(after, (Fact("erasure_done", {**_told(after), "parts": list(after.goes)}),))


def file_gone(erasure: Erasure, at: datetime) -> Decision[Erasure]:
    """The file is no more: what was wished of it has come true, however, and nothing is left of why."""
    wordless = replace(erasure, reason="")
    return done(wordless, at) if erasure.state in OPEN else Decision(wordless)


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


def _told(erasure: Erasure) -> dict[str, Any]:
    return {"erasure": erasure.id, "person": erasure.person, "outcome": erasure.outcome}
