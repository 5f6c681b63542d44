"""Units and ties: what is asked of them, and the passing of days over them (handbook §1, §2)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from time import monotonic
from typing import Any

from services.residents import model
from services.residents.desk import Desk, View, answered, page
from services.residents.model import Project, Tie, Unit
from services.residents.places import Places
from services.residents.schemas.units import UnitView
from services.residents.store import PROJECTS, UNITS
from steward.errors import NotFound
from steward.facts import Decision
from steward.ids import new_id
from steward.store.work import Work


class Units:
    """What is asked of units."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._store = desk, desk.store

    def register(self, project: str, body: View) -> View:
        """A new unit; its label must be new in the project."""
        use = body.get("use") or model.Use(self._desk.policy(project)["defaults"]["use"])
        with self._store.work() as work:
            home = work.load(PROJECTS, project)
            label, building = body["label"].strip(), body["building"].strip()
            unit = model.register_unit(new_id(), home, label, building, body["area_m2"], use, self._desk.context.now)
            work.apply(PROJECTS, model.units_registered(home, [unit]))
            self._open_building(work, home, building)
            return answered(work, UnitView, self._desk.apply_unit(work, None, Decision(unit), home))

    def listed(self, project: str, query: View) -> View:
        """By label, building, zone or who lives there; by two of the latter as well."""
        if query["label"] is not None:
            return page(UnitView, self._store.read.where(UNITS, {"project": project, "label": query["label"]}), None)
        wanted: dict[str, Any] = {name: query[name] for name in ("building", "state") if query[name] is not None}
        if query["zone"] is not None:
            codes = Places(self._desk).codes_in(project, query["zone"])
            wanted["building"] = {"$in": [code for code in codes if query["building"] in (None, code)]}
        found = self._store.read.page(UNITS, {"project": project, **wanted}, query["cursor"], query["limit"])
        return page(UnitView, found.items, found.next)

    def change(self, project: str, unit: str, body: View) -> View:
        """Other facts; what is left out stays."""
        terms, today = self._desk.terms(project), self._desk.today(project)
        changes = {name: value.strip() if name == "building" else value for name, value in body.items()}
        with self._store.work() as work:
            state = work.load(UNITS, unit, project)
            home = work.load(PROJECTS, project)
            decision = model.change_unit(state, changes, today, terms)
            saved = self._desk.apply_unit(work, state, decision, home)
            if self._open_building(work, home, saved.building):
                work.apply(PROJECTS, model.with_building(home, saved.building))
            return answered(work, UnitView, saved)

    def withdraw(self, project: str, unit: str) -> View:
        """Take a unit out of use."""
        with self._store.work() as work:
            state = work.load(UNITS, unit, project)
            home = work.load(PROJECTS, project)
            now = self._desk.context.now
            gone = model.withdraw_unit(state, model.today(home, now), now)
            work.apply(PROJECTS, model.units_withdrawn(home, [gone.state]))
            return answered(work, UnitView, self._desk.apply_unit(work, state, gone, home))

    def make_tie(self, project: str, unit: str, body: View) -> View:
        """Tie a person on file to a unit, from today unless another day is given."""
        today, most = self._desk.today(project), self._desk.policy(project)["people"]["max_ties"]
        self._desk.require_person(project, body["person"])
        since = body["since"] or today
        tie = Tie(new_id(), body["person"], body["role"], since, body["until"], body["share"], made=self._desk.stamp)
        return self._change(project, unit, lambda state: model.make_tie(state, tie, most))

    def end_tie(self, project: str, unit: str, tie: str, body: View) -> View:
        """End a tie, today unless another day is given."""
        until = body["until"] or self._desk.today(project)
        return self._change_tie(project, unit, tie, lambda state: model.end_tie(state, tie, until, self._desk.stamp))

    def set_share(self, project: str, unit: str, tie: str, body: View) -> View:
        """What an owner owns of the unit."""
        return self._change_tie(project, unit, tie, lambda state: model.set_share(state, tie, body["share"]))

    def turn_due(self) -> None:
        """Who lives in a unit may be somebody else today: ties begin and end at midnight of their project."""
        sizes = self._desk.policy("")["sweep"]
        until = monotonic() + sizes["most_s"]
        while monotonic() < until:
            due = self._store.read.due(UNITS, "turns_at", self._desk.context.now, sizes["batch"])
            if not due or not self._settle(due):
                return

    def work_out_older(self) -> None:
        """Work out who lives in units that were filed before that was kept."""
        sizes = self._desk.policy("")["sweep"]
        until = monotonic() + sizes["most_s"]
        while monotonic() < until:
            older = self._store.read.page(UNITS, {"state": None, "withdrawn_at": None}, None, sizes["batch"]).items
            if not older or not self._settle(older):
                return

    def _settle(self, units: list[Unit]) -> bool:
        """Whether any were settled: each project's in one unit of work."""
        done = False
        for project, some in groupby(sorted(units, key=lambda unit: unit.project), key=lambda unit: unit.project):
            batch = list(some)
            home = self._desk.project(project)
            key = f"turn:{batch[0].id}:{batch[0].version}:{batch[-1].id}:{batch[-1].version}:{len(batch)}"
            with self._store.work(key=key, lenient=True) as work:
                for unit in batch:
                    if (fresh := work.find(UNITS, unit.id)) and fresh.version == unit.version:
                        self._desk.apply_unit(work, fresh, Decision(fresh), home)
                        done = True
        return done

    def _open_building(self, work: Work, home: Project, code: str) -> bool:
        """Whether ``code`` is a building that the project does not list yet; it is on file then."""
        new = bool(code) and code not in home.buildings
        if new:
            self._desk.open_buildings(work, home, [code])
        return new

    def _change_tie(self, project: str, unit: str, tie: str, decide: Callable[[Unit], Decision[Unit]]) -> View:
        if all(known.id != tie for known in self._store.read.get(UNITS, unit, project).ties):
            raise NotFound(f"no tie {tie!r} here")
        return self._change(project, unit, decide)

    def _change(self, project: str, unit: str, decide: Callable[[Unit], Decision[Unit]]) -> View:
        home = self._desk.project(project)
        with self._store.work() as work:
            state = work.load(UNITS, unit, project)
            return answered(work, UnitView, self._desk.apply_unit(work, state, decide(state), home))
