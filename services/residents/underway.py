"""What is under way with people and units, so that nobody takes them off file meanwhile."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from services.residents.desk import Desk
from services.residents.model import Unit, keep_until, purges
from services.residents.model.cards import CardState
from services.residents.model.cases import Case, State
from services.residents.store import CARDS, CASES, HOLDS, UNITS, VEHICLES

Needed = dict[str, date | None]
"""Grounds, and the day on which each ends, where that is known."""

_MOST = 10_000


def units_of(desk: Desk, project: str, person: str) -> list[Unit]:
    """The units that ``person`` is or was tied to."""
    return desk.store.read.where(UNITS, {"project": project, "tied": person}, limit=_MOST)


def needs(desk: Desk, project: str, people: Collection[str], today: date) -> dict[str, Needed]:
    """Why the file of each of ``people`` is needed today: on which grounds, and until when, where that is known."""
    read, years, among = desk.store.read, desk.policy(project)["units"]["former_owner_years"], {"$in": sorted(people)}
    units = read.where(UNITS, {"project": project, "tied": among}, limit=0)
    vehicles = read.where(VEHICLES, {"project": project, "person": among}, limit=0)
    placed = [hold for hold in read.where(HOLDS, {"project": project, "person": among}, limit=0) if hold.released is None]
    cases = open_cases(desk, project)
    found: dict[str, Needed] = {person: purges.needs(person, units, cases, vehicles, today) for person in people}
    for person, needed in found.items():
        until = keep_until([tie for unit in units for tie in unit.ties if tie.person == person], today, years)
        needed.update({purges.RULE: until} if until is not None and until > today else {})
        needed.update(dict.fromkeys(hold.ground for hold in placed if hold.person == person))
    return found


def open_cases(desk: Desk, project: str, **about: str) -> list[Case]:
    """The open cases of ``project``, or those ``about`` a unit."""
    found = desk.store.read.where(CASES, {"project": project, **(about or {"state": State.OPEN.value})}, limit=0)
    return [case for case in found if case.state is State.OPEN]


def people_needed(desk: Desk, project: str, people: Collection[str]) -> set[str]:
    """Those of ``people`` whom an open case names, or who have a card."""
    held = {"project": project, "holder": {"$in": sorted(people)}}
    holders = {card.holder for card in desk.store.read.where(CARDS, held, limit=0) if card.state is not CardState.RETURNED}
    named = {person for case in open_cases(desk, project) for person in (case.person, case.agent) if person}
    return (holders | named) & set(people)


def units_needed(desk: Desk, project: str, units: Collection[str]) -> set[str]:
    """Those of ``units`` that a card or a case tells of, be it an old one."""
    told = {"project": project, "unit": {"$in": sorted(units)}}
    cards, cases = desk.store.read.where(CARDS, told, limit=0), desk.store.read.where(CASES, told, limit=0)
    return {card.unit for card in cards if card.unit} | {case.unit for case in cases}
