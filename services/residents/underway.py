"""What is under way with people and units, so that nobody takes them off file meanwhile."""

from __future__ import annotations

from collections.abc import Collection

from services.residents.desk import Desk
from services.residents.model.cards import CardState
from services.residents.model.cases import Case, State
from services.residents.store import CARDS, CASES


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
