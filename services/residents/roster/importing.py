"""Taking rows of a roster into a project's files: each batch planned against what is on file and written as one unit of work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar

import eventlet

from services.residents import model, sealing
from services.residents.desk import Desk
from services.residents.model import Counts, Person, Project, Run, Sealed, Unit
from services.residents.roster.entries import Entry
from services.residents.roster.planning import Changes, Files, Maker, plan
from services.residents.search import tokens
from services.residents.store import MADE, PEOPLE, PROBLEMS, PROJECTS, RUNS, UNITS
from steward.errors import AlreadyExists, Conflict
from steward.facts import Decision
from steward.ids import new_id
from steward.store.committing import AlreadyDone
from steward.store.repository import Aggregate, Repository
from steward.store.work import Work

A = TypeVar("A", bound=Aggregate)

_TURNS = 6
_PAUSE_S = 0.01


class Where(Protocol):
    """Reads aggregates that match a query."""

    def __call__(self, repository: Repository[A], query: Mapping[str, Any]) -> list[A]: ...


class Import:
    """One import into one project. What is on file already stays as it is, so it may be repeated."""

    def __init__(self, desk: Desk, run: Run) -> None:
        self._desk, self._project = desk, desk.project(run.project)
        self._maker = _maker(desk, self._project, run)
        self._rehearsing = replace(self._maker, seal=self._fingerprint, seal_name=lambda text: "", tokens_of=lambda entry: ())

    def take(self, desk: Desk, run: Run, batch: Sequence[Entry], headers: Mapping[str, str]) -> Run:
        """Write one batch and how far ``run`` is by then, in one commit; plan it anew when somebody changed what it was planned on.

        Raises Conflict when somebody always does, or ``run`` is not what it was.
        """
        for turn in range(_TURNS):
            try:
                return self._take(desk, run, batch, headers)
            except (AlreadyExists, Conflict):
                if turn == _TURNS - 1:
                    raise
                eventlet.sleep(_PAUSE_S * 2**turn)
        raise AssertionError("unreachable")

    def rehearse(self, batch: Sequence[Entry], headers: Mapping[str, str], rehearsed: Files) -> Changes:
        """What a batch would change after those whose outcome is in ``rehearsed``; nothing is sealed, because nothing is written."""
        on_file = self._on_file(self._everything, batch)
        files = Files({**on_file.units, **rehearsed.units}, {**on_file.people, **rehearsed.people})
        return plan(batch, files, self._rehearsing, headers)

    def remember(self, rehearsed: Files, changes: Changes, entries: Sequence[Entry]) -> None:
        """What ``changes`` would have written of ``entries``, which later batches ask for again."""
        labels, keys = {entry.label for entry in entries}, {self._maker.key_of(entry) for entry in entries}
        rehearsed.units.update({label: one.state for label, one in changes.units.items() if label in labels})
        rehearsed.people.update({key: one.state for key, one in changes.people.items() if key in keys})

    def _take(self, desk: Desk, run: Run, batch: Sequence[Entry], headers: Mapping[str, str]) -> Run:
        key = f"roster:{run.id}:{run.pieces}"
        try:
            with desk.store.work(key=key, at=self._maker.now, behalf=run.started.by) as work:
                before = work.load(RUNS, run.id)
                if before.version != run.version:
                    raise Conflict(f"run {run.id} is worked off by somebody else")
                changes = plan(batch, self._on_file(work.where, batch), self._maker, headers)
                eventlet.sleep(0)  # planning and writing keep the processor for a while each; others have their turn between
                self._write(desk, work, run, changes)
                return work.apply(RUNS, model.progress_run(before, counted(changes)))
        except AlreadyDone as error:
            raise Conflict("somebody else has written it") from error

    def _write(self, desk: Desk, work: Work, run: Run, changes: Changes) -> None:
        people, units = list(changes.people.values()), list(changes.units.values())
        facts = [fact for decision in (*people, *units) for fact in decision.facts if fact.name in model.TOGETHER]
        if people or units:
            home = self._announce(desk, work, [changes.units[label].state for label in changes.new_units], model.told_together(facts))
            filed = [work.apply(PEOPLE, alone(decision)) for decision in people]
            saved = [desk.apply_unit(work, work.known(UNITS, decision.state.id), alone(decision), home) for decision in units]
            work.keep(MADE, _made(run, changes, filed, saved))
        if changes.problems:
            work.keep(PROBLEMS, problems_document(run, run.pieces + 1, changes.problems))

    def _announce(self, desk: Desk, work: Work, new: Sequence[Unit], told: tuple[Any, ...]) -> Project:
        """The project with its new units, its event log told of everything that is told by the hundred."""
        home = work.load(PROJECTS, self._project.id)
        registered = model.units_registered(home, new)
        if registered.facts or told:
            work.apply(PROJECTS, Decision(registered.state, (*registered.facts, *told)))
        desk.open_buildings(work, home, {unit.building for unit in new} - {*home.buildings})
        return home

    def _on_file(self, where: Where, batch: Sequence[Entry]) -> Files:
        labels = sorted({entry.label for entry in batch})
        keys = sorted({self._maker.key_of(entry) for entry in batch if entry.name})
        units = where(UNITS, {"project": self._project.id, "label": {"$in": labels}})
        return Files({unit.label: unit for unit in units}, self._people(where, keys) if keys else {})

    def _people(self, where: Where, keys: Sequence[str]) -> dict[str, Person]:
        """Who has one of ``keys``, by it; else who had it before a change of name or phone."""
        here = {"project": self._project.id}
        once = where(PEOPLE, {**here, "former": {"$in": keys}})
        now = where(PEOPLE, {**here, "key": {"$in": keys}})
        return {key: person for person in once for key in (*person.former, person.key)} | {person.key: person for person in now}

    def _everything(self, repository: Repository[A], query: Mapping[str, Any]) -> list[A]:
        return self._desk.store.read.where(repository, query, limit=0)

    def _fingerprint(self, text: str) -> Sealed:
        return Sealed("", self._desk.sealer.fingerprint(text))


def counted(changes: Changes) -> Counts:
    """The rows of ``changes`` by what became of them."""
    problems = len(changes.problems)
    return Counts(len(changes.written), len(changes.unchanged), problems, problems)


def batch_rows(desk: Desk, run: Run) -> int:
    """How many rows a commit of ``run`` has: what the policy said when it began, or says now if it has not."""
    size: int = run.batch_rows or desk.policy(run.project)["roster"]["batch_rows"]
    return size


def batches(entries: Sequence[Entry], size: int) -> Iterator[Sequence[Entry]]:
    """``entries``, so many at a time."""
    return (entries[start : start + size] for start in range(0, len(entries), size))


def problems_document(run: Run, number: int, problems: Sequence[Any]) -> dict[str, Any]:
    """What is wrong in rows of ``run``, as it is kept: never what stands in a cell."""
    listed = [[problem.row, problem.column, problem.code] for problem in problems]
    return {"_id": f"{run.id}:{number:06d}", "project": run.project, "run": run.id, "number": number, "problems": listed}


def made_id(run: str, number: int) -> str:
    """The id of what the commit of that number made."""
    return f"{run}:{number:06d}"


def alone(decision: Decision[A]) -> Decision[A]:
    """``decision`` without the facts that are told by the hundred."""
    return replace(decision, facts=tuple(fact for fact in decision.facts if fact.name not in model.TOGETHER))


def _made(run: Run, changes: Changes, people: Sequence[Person], units: Sequence[Unit]) -> dict[str, Any]:
    """What this commit made, with the versions that it left: who changes any of it later leaves another."""
    new, now = {*changes.new_units}, changes.made_ties
    return {
        "_id": made_id(run.id, run.pieces),
        "project": run.project,
        "run": run.id,
        "units": [[unit.id, unit.version, unit.label in new, [tie.id for tie in unit.ties if tie.id in now]] for unit in units],
        "people": [[person.id, person.version, person.version == 1] for person in people],
    }


def _maker(desk: Desk, project: Project, run: Run) -> Maker:
    sealer = desk.sealer
    return Maker(
        project=project,
        policy=desk.policy(project.id),
        now=run.started.at,
        by=run.started.by,
        new_id=new_id,
        seal=lambda text: sealing.sealed(sealer, text),
        seal_name=sealer.seal,
        key_of=lambda entry: sealing.person_key(sealer, *entry.who),
        tokens_of=lambda entry: tokens.of_person(sealer, project.id, entry.name or "", entry.phones),
    )
