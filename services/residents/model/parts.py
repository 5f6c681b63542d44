"""What is held of somebody, in parts of which one may go without the others (PIPL art. 47)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

from services.residents.model.cases import Case
from services.residents.model.people import Person, Preferences
from services.residents.model.vehicles import Vehicle


class Part(StrEnum):
    """A part of what is held of somebody 个人信息项."""

    NAME = "name"
    PHONE = "phone"
    """The first, by which they are reached."""
    OTHER_PHONES = "other_phones"
    ID_NUMBER = "id_number"
    EMERGENCY = "emergency"
    WISHES = "wishes"
    CARE = "care"
    EARLIER = "earlier"
    """Keyed hashes of former names and phones."""
    VEHICLES = "vehicles"
    """Their plates."""
    SIGNATURES = "signatures"
    """In cases."""
    COPIES = "copies"
    """What other services hold, and have done with."""


_LEFT: Mapping[Part, Callable[[Person], dict[str, Any]]] = {
    Part.OTHER_PHONES: lambda person: {"phones": person.phones[:1]},
    Part.PHONE: lambda person: {"phones": person.phones[1:]},
    Part.ID_NUMBER: lambda _: {"id_number": None},
    Part.EMERGENCY: lambda _: {"emergency": ()},
    Part.WISHES: lambda _: {"preferences": Preferences()},
    Part.CARE: lambda _: {"care": None},
    Part.EARLIER: lambda _: {"former": ()},
}
"""What is left in a file of the fields that a part stands in. A name goes with the whole file alone."""


def there(person: Person, vehicles: Iterable[Vehicle], cases: Iterable[Case], copies: int) -> set[Part]:
    """Which parts there are of ``person``, whose ``vehicles`` and ``cases`` these are; ``copies``: that other services have done with."""
    beside = {
        Part.NAME: True,
        Part.VEHICLES: any(vehicle.plate.text for vehicle in vehicles),
        Part.SIGNATURES: any(record.given.signature for case in cases for record in case.records),
        Part.COPIES: copies > 0,
    }
    in_file = {part for part, left in _LEFT.items() if replace(person, **left(person)) != person}
    return in_file | {part for part, is_so in beside.items() if is_so}


def left(person: Person, parts: Collection[Part]) -> dict[str, Any]:
    """The fields of the file of ``person`` that are others once ``parts`` have gone."""
    lessened = person
    for part, fields in _LEFT.items():
        if part in parts:
            lessened = replace(lessened, **fields(lessened))
    return {name: value for name, value in vars(lessened).items() if value != getattr(person, name)}
