"""How the tree, its people and their vehicles are kept and found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.residents.model import Building, Columns, Person, Project, Run, Unit, Vehicle, Zone
from steward.store.repository import Repository

FILES = "roster_files"
"""Plain documents: files of runs, sealed, in pieces."""
MADE = "roster_made"
"""Plain documents: what each commit of a run made, by ids."""
PROBLEMS = "roster_problems"
"""Plain documents: what is wrong in rows of a run."""
STAYS = "roster_stays"
"""Plain documents: what of a run stays though it was undone, and why."""


def _unit_fields(unit: Unit) -> Mapping[str, Any]:
    return {"tied": sorted({tie.person for tie in unit.ties})}


def _person_fields(person: Person) -> Mapping[str, Any]:
    return {"prints": sorted({phone.fingerprint for phone in person.phones}), "cared": person.care is not None}


def _vehicle_fields(vehicle: Vehicle) -> Mapping[str, Any]:
    """``taken`` keeps two vehicles that are here from having one plate."""
    print_ = vehicle.plate.fingerprint
    return {"plates": print_} | ({} if vehicle.gone else {"taken": print_})


def _run_fields(run: Run) -> Mapping[str, Any]:
    return {"open": True} if run.under_way else {}


PROJECTS = Repository("projects", Project)
ZONES = Repository("zones", Zone)
BUILDINGS = Repository("buildings", Building)
UNITS = Repository("units", Unit, _unit_fields)
PEOPLE = Repository("people", Person, _person_fields)
COLUMNS = Repository("roster_columns", Columns)
RUNS = Repository("roster_runs", Run, _run_fields)
VEHICLES = Repository("vehicles", Vehicle, _vehicle_fields)
