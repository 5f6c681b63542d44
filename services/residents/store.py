"""How projects, units and people are kept and found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.residents.model import Person, Project, Unit
from steward.store.repository import Repository

IMPORTS = "imports"
"""Plain documents: what each roster did."""


def _unit_fields(unit: Unit) -> Mapping[str, Any]:
    return {"tied": sorted({tie.person for tie in unit.ties})}


def _person_fields(person: Person) -> Mapping[str, Any]:
    return {"prints": sorted({phone.fingerprint for phone in person.phones})}


PROJECTS = Repository("projects", Project)
UNITS = Repository("units", Unit, _unit_fields)
PEOPLE = Repository("people", Person, _person_fields)
