"""An import from end to end: read, plan batch by batch against what is on file, write each batch as one unit of work."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files as resources
from tomllib import loads
from typing import Any, TypeVar

import eventlet
from eventlet import tpool

from services.residents import model, sealing
from services.residents.desk import Desk
from services.residents.model import Person, Project
from services.residents.roster import entries, reading
from services.residents.roster.columns import Rules
from services.residents.roster.entries import Entry, Problem, Roster
from services.residents.roster.planning import Changes, Files, Maker, plan
from services.residents.search import tokens
from services.residents.store import PEOPLE, PROJECTS, UNITS
from steward.errors import AlreadyExists, BadInput, Conflict
from steward.facts import Decision
from steward.ids import new_id
from steward.store.committing import AlreadyDone
from steward.store.repository import Aggregate, Repository
from steward.store.work import Work

A = TypeVar("A", bound=Aggregate)

_TURNS = 6
_PAUSE_S = 0.01


def _read(content: bytes, named: str, rules: Rules, ignore_unknown: bool) -> Roster | BadInput:
    """Runs on a thread of its own; a refusal is handed back, because it is no failure of the thread."""
    try:
        return entries.interpret(reading.read(content, named, rules.policy["roster"]), rules, ignore_unknown)
    except BadInput as refusal:
        return refusal


class Import:
    """One import into one project. ``run`` may be repeated: what is on file already stays as it is."""

    def __init__(self, desk: Desk, project: Project) -> None:
        self._desk, self._project = desk, project
        self._store, self._context = desk.store, desk.context
        self._policy = policy = desk.policy(project.id)
        sealer = desk.sealer
        self._make = Maker(
            project=project,
            policy=policy,
            now=desk.context.now,
            by=desk.context.principal.id,
            new_id=new_id,
            seal=lambda text: sealing.sealed(sealer, text),
            seal_name=sealer.seal,
            key_of=lambda entry: sealing.person_key(sealer, *entry.who),
            tokens_of=lambda entry: tokens.of_person(sealer, project.id, entry.name or "", entry.phones),
        )

    def run(self, content: bytes, query: Mapping[str, Any]) -> dict[str, Any]:
        """Import ``content`` as ``query`` says. Returns the report. Raises BadInput for a file of no use at all."""
        named = reading.format_named(query["filename"], query.get("format"))
        rules = Rules(self._policy, model.today(self._project, self._context.now))
        roster = tpool.execute(_read, content, named, rules, query["ignore_unknown"])
        if isinstance(roster, BadInput):
            raise roster
        dry = query["dry_run"]
        changes = self._walk(roster, write=not dry and not query["all_or_nothing"])
        if query["all_or_nothing"] and (roster.problems or any(change.problems for change in changes)):
            return self._report(roster, changes, query, written=False)
        if query["all_or_nothing"] and not dry:
            changes = self._walk(roster, write=True)
        return self._report(roster, changes, query, written=True)

    def _walk(self, roster: Roster, write: bool) -> list[Changes]:
        """Plan every batch, and write it unless this is a rehearsal. A rehearsal remembers what it would have written."""
        rehearsed = Files({}, {})
        done = []
        for batch in _batches(roster.entries, self._policy["roster"]["batch_rows"]):
            changes = self._settled(batch, roster) if write else self._planned(batch, roster, rehearsed)
            rehearsed.units.update({label: decision.state for label, decision in changes.units.items()})
            rehearsed.people.update({key: decision.state for key, decision in changes.people.items()})
            done.append(changes)
        return done

    def _planned(self, batch: Sequence[Entry], roster: Roster, rehearsed: Files) -> Changes:
        on_file = self._on_file(batch)
        files = Files({**on_file.units, **rehearsed.units}, {**on_file.people, **rehearsed.people})
        return plan(batch, files, self._make, roster.headers or {})

    def _settled(self, batch: Sequence[Entry], roster: Roster) -> Changes:
        """Plan and write one batch; plan it anew when somebody else changed what it was planned on."""
        for turn in range(_TURNS):
            changes = self._planned(batch, roster, Files({}, {}))
            try:
                if not changes.empty:
                    self._write(batch, changes)
            except Conflict:
                if turn == _TURNS - 1:
                    raise
                eventlet.sleep(_PAUSE_S * 2**turn)
            else:
                return changes
        raise AssertionError("unreachable")

    def _on_file(self, batch: Sequence[Entry]) -> Files:
        labels = sorted({entry.label for entry in batch})
        keys = sorted({self._make.key_of(entry) for entry in batch if entry.name})
        here = {"project": self._project.id}
        units = self._store.read.where(UNITS, {**here, "label": {"$in": labels}})
        return Files({unit.label: unit for unit in units}, self._people(keys) if keys else {})

    def _people(self, keys: Sequence[str]) -> dict[str, Person]:
        """Who has one of ``keys``, by it; else who had it before a change of name or phone."""
        here = {"project": self._project.id}
        once = self._store.read.where(PEOPLE, {**here, "former": {"$in": keys}})
        now = self._store.read.where(PEOPLE, {**here, "key": {"$in": keys}})
        return {key: person for person in once for key in (*person.former, person.key)} | {person.key: person for person in now}

    def _write(self, batch: Sequence[Entry], changes: Changes) -> None:
        """One batch, one commit. Raises Conflict when somebody changed any of it since it was planned."""
        key = f"{self._context.key}:{_digest(batch)}"
        try:
            with self._store.work(key=key) as work:
                home = work.load(PROJECTS, self._project.id)
                if changes.new_units:
                    new = [changes.units[label].state for label in changes.new_units]
                    work.apply(PROJECTS, model.units_registered(home, new))
                    self._desk.open_buildings(work, home, {unit.building for unit in new} - {*home.buildings})
                for person in changes.people.values():
                    _fresh(work, PEOPLE, person)
                    work.apply(PEOPLE, person)
                for unit in changes.units.values():
                    self._desk.apply_unit(work, _fresh(work, UNITS, unit), unit, home)
        except (AlreadyExists, AlreadyDone) as error:
            raise Conflict("somebody else filed the same meanwhile") from error

    def _report(self, roster: Roster, changes: Sequence[Changes], query: Mapping[str, Any], written: bool) -> dict[str, Any]:
        problems = sorted([*roster.problems, *(p for change in changes for p in change.problems)], key=lambda p: p.row)
        right = sum(len(change.written) for change in changes)
        unchanged = sum(len(change.unchanged) for change in changes)
        texts = messages()[query["language"]]
        return {
            "rows": roster.rows,
            "imported": right if written else 0,
            "unchanged": unchanged,
            "wrong": roster.rows if not roster.usable else roster.rows - right - unchanged,
            "ignored": list(roster.ignored),
            "problems": [_told(problem, texts) for problem in problems[: self._policy["roster"]["max_problems"]]],
            "problems_total": len(problems),
            "dry_run": query["dry_run"],
        }


def _fresh(work: Work, repository: Repository[A], decision: Decision[A]) -> A | None:
    """What ``decision`` was made about, as it is on file; None: it is new. Raises Conflict when somebody changed it meanwhile."""
    if not decision.state.version:
        return None
    fresh = work.find(repository, decision.state.id)
    if fresh is None or fresh.version != decision.state.version:
        raise Conflict(f"{repository.collection} {decision.state.id} was changed meanwhile")
    return fresh


def _batches(entries: Sequence[Entry], size: int) -> Iterator[Sequence[Entry]]:
    for start in range(0, len(entries), min(size, model.MAX_UNITS_PER_EVENT)):
        yield entries[start : start + min(size, model.MAX_UNITS_PER_EVENT)]


def _digest(batch: Sequence[Entry]) -> str:
    text = "\n".join(repr(entry) for entry in batch)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _told(problem: Problem, texts: Mapping[str, str]) -> dict[str, Any]:
    return {"row": problem.row, "column": problem.column, "code": problem.code, "message": texts[problem.code]}


@cache
def messages() -> dict[str, dict[str, str]]:
    """What reports say about each code, by language."""
    return loads(resources("services.residents").joinpath("locale/roster.toml").read_text(encoding="utf-8"))
