"""A resident's vehicle (handbook §2: vehicles and parking), as rules."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from services.residents.model.people import Sealed
from services.residents.model.plans import Kind
from services.residents.model.ties import Stamp
from steward.errors import BadInput, IllegalTransition
from steward.facts import Decision, Fact

_PLATE = re.compile(r"[A-Z0-9\u4e00-\u9fff]{4,12}")
_BETWEEN = re.compile(r"[\s·•.\-]")


@dataclass(frozen=True)
class Lease:
    """The lease of a parking space 车位租赁, by the case that it was agreed in: from ``since`` up to, not including, ``until``."""

    case: str
    space: str
    permit: str
    since: date
    until: date

    def holds_on(self, day: date) -> bool:
        """Whether the vehicle may park there on ``day``."""
        return self.since <= day < self.until


@dataclass(frozen=True)
class Vehicle:
    """A vehicle 车辆 of a person, parked for a unit. The plate is sealed; while ``gone`` is None no other has it.

    ``leases`` are those of parking spaces, former ones and those to come too.
    """

    id: str
    project: str
    plate: Sealed
    person: str
    unit: str
    filed: Stamp
    gone: Stamp | None = None
    leases: tuple[Lease, ...] = ()
    version: int = 0


def plate_text(text: str) -> str:
    """A plate in the form it is kept and found: capitals, without spaces and dots. Raises BadInput (plate)."""
    plate = _BETWEEN.sub("", unicodedata.normalize("NFKC", text)).upper()
    if not _PLATE.fullmatch(plate) or not any(character.isdigit() for character in plate):
        raise BadInput.of("plate", "is no number plate")
    return plate


def register_vehicle(vehicle: Vehicle) -> Decision[Vehicle]:
    """File a vehicle."""
    return Decision(vehicle, (_fact("vehicle_registered", vehicle),))


def change_vehicle(vehicle: Vehicle, person: str, unit: str) -> Decision[Vehicle]:
    """It is somebody else's now, or parked for another unit. Raises IllegalTransition once it is gone."""
    _require_here(vehicle, "change")
    changed = replace(vehicle, person=person, unit=unit)
    return Decision(changed, (_fact("vehicle_changed", changed),) if changed != vehicle else ())


def remove_vehicle(vehicle: Vehicle, stamp: Stamp, today: date) -> Decision[Vehicle]:
    """It is here no longer; its file stays, the lease in force ends. Raises IllegalTransition when it was gone already."""
    _require_here(vehicle, "remove")
    ended = end_lease(vehicle, today) if any(known.holds_on(today) for known in vehicle.leases) else Decision(vehicle)
    gone = replace(ended.state, gone=stamp)
    return Decision(gone, (*ended.facts, _fact("vehicle_removed", gone)))


def lease(vehicle: Vehicle, agreed: Lease, others: Iterable[Vehicle]) -> Decision[Vehicle]:
    """A space is let for ``vehicle``; ``others`` are those that have, or had, the same space.

    Raises IllegalTransition as :func:`require_free`.
    """
    require_free(vehicle, agreed, others)
    leased = replace(vehicle, leases=(*vehicle.leases, agreed))
    return Decision(leased, (_lease_fact("parking_leased", leased, agreed),))


def require_free(vehicle: Vehicle, wished: Lease, others: Iterable[Vehicle]) -> None:
    """Raises IllegalTransition where the vehicle, or the space, is let for some of the same days, or the vehicle is gone."""
    _require_here(vehicle, "lease")
    theirs = [known for other in others for known in other.leases if known.space == wished.space]
    if any(known.since < wished.until and wished.since < known.until for known in (*vehicle.leases, *theirs)):
        raise IllegalTransition.of("lease", "leased", ["end-lease"])


def end_lease(vehicle: Vehicle, on: date) -> Decision[Vehicle]:
    """The lease that holds ``on`` that day ends early, it is the first day no longer; the deposit is to be refunded.

    Raises IllegalTransition where there is none.
    """
    known = next((known for known in vehicle.leases if known.holds_on(on)), None)
    if known is None:
        raise IllegalTransition.of("end-lease", "not leased", [])
    ended = replace(known, until=on)
    after = replace(vehicle, leases=tuple(ended if one == known else one for one in vehicle.leases))
    asked = {
        "case": ended.case,
        "kind": Kind.PARKING,
        "unit": ended.space,
        "person": vehicle.person,
        "step": None,
        "item": "parking_deposit",
    }
    refund = Fact("refund_requested", {**asked, "months": None, "amount_fen": None, "on": on})
    return Decision(after, (_lease_fact("parking_ended", after, ended), refund))


def _lease_fact(name: str, vehicle: Vehicle, agreed: Lease) -> Fact:
    data = {"vehicle": vehicle.id, "person": vehicle.person, "unit": vehicle.unit, "space": agreed.space, "case": agreed.case}
    return Fact(name, {**data, "since": agreed.since, "until": agreed.until})


def _require_here(vehicle: Vehicle, command: str) -> None:
    if vehicle.gone is not None:
        raise IllegalTransition.of(command, "gone", [])


def _fact(name: str, vehicle: Vehicle) -> Fact:
    return Fact(name, {"vehicle": vehicle.id, "person": vehicle.person, "unit": vehicle.unit})
