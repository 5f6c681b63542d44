"""Personal fields on their way into the store and out of it."""

from __future__ import annotations

from services.residents import gb11643
from services.residents.model import Person, Sealed
from steward.trust.sealing import Sealer, mask_phone


def sealed(sealer: Sealer, text: str) -> Sealed:
    """``text`` encrypted, with the hash that finds it."""
    return Sealed(sealer.seal(text), sealer.fingerprint(text))


def person_key(sealer: Sealer, phone: str, name: str, place: str) -> str:
    """The natural key of a person: a keyed hash of phone and name, or of name and unit where there is no phone."""
    return sealer.fingerprint("\x00".join((phone, name, place)))


def shown(sealer: Sealer, person: Person) -> dict[str, object]:
    """``person`` as a view shows it: the name in clear, phones and identity number masked."""
    number = sealer.open(person.id_number.text) if person.id_number else None
    return {
        "id": person.id,
        "version": person.version,
        "project": person.project,
        "name": sealer.open(person.name),
        "phones": [mask_phone(sealer.open(phone.text)) for phone in person.phones],
        "id_number": gb11643.masked(number) if number else None,
        "language": person.language,
        "registered_at": person.registered_at,
    }


def reached(sealer: Sealer, person: Person) -> dict[str, object]:
    """How to reach ``person``, in clear."""
    phone = sealer.open(person.phones[0].text) if person.phones else None
    return {"person": person.id, "phone": phone, "name": sealer.open(person.name), "language": person.language}
