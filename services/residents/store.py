"""How the tree, its people and their vehicles are kept and found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.residents.model import Building, Person, Project, Unit, Vehicle, Zone
from steward.store.repository import Repository

IMPORTS = "imports"
"""Plain documents: what each roster did."""


def _unit_fields(unit: Unit) -> Mapping[str, Any]:
    return {"tied": sorted({tie.person for tie in unit.ties})}


def _person_fields(person: Person) -> Mapping[str, Any]:
    return {"prints": sorted({phone.fingerprint for phone in person.phones}), "cared": person.care is not None}


def _vehicle_fields(vehicle: Vehicle) -> Mapping[str, Any]:
    """``taken`` keeps two vehicles that are here from having one plate."""
    print_ = vehicle.plate.fingerprint
    return {"plates": print_} | ({} if vehicle.gone else {"taken": print_})


PROJECTS = Repository("projects", Project)
ZONES = Repository("zones", Zone)
BUILDINGS = Repository("buildings", Building)
UNITS = Repository("units", Unit, _unit_fields)
PEOPLE = Repository("people", Person, _person_fields)
VEHICLES = Repository("vehicles", Vehicle, _vehicle_fields)
