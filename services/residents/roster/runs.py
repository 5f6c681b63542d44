"""What is asked of imports 导入批次: to begin one, to follow it, to have its wrong rows back, to undo it."""

from __future__ import annotations

import base64
import hashlib
from time import monotonic

import eventlet
from eventlet import tpool

from services.residents import model
from services.residents.desk import Desk, View, save
from services.residents.model import Options, Run
from services.residents.roster import kept, reading, reports
from services.residents.store import RUNS
from steward.errors import BadInput, NotFound
from steward.facts import Decision
from steward.ids import new_id
from steward.store.committing import AlreadyDone

_LOOK_S, _LOOK_MOST_S = 0.02, 0.25


class Runs:
    """What is asked of them."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._store = desk, desk.store

    def begin(self, project: str, content: bytes, query: View) -> View:
        """Take a file in, seal it, and tell how far its import is: at its end, if that comes soon. Raises BadInput for a file of no use."""
        self._desk.project(project)
        named = reading.format_named(query["filename"], query.get("format"))
        refusal = tpool.execute(_refusal, content, named, self._desk.policy(project)["roster"])
        if refusal:
            raise refusal
        names = ("dry_run", "all_or_nothing", "ignore_unknown", "language")
        options = Options(named, **{name: query[name] for name in names})
        run = Run(new_id(), project, self._desk.stamp, query["filename"], hashlib.sha256(content).hexdigest(), options)
        return self._awaited(project, self._filed(run, content))

    def listed(self, project: str, query: View) -> View:
        """The runs of a project, the latest first, in figures."""
        found = self._store.read.page(RUNS, {"project": project}, query["cursor"], query["limit"])
        return {"items": [reports.summed_up(run) for run in found.items], "next": found.next}

    def told(self, project: str, run: str, query: View) -> View:
        """One run, as far as it is."""
        return reports.told_whole(self._desk, self._run(project, run), query.get("language"))

    def corrections(self, project: str, run: str) -> View:
        """Its wrong rows as a workbook. Raises NotFound where there are none, or they are kept no longer."""
        self._run(project, run)
        content = kept.read(self._store, self._desk.sealer, run, kept.CORRECTIONS)
        if content is None:
            raise NotFound("no corrections of this run, or no longer")
        return {"content": base64.b64encode(content).decode()}

    def undo(self, project: str, run: str) -> View:
        """Take back what the run made and nobody has changed since. Raises IllegalTransition."""
        try:
            with self._store.work() as work:
                state = work.load(RUNS, run, project)
                save(work, RUNS, state, model.undo_run(state, self._desk.stamp))
        except AlreadyDone as done:
            self._require_same(done)
        return self._awaited(project, run)

    def _filed(self, run: Run, content: bytes) -> str:
        """The id of the run; of the earlier one, where the same request is repeated. Raises AlreadyDone when it is another one."""
        try:
            with self._store.work() as work:
                kept.keep(work, self._desk.sealer, run, kept.UPLOAD, content)
                work.apply(RUNS, Decision(run))
                work.answer({"id": run.id})
        except AlreadyDone as done:
            self._require_same(done)
            return str(self._desk.sealer.open_answer(done.answer)["id"])
        return run.id

    def _require_same(self, done: AlreadyDone) -> None:
        """Raises ``done`` unless it was this very request: then it is told how far that is by now."""
        if done.fingerprint != self._desk.context.fingerprint:
            raise done

    def _awaited(self, project: str, run: str) -> View:
        """The run once it has ended, or as it is after a short wait."""
        until, pause_s = monotonic() + self._desk.policy(project)["roster"]["wait_s"], _LOOK_S
        while (found := self._run(project, run)).under_way and monotonic() < until:
            eventlet.sleep(pause_s)
            pause_s = min(pause_s * 1.5, _LOOK_MOST_S)
        return reports.told_whole(self._desk, found)

    def _run(self, project: str, run: str) -> Run:
        return self._store.read.get(RUNS, run, project)


def _refusal(content: bytes, named: str, limits: View) -> BadInput | None:
    """Runs on a thread of its own; a refusal is handed back, because it is no failure of the thread."""
    try:
        reading.read(content, named, limits)
    except BadInput as refusal:
        return refusal
    return None
