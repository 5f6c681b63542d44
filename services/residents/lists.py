"""Lists for others in the house: vacant units, and what security may know (handbook §1 privacy, §2 vacant units)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

from services.residents.desk import Desk, View, page
from services.residents.model import Occupancy, Role, Unit
from services.residents.schemas.lists import SecurityView, VacantView
from services.residents.store import PEOPLE, UNITS, VEHICLES

_MOST = 10_000


class Lists:
    """Lists that are read, never filed: each time as things are."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._read = desk, desk.store.read

    def vacant(self, project: str, query: View) -> View:
        """Units in which nobody lives; ``sold`` tells those with an owner from those that the developer has still."""
        wanted = {"project": project, "state": Occupancy.VACANT.value, "withdrawn_at": None}
        found, today = self._read.page(UNITS, wanted, query["cursor"], query["limit"]), self._desk.today(project)
        return page(VacantView, [{**vars(unit), "sold": _has_owner(unit, today)} for unit in found.items], found.next)

    def security(self, project: str, query: View) -> View:
        """Who belongs to each unit today, and which vehicles; no phone, no address, no identity number."""
        found = self._read.page(UNITS, {"project": project, "withdrawn_at": None}, query["cursor"], query["limit"])
        today = self._desk.today(project)
        tied = {unit.id: unit.ties_on(today) for unit in found.items}
        names = self._names(project, {tie.person for ties in tied.values() for tie in ties})
        plates = self._plates(project, tied)
        rows: list[dict[str, Any]] = [
            {
                "unit": unit.id,
                "label": unit.label,
                "state": unit.state,
                "people": [{"name": names[tie.person], "role": tie.role} for tie in tied[unit.id] if tie.person in names],
                "plates": sorted(plates[unit.id]),
            }
            for unit in found.items
        ]
        return page(SecurityView, rows, found.next)

    def _names(self, project: str, people: Iterable[str]) -> dict[str, str]:
        found = self._read.where(PEOPLE, {"_id": {"$in": sorted(people)}, "project": project}, limit=_MOST)
        return {person.id: self._desk.sealer.open(person.name) for person in found}

    def _plates(self, project: str, units: Iterable[str]) -> dict[str, list[str]]:
        plates: dict[str, list[str]] = defaultdict(list)
        for vehicle in self._read.where(VEHICLES, {"project": project, "unit": {"$in": sorted(units)}}, limit=_MOST):
            if vehicle.gone is None:
                plates[vehicle.unit].append(self._desk.sealer.open(vehicle.plate.text))
        return plates


def _has_owner(unit: Unit, today: date) -> bool:
    return any(tie.role is Role.OWNER for tie in unit.ties_on(today))
