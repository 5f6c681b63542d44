"""What a service does that holds copies of people's data: when a file is destroyed, it takes out its own.
Asked for a copy, it tells all of them; asked whether anything is under way, it counts.

The keeper of the file publishes ``purge_begun`` before it touches the file. Whoever holds copies hears it, may still ask who
it was, takes out what is personal, and reports with an event of its own, ``{service}.person_forgotten``, in the same unit of
work. Only when all that policy names have reported is the file itself destroyed. See docs/privacy.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marshmallow import Schema, fields

from steward.bus.calls import RemoteServices
from steward.bus.envelope import Envelope
from steward.errors import NotFound, StewardError, Unavailable
from steward.facts import Decision, Fact
from steward.shapes import Command, Published
from steward.spec import Call, Collection, Event, Permission
from steward.store.repository import Repository
from steward.store.work import Work
from steward.times import iso

REPORTED = Event(
    "person_forgotten", "steward.copies:PersonForgotten", "What is personal of somebody is taken out here", seen_with="audit.read"
)
_S = "steward.copies:"
_TELLING = 11
"""Digits of a mobile number without its country's code."""
COLLECTION = Collection("forgotten")


@dataclass(frozen=True)
class Forgotten:
    """What came of one request to forget somebody, as the service that was asked keeps it."""

    id: str
    project: str
    matter: str
    version: int = 0


FORGOTTEN = Repository(COLLECTION.name, Forgotten)


class PersonForgotten(Published):
    """Copies of somebody's data are gone here: ``forgotten`` so many things, and ``kept`` so many that are still under way."""

    purge = fields.String(required=True)
    person = fields.String(required=True)
    round = fields.Integer(required=True)
    forgotten = fields.Integer(required=True)
    kept = fields.Integer(required=True)


class Sought(Command):
    """Of whom, and in which units, a service is to tell all that it holds."""

    name = fields.String(required=True)
    phones = fields.List(fields.String(), required=True)
    units = fields.List(fields.String(), required=True)


class Counted(Schema):
    """How many things a service holds of somebody, and how many of these are under way: it needs them still."""

    held = fields.Integer()
    under_way = fields.Integer()


class SectionView(Schema):
    """Things of one kind, each as labels and values that people can read."""

    title = fields.String()
    rows = fields.List(fields.Dict(keys=fields.String(), values=fields.String()))


class Held(Schema):
    """All that a service holds of somebody."""

    sections = fields.List(fields.Nested(SectionView))


def personal_data(service: str) -> Call:
    """The call by which ``service`` tells all that it holds of somebody: for services alone, and on record."""
    said = "All that is held of somebody, in clear"
    return Call("personal_data", f"{service}.personal_data", said, f"{_S}Sought", answer=f"{_S}Held", audited="read", subjects=("person",))


def copies_held(service: str) -> Call:
    """The call by which ``service`` tells how much it holds of somebody: for services alone; of the person it tells nothing."""
    said = "How much is held of somebody, and how much of it is under way"
    return Call("copies_held", f"{service}.personal_data", said, f"{_S}Sought", answer=f"{_S}Counted")


def told_to_services(service: str) -> Permission:
    """The right that :func:`personal_data` and :func:`copies_held` need: nobody of the staff holds it."""
    return Permission(f"{service}.personal_data", (), "Know all that is held of somebody: services only")


def section(title: str, rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """A section for :class:`Held`; values that there are not are left out."""
    return {"title": title, "rows": [{label: _text(value) for label, value in row.items() if value not in (None, "")} for row in rows]}


def _text(value: Any) -> str:
    return iso(value) if isinstance(value, datetime) else str(value)


@dataclass(frozen=True)
class Known:
    """By what somebody is known, in clear: lives in memory while a handler looks for them. Nobody, where nothing is."""

    name: str = ""
    phones: tuple[str, ...] = ()

    def has(self, name: str | None, phone: str | None) -> bool:
        """Whether that is theirs: the phone where one was noted, however it was written, else the name."""
        if phone:
            return _digits(phone) in {_digits(known) for known in self.phones}
        return bool(name) and name == self.name


def asked_about(event: Envelope, remote: RemoteServices) -> Known:
    """Whom ``purge_begun`` tells to forget; nobody, once their file is gone. Raises Unavailable: the message comes again."""
    try:
        known = remote.residents.identities(project=event.project, person=event.data["person"])
    except NotFound:
        return Known()
    except StewardError as error:
        raise Unavailable(f"residents.identities: {error.kind}") from error
    return Known(known["name"], tuple(known["phones"]))


def _digits(phone: str) -> str:
    """The end of a number, which is the same with a country's code and without."""
    return "".join(filter(str.isdecimal, phone))[-_TELLING:]


def report(work: Work, asked: Envelope, forgotten: int, kept: int) -> None:
    """Tell, with all else that ``work`` does, what came of the ``purge_begun`` that was ``asked``."""
    said = {name: asked.data[name] for name in ("purge", "person", "round")}
    state = Forgotten(f"{said['purge']}-{said['round']}", asked.project, asked.matter)
    before = work.find(FORGOTTEN, state.id)
    work.apply(FORGOTTEN, Decision(before or state, (Fact("person_forgotten", {**said, "forgotten": forgotten, "kept": kept}),)))
