"""Working off runs slice by slice, in whichever process has the lease: a big file neither keeps anybody waiting nor is lost.

What a process remembers of a run is the file as it has read it; everything that counts is in the store. Killed, the run
goes on elsewhere after the batch that was committed last.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from time import monotonic
from typing import Any

from eventlet import tpool
from nameko.extensions import DependencyProvider

from services.residents import model
from services.residents.desk import Desk
from services.residents.model import Counts, Run, RunState
from services.residents.roster import corrections, entries, importing, kept, meanings, reading, reports, undoing
from services.residents.roster.columns import Rules
from services.residents.roster.entries import Entry, Problem, Roster
from services.residents.roster.importing import Import, batch_rows
from services.residents.roster.planning import Files
from services.residents.store import PROBLEMS, RUNS
from steward.errors import Conflict, StewardError, Transient
from steward.facts import Decision
from steward.store.lease import Lease
from steward.store.provider import SharedStore
from steward.store.work import Work

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
"""Longer than a slice. A holder of the same machine that has died loses it at once."""
_PATIENCE = 5
"""Slices of one run that may fail one after the other before it is given up."""

Batches = Sequence[Sequence[Entry]]


class Shift:
    """What one process has in hand of the runs of its service."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._jobs: dict[str, Job] = {}

    def work_off(self, desk: Desk) -> None:
        """A slice of each run that is under way, the oldest first, as many as may be at once. Raises Unavailable."""
        limits = desk.policy("")["roster"]
        runs = desk.store.read.where(RUNS, {"open": True}) if self._lease.hold() else []
        chosen = sorted(runs, key=lambda run: run.id)[: limits["runs_at_once"]]
        self._jobs = {run.id: self._jobs.get(run.id) or Job() for run in chosen}
        for run in chosen:
            self._jobs[run.id].go_on(desk, run, limits["slice_s"])

    def give_back(self) -> None:
        """Let another process go on at once. Raises Unavailable."""
        self._lease.give_back()


class Shifts(DependencyProvider):
    """Gives a worker its process's :class:`Shift`."""

    store = SharedStore()

    def __init__(self) -> None:
        super().__init__()
        self._shift: Shift | None = None

    def stop(self) -> None:
        try:
            if self._shift:
                self._shift.give_back()
        except StewardError:
            pass  # it runs out by itself

    def get_dependency(self, worker: Any) -> Shift:
        if self._shift is None:
            self._shift = Shift(Lease(self.store.database, "rosters", LEASE))
        return self._shift


