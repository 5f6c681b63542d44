"""Taking back what a run made, a part at a time, each with its events so that copies elsewhere follow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from services.residents import model
from services.residents.desk import Desk
from services.residents.model import Made, Run, Stay, TakenBack
from services.residents.roster.importing import alone, batch_rows, made_id
from services.residents.store import MADE, PEOPLE, PROJECTS, RUNS, STAYS, UNITS, VEHICLES
from services.residents.underway import people_needed, units_needed
from steward.errors import Conflict
from steward.facts import Decision, Fact
from steward.store.committing import AlreadyDone
from steward.store.work import Work

Part = tuple[str, dict[str, Made]]
Stays = list[dict[str, Any]]


def parts(desk: Desk, run: Run) -> list[Part]:
    """What ``run`` made, in the parts in which it is taken back: units first, because people can go only when no tie needs them."""
    units: dict[str, Made] = {}
    people: dict[str, Made] = {}
    for number in range(run.pieces):
        document = desk.store.read.plain(MADE, made_id(run.id, number)) or {"units": (), "people": ()}
        _gather(units, ((name, Made(version, new, frozenset(ties))) for name, version, new, ties in document["units"]))
        _gather(people, ((name, Made(version, new)) for name, version, new in document["people"]))
    size = batch_rows(desk, run)
    return [*_cut("units", units, size), *_cut("people", people, size)]


def take_back(desk: Desk, run: Run, part: Part) -> Run:
    """Take back one part; returns the run. Raises Conflict when somebody changes any of it meanwhile."""
    kind, made = part
    assert run.undone is not None
    try:
        with desk.store.work(key=f"roster:{run.id}:undo:{run.steps}", at=run.undone.at, behalf=run.undone.by) as work:
            before = work.load(RUNS, run.id)
            if before.version != run.version:
                raise Conflict(f"run {run.id} is worked off by somebody else")
            taken, stays = (_units if kind == "units" else _people)(desk, work, run, made)
            if stays:
                work.keep(STAYS, {"_id": made_id(run.id, run.steps), "project": run.project, "run": run.id, "stays": stays})
            return work.apply(RUNS, model.undo_step(before, taken))
    except AlreadyDone as error:
        raise Conflict("somebody else has done it") from error


def _units(desk: Desk, work: Work, run: Run, made: dict[str, Made]) -> tuple[TakenBack, Stays]:
    now = desk.context.now
    home = work.load(PROJECTS, run.project)
    before = work.where(UNITS, {"_id": {"$in": list(made)}})
    needed = units_needed(desk, run.project, made)
    outcomes = [(unit, *model.take_back_unit(unit, made[unit.id], now, unit.id in needed)) for unit in before]
    gone = [decision.state for unit, decision, _ in outcomes if decision.state.withdrawn_at != unit.withdrawn_at]
    facts = [fact for _, decision, _ in outcomes for fact in decision.facts]
    _tell(work, run, gone, facts)
    for unit, decision, _ in outcomes:
        if decision.state != unit:
            desk.apply_unit(work, unit, alone(decision), home)
    stays = [{"kind": "unit", "id": unit.id, "reason": str(why)} for unit, _, why in outcomes if why]
    return TakenBack(ties=len(facts), units=len(gone), stay=len(stays)), stays


def _people(desk: Desk, work: Work, run: Run, made: dict[str, Made]) -> tuple[TakenBack, Stays]:
    ids, here = list(made), {"project": run.project}
    tied = {tie.person for unit in desk.store.read.where(UNITS, {**here, "tied": {"$in": ids}}, limit=0) for tie in unit.ties}
    driving = {one.person for one in desk.store.read.where(VEHICLES, {**here, "person": {"$in": ids}}, limit=0)}
    before = work.where(PEOPLE, {"_id": {"$in": ids}})
    holds = {Stay.TIED: tied, Stay.VEHICLE: driving, Stay.NEEDED: people_needed(desk, run.project, ids)}
    outcomes = [(person, *model.take_back_person(person, made[person.id], holds, desk.context.now)) for person in before]
    facts = [fact for _, decision, _ in outcomes for fact in decision.facts]
    _tell(work, run, (), facts)
    for person, decision, _ in outcomes:
        if decision.state != person:
            work.apply(PEOPLE, alone(decision))
    stays = [{"kind": "person", "id": person.id, "reason": str(why)} for person, _, why in outcomes if why]
    return TakenBack(people=len(facts), stay=len(stays)), stays


def _tell(work: Work, run: Run, gone: Sequence[model.Unit], facts: Iterable[Fact]) -> None:
    home = work.load(PROJECTS, run.project)
    withdrawn = model.units_withdrawn(home, gone)
    told = (*model.told_together(facts), *withdrawn.facts)
    if told:
        work.apply(PROJECTS, Decision(withdrawn.state, told))


def _gather(found: dict[str, Made], more: Iterable[tuple[str, Made]]) -> None:
    for name, made in more:
        found[name] = found[name].then(made) if name in found else made


def _cut(kind: str, made: dict[str, Made], size: int) -> list[Part]:
    ids = list(made)
    return [(kind, {name: made[name] for name in ids[start : start + size]}) for start in range(0, len(ids), size)]
