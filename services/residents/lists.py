"""What security may know (handbook §1, privacy)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

from services.residents import model
from services.residents.desk import Desk, View, page
from services.residents.model import Vehicle
from services.residents.schemas.lists import SecurityView
from services.residents.store import PEOPLE, UNITS, VEHICLES

_MOST = 10_000


class Lists:
    """Lists that are read, never filed: each time as things are."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._read = desk, desk.store.read

    def security(self, project: str, query: View) -> View:
        """Who belongs to each unit today, and which vehicles; no phone, no address, no identity number."""
        found = self._read.page(UNITS, {"project": project}, query["cursor"], query["limit"], model.in_use)
        today = self._desk.today(project)
        tied = {unit.id: unit.ties_on(today) for unit in found.items}
        names = self._names(project, {tie.person for ties in tied.values() for tie in ties})
        vehicles = self._vehicles(project, tied)
        rows: list[dict[str, Any]] = [
            {
                "unit": unit.id,
                "label": unit.label,
                "state": unit.state,
                "people": [{"name": names[tie.person], "role": tie.role} for tie in tied[unit.id] if tie.person in names],
                "plates": sorted(self._plate(vehicle) for vehicle in vehicles[unit.id]),
                "permits": [row for vehicle in vehicles[unit.id] for row in self._permits(vehicle, today)],
            }
            for unit in found.items
        ]
        return page(SecurityView, rows, found.next)

    def _names(self, project: str, people: Iterable[str]) -> dict[str, str]:
        found = self._read.where(PEOPLE, {"_id": {"$in": sorted(people)}, "project": project}, limit=_MOST)
        return {person.id: self._desk.sealer.open(person.name) for person in found}

    def _vehicles(self, project: str, units: Iterable[str]) -> dict[str, list[Vehicle]]:
        found: dict[str, list[Vehicle]] = defaultdict(list)
        for vehicle in self._read.where(VEHICLES, {"project": project, "unit": {"$in": sorted(units)}}, limit=_MOST):
            if vehicle.gone is None:
                found[vehicle.unit].append(vehicle)
        return found

    def _plate(self, vehicle: Vehicle) -> str:
        return self._desk.sealer.open(vehicle.plate.text)

    def _permits(self, vehicle: Vehicle, today: date) -> list[dict[str, Any]]:
        return [{**vars(lease), "plate": self._plate(vehicle)} for lease in vehicle.leases if lease.holds_on(today)]
