"""A resident's vehicle (handbook §2: vehicles and parking), as rules."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace

from services.residents.model.people import Sealed
from services.residents.model.ties import Stamp
from steward.errors import BadInput, IllegalTransition
from steward.facts import Decision, Fact

_PLATE = re.compile(r"[A-Z0-9\u4e00-\u9fff]{4,12}")
_BETWEEN = re.compile(r"[\s·•.\-]")


@dataclass(frozen=True)
class Vehicle:
    """A vehicle 车辆 of a person, parked for a unit. The plate is sealed; while ``gone`` is None no other has it."""

    id: str
    project: str
    plate: Sealed
    person: str
    unit: str
    filed: Stamp
    gone: Stamp | None = None
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


def remove_vehicle(vehicle: Vehicle, stamp: Stamp) -> Decision[Vehicle]:
    """It is here no longer; its file stays. Raises IllegalTransition when it was gone already."""
    _require_here(vehicle, "remove")
    gone = replace(vehicle, gone=stamp)
    return Decision(gone, (_fact("vehicle_removed", gone),))


def _require_here(vehicle: Vehicle, command: str) -> None:
    if vehicle.gone is not None:
        raise IllegalTransition.of(command, "gone", [])


def _fact(name: str, vehicle: Vehicle) -> Fact:
    return Fact(name, {"vehicle": vehicle.id, "person": vehicle.person, "unit": vehicle.unit})
