"""Personal fields on their way into the store and out of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from services.residents import gb11643
from services.residents.model import EmergencyContact, Person, Sealed, Unit, Vehicle
from steward.trust.sealing import Sealer, mask_phone


def sealed(sealer: Sealer, text: str) -> Sealed:
    """``text`` encrypted, with the hash that finds it."""
    return Sealed(sealer.seal(text), sealer.fingerprint(text))


def person_key(sealer: Sealer, phone: str, name: str, place: str) -> str:
    """The natural key of a person: a keyed hash of phone and name, or of name and unit where there is no phone."""
    return sealer.fingerprint("\x00".join((phone, name, place)))


def key_of(sealer: Sealer, person: str, name: str, numbers: Sequence[str]) -> str:
    """The natural key of a file: without a phone nobody else is the same person."""
    return person_key(sealer, numbers[0] if numbers else "", name, "" if numbers else person)


def sought(sealer: Sealer, person: Person, units: Iterable[Unit]) -> dict[str, Any]:
    """By what other services look for ``person`` in what they hold (steward.copies), in clear."""
    phones = [sealer.open(phone.text) for phone in person.phones]
    return {"name": sealer.open(person.name), "phones": phones, "units": [unit.id for unit in units]}


def emergency(sealer: Sealer, name: str, relation: str, phone: str) -> EmergencyContact:
    """Whom to call, all of it encrypted."""
    print_ = sealer.fingerprint("\x00".join(("emergency", name, relation, phone)))
    return EmergencyContact(sealer.seal(name), sealer.seal(relation), sealer.seal(phone), print_)


def shown(sealer: Sealer, person: Person, clear: bool = False) -> dict[str, object]:
    """``person`` as a view shows it: names in clear, phones and identity number masked, unless they are to be ``clear`` too."""
    number = sealer.open(person.id_number.text) if person.id_number else None
    phone = _as_it_is if clear else mask_phone
    return {
        "id": person.id,
        "version": person.version,
        "project": person.project,
        "name": sealer.open(person.name),
        "phones": [phone(sealer.open(one.text)) for one in person.phones],
        "id_number": number if clear or number is None else gb11643.masked(number),
        "language": person.language,
        "registered_at": person.registered_at,
        "preferences": person.preferences,
        "emergency_contacts": [_shown_contact(sealer, contact, phone) for contact in person.emergency],
        "care": person.care,
    }


def _as_it_is(phone: str) -> str:
    return phone


def _shown_contact(sealer: Sealer, contact: EmergencyContact, phone: Callable[[str], str]) -> dict[str, object]:
    return {"name": sealer.open(contact.name), "relation": sealer.open(contact.relation), "phone": phone(sealer.open(contact.phone))}


def reached(sealer: Sealer, person: Person) -> dict[str, object]:
    """How to reach ``person``, in clear, and how they wish to be."""
    phone = sealer.open(person.phones[0].text) if person.phones else None
    name = sealer.open(person.name)
    return {"person": person.id, "phone": phone, "name": name, "language": person.language, "preferences": person.preferences}


def shown_vehicle(sealer: Sealer, vehicle: Vehicle) -> dict[str, object]:
    """``vehicle`` as a view shows it, the plate in clear."""
    names = ("id", "version", "project", "person", "unit", "filed", "gone", "leases")
    return {"plate": sealer.open(vehicle.plate.text) if vehicle.plate.text else "", **{name: getattr(vehicle, name) for name in names}}
