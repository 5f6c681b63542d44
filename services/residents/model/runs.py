"""A roster's import as a matter of its own, from the file's arrival to its end, and to its being taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.residents.model.ties import Stamp
from steward.errors import IllegalTransition
from steward.facts import Decision


class RunState(StrEnum):
    """How far an import is."""

    WAITING = "waiting"
    WORKING = "working"
    ENDED = "ended"
    FAILED = "failed"
    UNDOING = "undoing"
    UNDONE = "undone"


UNDER_WAY = frozenset({RunState.WAITING, RunState.WORKING, RunState.UNDOING})
"""The states in which there is something left to do."""


@dataclass(frozen=True)
class Options:
    """How a roster is to be read and what is to be done with it; ``format`` is empty where the content tells."""

    format: str = ""
    dry_run: bool = False
    all_or_nothing: bool = False
    ignore_unknown: bool = False
    language: str = "zh-CN"


@dataclass(frozen=True)
class Counts:
    """Rows by what became of them, and how many problems there are in the wrong ones."""

    imported: int = 0
    unchanged: int = 0
    wrong: int = 0
    problems: int = 0

    def plus(self, other: Counts) -> Counts:
        """Both together."""
        pairs = ((getattr(self, name), getattr(other, name)) for name in _COUNTED)
        return Counts(*(mine + theirs for mine, theirs in pairs))


_COUNTED = ("imported", "unchanged", "wrong", "problems")


@dataclass(frozen=True)
class TakenBack:
    """What an undoing has taken back, and how much of what the run made stays because somebody has changed it since."""

    ties: int = 0
    units: int = 0
    people: int = 0
    stay: int = 0

    def plus(self, other: TakenBack) -> TakenBack:
        """Both together."""
        return TakenBack(self.ties + other.ties, self.units + other.units, self.people + other.people, self.stay + other.stay)


@dataclass(frozen=True)
class Run:
    """An import 导入批次 of a roster into a project.

    ``digest`` is the SHA-256 of the file. ``rows`` is how many it has (None: not read yet), ``done`` how many have been gone over,
    ``pieces`` in how many commits, each of ``batch_rows`` (0: not read yet). ``ignored`` are the columns left out. ``steps`` counts
    the commits of an undoing, each of as many units or people.
    """

    id: str
    project: str
    started: Stamp
    filename: str
    digest: str
    options: Options
    state: RunState = RunState.WAITING
    rows: int | None = None
    done: int = 0
    pieces: int = 0
    batch_rows: int = 0
    counts: Counts = Counts()
    ignored: tuple[str, ...] = ()
    ended_at: datetime | None = None
    failure: str | None = None
    undone: Stamp | None = None
    steps: int = 0
    taken_back: TakenBack = TakenBack()
    version: int = 0

    @property
    def under_way(self) -> bool:
        """Whether there is something left to do."""
        return self.state in UNDER_WAY


def begin_run(run: Run, rows: int, unreadable: Counts, ignored: tuple[str, ...], batch_rows: int) -> Decision[Run]:
    """The file is read: so many rows, some of which are wrong by themselves. Raises IllegalTransition.

    ``batch_rows`` stays what it is to the run's end: the number of its commits tells where it is to go on.
    """
    _require(run, "begin", RunState.WAITING)
    begun = replace(run, state=RunState.WORKING, rows=rows, done=unreadable.wrong, counts=unreadable)
    return Decision(replace(begun, ignored=ignored, batch_rows=batch_rows))


def progress_run(run: Run, counts: Counts) -> Decision[Run]:
    """Some rows more have been gone over, in one commit. Raises IllegalTransition."""
    _require(run, "progress", RunState.WORKING)
    gone_over = counts.imported + counts.unchanged + counts.wrong
    return Decision(replace(run, done=run.done + gone_over, pieces=run.pieces + 1, counts=run.counts.plus(counts)))


def end_run(run: Run, now: datetime, counts: Counts | None = None) -> Decision[Run]:
    """Every row has been gone over; ``counts`` where nothing was written on the way. Raises IllegalTransition."""
    _require(run, "end", RunState.WORKING)
    return Decision(replace(run, state=RunState.ENDED, ended_at=now, done=run.rows or 0, counts=counts or run.counts))


def fail_run(run: Run, failure: str, now: datetime) -> Decision[Run]:
    """The run cannot go on; what it has written stays. ``failure`` is a code. Raises IllegalTransition."""
    _require(run, "fail", *UNDER_WAY)
    return Decision(replace(run, state=RunState.FAILED, ended_at=now, failure=failure))


def undo_run(run: Run, stamp: Stamp) -> Decision[Run]:
    """Take back what the run made. Asked again it is the same undoing. Raises IllegalTransition for one that made nothing or goes on."""
    if run.undone is not None and run.state is not RunState.FAILED:
        return Decision(run)
    _require(run, "undo", RunState.ENDED, RunState.FAILED)
    if run.pieces == 0:
        raise IllegalTransition.of("undo", "nothing was written", [])
    return Decision(replace(run, state=RunState.UNDOING, undone=stamp, ended_at=None, failure=None))


def undo_step(run: Run, taken_back: TakenBack) -> Decision[Run]:
    """A step of the undoing is done. Raises IllegalTransition."""
    _require(run, "undo_step", RunState.UNDOING)
    return Decision(replace(run, steps=run.steps + 1, taken_back=run.taken_back.plus(taken_back)))


def end_undoing(run: Run, now: datetime) -> Decision[Run]:
    """All that nobody has changed since is taken back. Raises IllegalTransition."""
    _require(run, "end_undoing", RunState.UNDOING)
    return Decision(replace(run, state=RunState.UNDONE, ended_at=now))


_LEGAL: Mapping[RunState, tuple[str, ...]] = {
    RunState.WAITING: ("begin", "fail"),
    RunState.WORKING: ("progress", "end", "fail"),
    RunState.ENDED: ("undo",),
    RunState.FAILED: ("undo",),
    RunState.UNDOING: ("undo_step", "end_undoing", "fail"),
    RunState.UNDONE: (),
}


def _require(run: Run, command: str, *states: RunState) -> None:
    if run.state not in states:
        raise IllegalTransition.of(command, run.state, list(_LEGAL[run.state]))
