"""Zones and buildings: the tree above the units (handbook §1)."""

from __future__ import annotations

from services.residents import model
from services.residents.desk import Desk, View, answered, save, told
from services.residents.model import Building, Project, Zone
from services.residents.schemas.places import BuildingView, TreeView, ZoneView
from services.residents.store import BUILDINGS, PROJECTS, ZONES
from steward.errors import BadInput
from steward.store.work import Work

_MOST = 10_000
"""Zones and buildings of one project; beyond that the first ones are read."""


class Places:
    """What is asked of the tree."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._store = desk, desk.store

    def tree(self, project: str) -> View:
        """The whole tree down to its buildings."""
        home = self._desk.project(project)
        zones = sorted(self._store.read.where(ZONES, {"project": project}, limit=_MOST), key=lambda zone: zone.code)
        buildings = sorted(self._store.read.where(BUILDINGS, {"project": project}, limit=_MOST), key=lambda one: one.code)
        inside: dict[str | None, list[Building]] = {}
        for building in buildings:
            inside.setdefault(building.zone, []).append(building)
        listed = [{**vars(zone), "buildings": inside.get(zone.id, [])} for zone in zones]
        return told(TreeView, {"company": home.company, "project": project, "zones": listed, "buildings": inside.get(None, [])})

    def codes_in(self, project: str, zone: str) -> list[str]:
        """What the units of a zone call their buildings. Raises BadInput (zone)."""
        self._require_zone(project, zone)
        found = self._store.read.where(BUILDINGS, {"project": project, "zone": zone}, limit=_MOST)
        return [building.code for building in found]

    def open_zone(self, project: str, body: View) -> View:
        """A new zone; its code must be new in the project."""
        with self._store.work() as work:
            home = work.load(PROJECTS, project)
            code = body["code"].strip()
            known = work.find(ZONES, model.zone_id(home, code))
            decision = model.open_zone(known, home, code, body["name"], body["name_en"], self._desk.context.now)
            return answered(work, ZoneView, work.apply(ZONES, decision))

    def change_zone(self, project: str, zone: str, body: View) -> View:
        """Other names."""
        with self._store.work() as work:
            state: Zone = work.load(ZONES, zone, project)
            decision = model.change_zone(state, body.get("name", state.name), body.get("name_en", state.name_en))
            return answered(work, ZoneView, save(work, ZONES, state, decision))

    def open_building(self, project: str, body: View) -> View:
        """A new building; its code must be new in the project."""
        if body["zone"] is not None:
            self._require_zone(project, body["zone"])
        with self._store.work() as work:
            home: Project = work.load(PROJECTS, project)
            code = body["code"].strip()
            known = work.find(BUILDINGS, model.building_id(home, code))
            names = (body["name"], body["name_en"])
            decision = model.open_building(known, home, code, names, body["zone"], self._desk.context.now)
            building = work.apply(BUILDINGS, decision)
            work.apply(PROJECTS, model.with_building(home, code))
            return answered(work, BuildingView, building)

    def change_building(self, project: str, building: str, body: View) -> View:
        """Other names, another zone."""
        if body.get("zone") is not None:
            self._require_zone(project, body["zone"])
        with self._store.work() as work:
            state = work.load(BUILDINGS, building, project)
            wanted = {name: body.get(name, getattr(state, name)) for name in ("name", "name_en", "zone")}
            return answered(work, BuildingView, save(work, BUILDINGS, state, model.change_building(state, **wanted)))

    def file_older(self) -> None:
        """File the buildings of projects that were opened before buildings had files of their own, project by project."""
        for older in (None, *range(model.TREE)):
            for project in self._store.read.where(PROJECTS, {"tree": older}):
                with self._store.work(key=f"tree:{project.id}:{model.TREE}:{project.version}", lenient=True) as work:
                    self._file(work, project.id)

    def _file(self, work: Work, project: str) -> None:
        home = work.load(PROJECTS, project)
        if home.tree < model.TREE:
            self._desk.open_buildings(work, home, home.buildings)
            work.apply(PROJECTS, model.filed(home))

    def _require_zone(self, project: str, zone: str) -> None:
        if not any(known.id == zone for known in self._store.read.where(ZONES, {"project": project}, limit=_MOST)):
            raise BadInput.of("zone", "is not a zone of this project")
