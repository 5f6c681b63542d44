"""A person's file (handbook §2: contact list), as rules. Whatever is personal comes here sealed and stays so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Any

from steward.errors import BadInput, IllegalTransition
from steward.facts import Decision, Fact

LANGUAGES = ("zh-CN", "en")


@dataclass(frozen=True)
class Sealed:
    """A phone, plate or identity number at rest: encrypted, with the keyed hash that finds it."""

    text: str
    fingerprint: str


@dataclass(frozen=True)
class EmergencyContact:
    """Whom to call when something happens to a person 紧急联系人. All of it sealed; ``fingerprint`` tells whether it is the same."""

    name: str
    relation: str
    phone: str
    fingerprint: str


@dataclass(frozen=True)
class Preferences:
    """How a person wishes to be told things (handbook §9): ways, the best first (empty: as the company has it), and when not to.

    ``quiet_from`` and ``quiet_to`` are times of the wall clock ``HH:MM``, over midnight if need be; both or neither.
    """

    channels: tuple[str, ...] = ()
    quiet_from: str | None = None
    quiet_to: str | None = None
    non_essential: bool = True


@dataclass(frozen=True)
class Care:
    """A household that needs care 关爱户, such as elderly who live alone: to be visited every so many days (handbook §2).

    ``visited_on``: when that was done last.
    """

    every_days: int
    since: date
    visited_on: date | None = None


@dataclass(frozen=True)
class Person:
    """Somebody with a tie, or about to have one. Name, phones and identity number are sealed.

    ``key`` is the natural key (a keyed hash of first phone and name) that keeps the same person from being filed twice;
    ``former`` are the keys before changes of those. ``tokens`` are the keyed hashes that a search finds the person by,
    made by the rules of version ``searchable`` (0: none yet). ``unfiled_at``: the roster that filed the person was undone, or the
    file's time had run out, and nothing personal is left.
    """

    id: str
    project: str
    key: str
    name: str
    phones: tuple[Sealed, ...]
    language: str
    registered_at: datetime
    id_number: Sealed | None = None
    preferences: Preferences = field(default_factory=Preferences)
    emergency: tuple[EmergencyContact, ...] = ()
    care: Care | None = None
    former: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    searchable: int = 0
    unfiled_at: datetime | None = None
    version: int = 0


@dataclass(frozen=True)
class Limits:
    """What a company allows in a file: how many phones and emergency contacts, which channels, which rhythm of visits in days."""

    max_phones: int
    max_emergency: int
    channels: tuple[str, ...]
    care_days: tuple[int, int]


def on_file(person: Person) -> bool:
    """Whether there is still something in the file."""
    return person.unfiled_at is None


def register_person(person: Person, max_phones: int) -> Decision[Person]:
    """File a new person. Raises BadInput (phones, language)."""
    _require_phones(person, max_phones)
    _require_language(person)
    return Decision(person, (Fact("person_registered", {"person": person.id}),))


def add_id_number(person: Person, id_number: Sealed) -> Decision[Person]:
    """Put an identity number on a file that has none. Raises IllegalTransition when another one is on it."""
    if person.id_number is not None and person.id_number.fingerprint != id_number.fingerprint:
        raise IllegalTransition.of("add_id_number", "identified", [])
    return Decision(replace(person, id_number=person.id_number or id_number))


def change_person(person: Person, changes: Mapping[str, Any], key: str, limits: Limits) -> Decision[Person]:
    """Other name, phones, language, preferences or emergency contacts; ``key`` is the natural key by then.

    What is in ``changes`` and as it was is no change. The event names what changed and never how.
    Raises BadInput (phones, language, preferences, emergency_contacts).
    """
    after = replace(person, **changes)
    _require_phones(after, limits.max_phones)
    _require_language(after)
    _require_preferences(after.preferences, limits.channels)
    if len(after.emergency) > limits.max_emergency:
        raise BadInput.of("emergency_contacts", f"are more than {limits.max_emergency}")
    names = [name for name in changes if _same(getattr(person, name)) != _same(getattr(after, name))]
    if not names:
        return Decision(person)
    former = person.former if key == person.key else (*(one for one in person.former if one != key), person.key)
    return Decision(replace(after, key=key, former=former), (_change_fact(person, after, names),))


def care_for(person: Person, every_days: int, today: date, limits: Limits) -> Decision[Person]:
    """Flag a household for visits, or change their rhythm. Raises BadInput (every_days)."""
    least, most = limits.care_days
    if not least <= every_days <= most:
        raise BadInput.of("every_days", f"is from {least} to {most}")
    care = replace(person.care or Care(every_days, today), every_days=every_days)
    return _cared(person, care)


def end_care(person: Person) -> Decision[Person]:
    """Take the flag away. Raises IllegalTransition where there is none."""
    if person.care is None:
        raise IllegalTransition.of("end_care", "not cared for", ["care_for"])
    return _cared(person, None)


def made_searchable(person: Person, tokens: tuple[str, ...], rules: int) -> Decision[Person]:
    """The person, found by ``tokens`` as the rules of that version make them."""
    return Decision(replace(person, tokens=tokens, searchable=rules))


def lessened(person: Person, left: Mapping[str, Any], key: str, tokens: tuple[str, ...]) -> Decision[Person]:
    """The file with less in it: ``left`` of the fields of which something goes; ``key`` and ``tokens`` are made of what remains."""
    after = replace(person, **left, key=key, tokens=tokens)
    named = [name for name in left if name != "care"]
    told = (_change_fact(person, after, named),) if named else ()
    return Decision(after, (*told, *_cared(person, after.care).facts))


def emptied(person: Person, key: str, now: datetime) -> Person:
    """The file off file: nothing personal is left in it. ``key`` stands in for the natural one."""
    return replace(
        person,
        key=key,
        name="",
        phones=(),
        id_number=None,
        preferences=Preferences(),
        emergency=(),
        care=None,
        former=(),
        tokens=(),
        unfiled_at=now,
    )


def _cared(person: Person, care: Care | None) -> Decision[Person]:
    fact = Fact("care_changed", {"person": person.id, "every_days": care.every_days if care else None})
    return Decision(replace(person, care=care), (fact,) if care != person.care else ())


def _change_fact(before: Person, after: Person, names: list[str]) -> Fact:
    had, has = ({phone.fingerprint for phone in one.phones} for one in (before, after))
    counts = {"phones_added": len(has - had), "phones_removed": len(had - has)}
    return Fact("person_changed", {"person": after.id, "changed": sorted(names), **counts})


def _same(value: Any) -> Any:
    """What tells whether a value is the same: what is sealed looks different each time."""
    if isinstance(value, tuple):
        return [getattr(one, "fingerprint", one) for one in value]
    return value


def _require_phones(person: Person, most: int) -> None:
    if len(person.phones) > most:
        raise BadInput.of("phones", f"are more than {most}")


def _require_language(person: Person) -> None:
    if person.language not in LANGUAGES:
        raise BadInput.of("language", f"is none of {', '.join(LANGUAGES)}")


def _require_preferences(wishes: Preferences, known: tuple[str, ...]) -> None:
    for place, channel in enumerate(wishes.channels):
        if channel not in known:
            raise BadInput.of(f"preferences.channels.{place}", f"is none of {', '.join(known)}")
        if channel in wishes.channels[:place]:
            raise BadInput.of(f"preferences.channels.{place}", "is there twice")
    for name, text in (("quiet_from", wishes.quiet_from), ("quiet_to", wishes.quiet_to)):
        if (wishes.quiet_from is None) != (wishes.quiet_to is None) and text is None:
            raise BadInput.of(f"preferences.{name}", "is missing beside the other one")
        if text is not None and not _is_time(text):
            raise BadInput.of(f"preferences.{name}", "is no time HH:MM")


def _is_time(text: str) -> bool:
    try:
        return time.fromisoformat(text).strftime("%H:%M") == text
    except ValueError:
        return False
