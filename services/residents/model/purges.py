"""Destroying files whose time has run out 保存期满销毁 (handbook §1: former owners' files), or at somebody's wish 删除, as rules.

    held ◀──consider── (its time has run out) ──consider──▶ asked ──report of all──▶ done
      └───consider, the next day──▶ asked                     └── something needs it after all ──▶ held

While a purge is ``asked``, the file is still there: services that hold copies may ask who it was. It goes with the last report.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from services.residents.model.cases import Case
from services.residents.model.parts import Part
from services.residents.model.people import Person, emptied
from services.residents.model.ties import Stamp, Tie
from services.residents.model.units import Unit
from services.residents.model.vehicles import Vehicle
from steward.errors import IllegalTransition
from steward.facts import Decision, Fact

RULE = "former_owner_years"
ERASURE = "erasure"
"""The rule of those that somebody wished for."""


class PurgeState(StrEnum):
    HELD = "held"
    ASKED = "asked"
    DONE = "done"
    DROPPED = "dropped"
    """Held to its end: who wished for it does so no longer, or another one took the file."""


class Needs(StrEnum):
    """Why the service itself needs a file that is to be destroyed. Others place holds on grounds of their own."""

    TIED = "tied"
    CASE = "case"
    PARKING = "parking"


@dataclass(frozen=True)
class Report:
    """What a service that holds copies has taken out, and what it still needs."""

    service: str
    forgotten: int
    kept: int
    at: datetime


@dataclass(frozen=True)
class Purge:
    """One destruction of a file 销毁, and afterwards its proof: whose, by which rule, when, and what each service reported.

    ``kept_until`` is the last day on which it had to be kept; ``years`` what the rule said. ``holds`` say why it is kept longer.
    ``round`` counts how often others were asked, ``asked`` whom the present round asks.
    ``parts`` are what goes, where that is not all; ``despite`` the grounds that were known when that was decided, and hold nothing up.
    ``wish`` is the id of the erasure for which it is.
    """

    id: str
    project: str
    person: str
    kept_until: date
    years: int
    rule: str = RULE
    state: PurgeState = PurgeState.HELD
    round: int = 0
    asked: tuple[str, ...] = ()
    reports: tuple[Report, ...] = ()
    holds: tuple[str, ...] = ()
    begun_at: datetime | None = None
    ended_at: datetime | None = None
    parts: tuple[Part, ...] = ()
    despite: tuple[str, ...] = ()
    wish: str = ""
    version: int = 0

    @property
    def matter(self) -> str:
        """It belongs to what became of the person."""
        return f"residents/{self.person}"

    @property
    def whole(self) -> bool:
        """Whether all goes."""
        return not self.parts

    def takes(self, part: Part) -> bool:
        """Whether ``part`` goes."""
        return self.whole or part in self.parts

    @property
    def missing(self) -> tuple[str, ...]:
        """Who has been asked and has not reported."""
        return tuple(service for service in self.asked if service not in {report.service for report in self.reports})

    @property
    def reported(self) -> bool:
        """Whether everybody who was asked has reported."""
        return self.state is PurgeState.ASKED and not self.missing


@dataclass(frozen=True)
class Hold:
    """Somebody needs a file though its time may run out 暂缓销毁, on a ground such as ``arrears``; until it is released."""

    id: str
    project: str
    person: str
    ground: str
    placed: Stamp
    released: Stamp | None = None
    version: int = 0


def consider(purge: Purge, holds: Sequence[str], asked: Sequence[str], ties: Mapping[str, Sequence[Tie]], now: datetime) -> Decision[Purge]:
    """It is time: ask those who hold copies, unless it is held. Under way or done already, it stays so.

    ``ties`` are those of the person, by unit: they tell others where to look. Where copies stay, nobody is asked.
    """
    if purge.state is not PurgeState.HELD:
        return Decision(purge)
    if needed := _not_foreseen(purge, holds):
        return _held(purge, needed)
    told = tuple(asked) if purge.takes(Part.COPIES) else ()
    begun = replace(purge, state=PurgeState.ASKED, round=purge.round + 1, asked=told, reports=(), holds=(), begun_at=now)
    if not purge.takes(Part.COPIES):
        return Decision(begun)
    units = [{"unit": unit, "since": tie.since, "until": tie.until} for unit, known in ties.items() for tie in known]
    return Decision(begun, (Fact("purge_begun", {"purge": purge.id, "person": purge.person, "round": begun.round, "units": units}),))


def resumed(purge: Purge, before: Purge | None) -> Purge:
    """``purge``, as it goes on where the one of its name was held."""
    return replace(purge, round=before.round, holds=before.holds, version=before.version) if before else purge


def drop(purge: Purge) -> Decision[Purge]:
    """It is not wanted any more, or has nothing left to take. Under way or done, it stays so."""
    return Decision(replace(purge, state=PurgeState.DROPPED, holds=())) if purge.state is PurgeState.HELD else Decision(purge)


def heard(purge: Purge, round: int, report: Report) -> Decision[Purge]:
    """A service has done its part. Of another round than the present one, or told twice, it is no news."""
    if purge.state is not PurgeState.ASKED or round != purge.round or report.service not in purge.missing:
        return Decision(purge)
    return Decision(replace(purge, reports=(*purge.reports, report)))


def conclude(reported: Decision[Purge], holds: Sequence[str], now: datetime) -> Decision[Purge]:
    """All have reported: done, unless somebody still needs something, or the person came back meanwhile."""
    purge = reported.state
    needed = _not_foreseen(purge, (*holds, *(report.service for report in purge.reports if report.kept)))
    if needed:
        held = _held(replace(purge, state=PurgeState.HELD), needed)
        return Decision(held.state, (*reported.facts, *held.facts))
    over = replace(purge, state=PurgeState.DONE, ended_at=now)
    if not purge.whole:
        return Decision(over, reported.facts)
    reports = [{"service": report.service, "forgotten": report.forgotten, "at": report.at} for report in purge.reports]
    said: dict[str, Any] = {"purge": purge.id, "person": purge.person, "rule": purge.rule, "years": purge.years}
    told = Fact("person_purged", {**said, "kept_until": purge.kept_until, "reports": reports})
    return Decision(over, (*reported.facts, told))


def purge_person(person: Person, now: datetime) -> Decision[Person]:
    """The file with nothing left that is personal; its id stays in what was done."""
    return Decision(emptied(person, f"purged:{person.id}", now))


def forget_vehicle(vehicle: Vehicle, stamp: Stamp) -> Decision[Vehicle]:
    """The vehicle without its plate."""
    gone = replace(vehicle, plate=replace(vehicle.plate, text="", fingerprint=""), gone=vehicle.gone or stamp)
    told = () if vehicle.gone else (Fact("vehicle_removed", {"vehicle": vehicle.id, "person": vehicle.person, "unit": vehicle.unit}),)
    return Decision(gone, told)


def forget_signatures(case: Case) -> Decision[Case]:
    """The case without the names that were signed."""
    records = tuple(replace(record, given=replace(record.given, signature=None)) for record in case.records)
    return Decision(replace(case, records=records))


def needs(
    person: str, units: Collection[Unit], cases: Collection[Case], vehicles: Collection[Vehicle], today: date
) -> dict[str, date | None]:
    """What of ours needs the file of ``person`` today, and the day on which that ends, where it is known."""
    ties = [tie.until for unit in units for tie in unit.ties if tie.person == person and (tie.until is None or tie.until > today)]
    theirs = [vehicle for vehicle in vehicles if vehicle.person == person]
    leases = [lease.until for vehicle in theirs for lease in vehicle.leases if lease.until > today]
    found: dict[Needs, Sequence[date | None]] = {
        Needs.TIED: ties,
        Needs.CASE: [None for case in cases if person in (case.person, case.agent)],
        Needs.PARKING: leases,
    }
    return {str(need): _last(ends) for need, ends in found.items() if ends}


def _last(ends: Sequence[date | None]) -> date | None:
    known = [end for end in ends if end is not None]
    return max(known) if len(known) == len(ends) else None


def place_hold(hold: Hold | None, fresh: Hold) -> Decision[Hold]:
    """The file is needed on that ground. Placed already, it stays as it was; released, it is placed again."""
    if hold is not None and hold.released is None:
        return Decision(hold)
    placed = fresh if hold is None else replace(hold, placed=fresh.placed, released=None)
    return Decision(placed, (Fact("hold_placed", _told(placed)),))


def release_hold(hold: Hold, stamp: Stamp) -> Decision[Hold]:
    """The file is needed no longer on that ground. Raises IllegalTransition when that was said already."""
    if hold.released is not None:
        raise IllegalTransition.of("release", "released", [])
    return Decision(replace(hold, released=stamp), (Fact("hold_released", _told(hold)),))


def _not_foreseen(purge: Purge, holds: Sequence[str]) -> tuple[str, ...]:
    return tuple(hold for hold in holds if hold not in purge.despite)


def _held(purge: Purge, holds: Sequence[str]) -> Decision[Purge]:
    held = replace(purge, holds=tuple(sorted(set(holds))))
    if held == purge:
        return Decision(purge)
    return Decision(held, (Fact("purge_held", {"purge": purge.id, "person": purge.person, "holds": list(held.holds)}),))


def _told(hold: Hold) -> dict[str, str]:
    return {"hold": hold.id, "person": hold.person, "ground": hold.ground}
