"""How the tree, its people and their vehicles are kept and found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.residents.model import Building, Columns, Kind, Person, Project, Run, Unit, Vehicle, Zone
from services.residents.model.access import AccessRequest, AccessState
from services.residents.model.cards import Card, CardState
from services.residents.model.cases import Case, State
from services.residents.model.contacts import awaits_first_visit
from services.residents.model.erasures import Erasure
from services.residents.model.purges import Hold, Purge
from services.residents.model.vacancies import VacancyCount
from steward.store.repository import Repository

CONTACTS = "contacts"
"""Plain documents: when a person, or somebody of a unit, was reached last."""
FILES = "roster_files"
"""Plain documents: files of runs, sealed, in pieces."""
MADE = "roster_made"
"""Plain documents: what each commit of a run made, by ids."""
PROBLEMS = "roster_problems"
"""Plain documents: what is wrong in rows of a run."""
REVIEWS = "purge_reviews"
"""Plain documents: for which day the files of a project were last looked through; None: they are to be, now."""
STAYS = "roster_stays"
"""Plain documents: what of a run stays though it was undone, and why."""


def _unit_fields(unit: Unit) -> Mapping[str, Any]:
    unvisited = {"unvisited": True} if awaits_first_visit(unit) else {}
    return {"tied": sorted({tie.person for tie in unit.ties}), **unvisited}


def _person_fields(person: Person) -> Mapping[str, Any]:
    return {"prints": sorted({phone.fingerprint for phone in person.phones}), "cared": person.care is not None}


def _vehicle_fields(vehicle: Vehicle) -> Mapping[str, Any]:
    """``taken`` keeps two vehicles that are here from having one plate."""
    print_ = vehicle.plate.fingerprint
    spaces = sorted({lease.space for lease in vehicle.leases})
    return {"plates": print_, "spaces": spaces} | ({} if vehicle.gone else {"taken": print_})


def _case_fields(case: Case) -> Mapping[str, Any]:
    """``taken`` keeps two open cases from being about the same: a unit is handed over, a space let once, to whomever."""
    whose = "" if case.kind in (Kind.HANDOVER, Kind.PARKING) else case.person
    return {"taken": f"{case.kind}:{case.unit}:{whose}"} if case.state is State.OPEN else {}


def _card_fields(card: Card) -> Mapping[str, Any]:
    """``taken`` keeps two cards that are out from having one number."""
    return {"taken": card.printed} if card.printed and card.state is not CardState.RETURNED else {}


def _run_fields(run: Run) -> Mapping[str, Any]:
    return {"open": True} if run.under_way else {}


def _access_fields(request: AccessRequest) -> Mapping[str, Any]:
    return {"ends_at": None if request.state is AccessState.ENDED else request.until}


PROJECTS = Repository("projects", Project)
ZONES = Repository("zones", Zone)
BUILDINGS = Repository("buildings", Building)
UNITS = Repository("units", Unit, _unit_fields)
PEOPLE = Repository("people", Person, _person_fields)
COLUMNS = Repository("roster_columns", Columns)
RUNS = Repository("roster_runs", Run, _run_fields)
VEHICLES = Repository("vehicles", Vehicle, _vehicle_fields)
CASES = Repository("cases", Case, _case_fields)
CARDS = Repository("cards", Card, _card_fields)
PURGES = Repository("purges", Purge)
ACCESS = Repository("access_requests", AccessRequest, _access_fields)
ERASURES = Repository("erasures", Erasure)
HOLDS = Repository("holds", Hold)
VACANCY_COUNTS = Repository("vacancy_counts", VacancyCount)
