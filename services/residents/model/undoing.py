"""Taking back what a roster filed in error: ties struck, units out of use, people unfiled; never what somebody has changed since."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.residents.model.people import Person, emptied
from services.residents.model.ties import Tie
from services.residents.model.units import Unit
from steward.facts import Decision, Fact


class Stay(StrEnum):
    """Why something that a run made stays."""

    CHANGED = "changed"
    TIED = "tied"
    VEHICLE = "vehicle"
    NEEDED = "needed"
    """By a card or a case."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a run made of one unit or person: whether it is new, the version that the run left, and the ties."""

    version: int
    new: bool
    ties: frozenset[str] = frozenset()

    def then(self, later: Made) -> Made:
        """Together with what the same run made of it afterwards."""
        return Made(later.version, self.new or later.new, self.ties | later.ties)


def take_back_unit(unit: Unit, made: Made, now: datetime, needed: bool = False) -> tuple[Decision[Unit], Stay | None]:
    """``unit`` without the ties that the run made in error, out of use if the run filed it; and why any of that stays.

    A tie that has ended since, or says a share, is somebody's word and stays; so does a unit of another version than the run left.
    ``needed``: there is a card or a case of it; then all of it stays.
    """
    if needed:
        return Decision(unit), Stay.NEEDED
    if unit.withdrawn_at is not None:
        return Decision(unit), None if unit.taken_back else Stay.CHANGED
    struck = [tie for tie in unit.ties if tie.id in made.ties and _as_made(tie)]
    left = tuple(tie for tie in unit.ties if tie not in struck)
    facts = (*(Fact("tie_struck", {"tie": tie.id, "unit": unit.id, "person": tie.person}) for tie in struck),)
    after = replace(unit, ties=left)
    changed = any(tie.id in made.ties for tie in left)
    if not made.new:
        return Decision(after, facts), Stay.CHANGED if changed else None
    if left or unit.version != made.version:
        return Decision(after, facts), Stay.CHANGED if changed or not left else Stay.TIED
    return Decision(replace(after, withdrawn_at=now, taken_back=True), facts), None


def file_again(unit: Unit, building: str, area_m2: float | None, now: datetime) -> Unit:
    """A unit that was taken back, in use again as a roster has it now."""
    return replace(unit, building=building, area_m2=area_m2, registered_at=now, withdrawn_at=None, taken_back=False)


def take_back_person(
    person: Person, made: Made, holds: Mapping[Stay, Collection[str]], now: datetime
) -> tuple[Decision[Person], Stay | None]:
    """``person`` unfiled, with nothing left that is personal; or why not: somebody changed the file, or something needs it.

    ``holds`` are the people that something needs, by what that is.
    """
    if not made.new or person.unfiled_at is not None:
        return Decision(person), None
    reason = next((reason for reason, people in holds.items() if person.id in people), None)
    if reason or person.version != made.version:
        return Decision(person), reason or Stay.CHANGED
    empty = emptied(person, f"unfiled:{person.id}", now)
    return Decision(empty, (Fact("person_unfiled", {"person": person.id}),)), None


def _as_made(tie: Tie) -> bool:
    return tie.until is None and tie.ended is None and tie.share is None
