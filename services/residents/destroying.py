"""What goes of what the service itself holds of somebody: all, or some parts of it (docs/privacy.md)."""

from __future__ import annotations

from collections.abc import Callable

from services.residents import model, sealing
from services.residents.desk import Desk
from services.residents.disclosing import end_copies
from services.residents.held import approved_of
from services.residents.model import Person, erasures, parts, people, purges
from services.residents.model.parts import Part
from services.residents.model.purges import Purge
from services.residents.search import tokens
from services.residents.store import CASES, CONTACTS, ERASURES, PEOPLE, PURGES, VEHICLES
from services.residents.underway import units_of
from steward.facts import Decision
from steward.store.work import Work


def destroy(desk: Desk, work: Work, purge: Purge) -> None:
    """Take out what ``purge`` takes."""
    person = work.find(PEOPLE, purge.person)
    if person is not None and model.on_file(person):
        work.apply(PEOPLE, purges.purge_person(person, desk.context.now) if purge.whole else _lessened(desk, person, purge))
    if purge.takes(Part.VEHICLES):
        for vehicle in work.where(VEHICLES, {"project": purge.project, "person": purge.person}):
            work.apply(VEHICLES, purges.forget_vehicle(vehicle, desk.stamp))
    if purge.takes(Part.SIGNATURES):
        units = [unit.id for unit in units_of(desk, purge.project, purge.person)]
        for case in work.where(CASES, {"project": purge.project, "unit": {"$in": units}}):
            if purge.person in (case.person, case.agent):
                work.apply(CASES, purges.forget_signatures(case))
    if purge.whole:
        drop_held(work, purge.project, purge.person, lambda held: held.id != purge.id)
        end_copies(work, purge.project, purge.person)
        work.drop(CONTACTS, f"{purge.project}/{purge.person}")
        for wish in desk.store.read.where(ERASURES, {"project": purge.project, "person": purge.person}, limit=0):
            work.apply(ERASURES, erasures.file_gone(work.known(ERASURES, wish.id) or work.load(ERASURES, wish.id), desk.context.now))
        desk.approving.forget(work, purge.project, approved_of(desk, purge.project, purge.person))


def drop_held(work: Work, project: str, person: str, which: Callable[[Purge], bool]) -> None:
    """Those purges of the file that were held, and that nothing is left for."""
    for held in work.where(PURGES, {"project": project, "person": person}):
        if which(held) and (dropped := purges.drop(held)) != Decision(held):
            work.apply(PURGES, dropped)


def _lessened(desk: Desk, person: Person, purge: Purge) -> Decision[Person]:
    left = parts.left(person, purge.parts)
    phones = left.get("phones", person.phones)
    name, numbers = desk.sealer.open(person.name), [desk.sealer.open(phone.text) for phone in phones]
    reached = phones[:1] == person.phones[:1]
    key = person.key if reached else sealing.key_of(desk.sealer, person.id, name, numbers)
    return people.lessened(person, left, key, tokens.of_person(desk.sealer, person.project, name, numbers))