class Job:
    """One run in the hands of this process."""

    desk: Desk
    run: Run

    def __init__(self) -> None:
        self._steps: Iterator[None] | None = None
        self._failures = self._version = 0
        self._roster: Roster | None = None
        """The file as it was read, which takes long: what fails afterwards does not have it read again."""

    def go_on(self, desk: Desk, run: Run, slice_s: float) -> None:
        """Work on ``run``, as it is on file, for so long. What fails is begun again in the next slice. Raises Unavailable."""
        self.desk, self.run = desk, run
        if self._steps is None or run.version != self._version:
            self._steps = self._undoing() if run.state is RunState.UNDOING else self._importing()
        until = monotonic() + slice_s
        try:
            while monotonic() < until and next(self._steps, self) is not self:
                self._version = self.run.version
        except Conflict as error:
            self._steps = None
            log.warning("run %s: %s", run.id, error)
        except Transient:
            self._steps = None
            raise
        except Exception:
            self._steps = None
            self._failed()

    def _failed(self) -> None:
        self._failures += 1
        log.exception("run %s: slice %d failed", self.run.id, self._failures)
        if self._failures >= _PATIENCE:
            self.save("fail", lambda run: model.fail_run(run, "failed", self.desk.context.now), self._drop_upload)

    def save(self, what: str, decide: Callable[[Run], Decision[Run]], also: Callable[[Work], None] | None = None) -> None:
        """The run as decided, and what else belongs to that, in one commit. Raises Conflict when it is not as it was seen."""
        with self.desk.store.work(key=f"roster:{self.run.id}:{what}:{self.run.version}", behalf=self.run.started.by) as work:
            before = work.load(RUNS, self.run.id)
            if before.version != self.run.version:
                raise Conflict(f"run {self.run.id} is worked off by somebody else")
            if also:
                also(work)
            self.run = work.apply(RUNS, decide(before))

    def _importing(self) -> Iterator[None]:
        content = kept.read(self.desk.store, self.desk.sealer, self.run.id, kept.UPLOAD)
        assert content is not None, "the file stays until the run has ended"
        roster = self._roster = self._roster or self._read(content)
        if self.run.state is RunState.WAITING:
            self._begin(roster)
        yield
        batches = list(importing.batches(roster.entries, batch_rows(self.desk, self.run)))
        dry, guarded = self.run.options.dry_run, self.run.options.all_or_nothing and not self.run.pieces
        if dry or guarded:
            counts, problems = yield from self._rehearsed(batches, roster)
            if dry or counts.wrong:
                self._end(content, roster, counts if dry else replace(counts, imported=0), problems)
                return
        taking = Import(self.desk, self.run)
        for batch in batches[self.run.pieces :]:
            self.run = taking.take(self.desk, self.run, batch, roster.headers or {})
            yield
        self._end(content, roster, self.run.counts, ())

    def _read(self, content: bytes) -> Roster:
        project, options = self.run.project, self.run.options
        today = model.today(self.desk.project(project), self.run.started.at)
        rules = Rules(self.desk.policy(project), today, meanings.of(self.desk, project))
        found: Roster = tpool.execute(_interpreted, content, options.format, rules, options.ignore_unknown)
        return found

    def _begin(self, roster: Roster) -> None:
        wrong = len({problem.row for problem in roster.problems}) if roster.usable else roster.rows
        counts = Counts(wrong=wrong, problems=len(roster.problems))
        listed = self._first(roster.problems)
        self.save(
            "begin",
            lambda run: model.begin_run(run, roster.rows, counts, roster.ignored, batch_rows(self.desk, run)),
            lambda work: self._list(work, listed, 0),
        )

    def _rehearsed(self, batches: Batches, roster: Roster) -> Generator[None, None, tuple[Counts, list[Problem]]]:
        """What each batch would do after those before it; only what a later one asks for again is remembered."""
        rehearsing, files = Import(self.desk, self.run), Files({}, {})
        last = {name: number for number, batch in enumerate(batches) for entry in batch for name in (entry.label, entry.who)}
        counts, problems = self.run.counts, list[Problem]()
        for number, batch in enumerate(batches):
            changes = rehearsing.rehearse(batch, roster.headers or {}, files)
            rehearsing.remember(files, changes, [one for one in batch if max(last[one.label], last[one.who]) > number])
            counts = counts.plus(importing.counted(changes))
            problems += changes.problems
            yield
        return counts, problems

    def _end(self, content: bytes, roster: Roster, counts: Counts, problems: Sequence[Problem]) -> None:
        listed = [(one.row, one.column, one.code) for one in (*roster.problems, *problems)]
        found = [*listed, *reports.problems(self.desk.store, self.run.id, of_batches=True)]
        limits = self.desk.policy(self.run.project)["roster"]
        corrected = tpool.execute(_corrected, content, self.run, limits, found) if found and roster.usable else None

        def also(work: Work) -> None:
            self._drop_upload(work)
            self._list(work, self._first(problems), self.run.pieces + 1)
            if corrected:
                until = self.desk.context.now + timedelta(days=limits["corrections_days"])
                kept.keep(work, self.desk.sealer, self.run, kept.CORRECTIONS, corrected, until)

        self.save("end", lambda run: model.end_run(run, self.desk.context.now, counts), also)

    def _undoing(self) -> Iterator[None]:
        for part in undoing.parts(self.desk, self.run)[self.run.steps :]:
            self.run = undoing.take_back(self.desk, self.run, part)
            yield
        self.save("undone", lambda run: model.end_undoing(run, self.desk.context.now))

    def _first(self, problems: Sequence[Problem]) -> Sequence[Problem]:
        most: int = self.desk.policy(self.run.project)["roster"]["max_problems"]
        return sorted(problems, key=lambda problem: problem.row)[:most]

    def _list(self, work: Work, problems: Sequence[Problem], number: int) -> None:
        if problems:
            work.keep(PROBLEMS, importing.problems_document(self.run, number, problems))

    def _drop_upload(self, work: Work) -> None:
        kept.drop(work, self.desk.store, self.run.id, kept.UPLOAD)


def _interpreted(content: bytes, named: str, rules: Rules, ignore_unknown: bool) -> Roster:
    """On a thread of its own: it takes seconds. The file has been read before, so that it is of some use is known."""
    return entries.interpret(reading.read(content, named, rules.policy["roster"]), rules, ignore_unknown)


def _corrected(content: bytes, run: Run, limits: Any, problems: Sequence[tuple[int, str, str]]) -> bytes:
    """Likewise."""
    texts = reports.messages()[run.options.language]
    return corrections.workbook(content, run.options.format, limits, corrections.by_row(problems, texts), run.options.language)
