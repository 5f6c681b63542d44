"""A project's roster as a file, building by building: what an import of it would find on file, so that it changes nothing."""

from __future__ import annotations

import base64
import binascii
import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.residents import gb11643, model
from services.residents.desk import Desk, View
from services.residents.model import Person, Unit
from services.residents.roster import columns as c
from services.residents.roster import sheets
from services.residents.roster.sheets import NOTHING, SoFar
from services.residents.roster.tables import Cell
from services.residents.store import PEOPLE, UNITS
from steward.errors import BadInput
from steward.spreadsheets import BYTE_ORDER_MARK, as_text
from steward.trust.sealing import mask_phone

IN_CLEAR = "residents.contact"
"""The permission to see phones in full; without it an export masks them, and identity numbers, as views do."""
FIELDS = (c.BUILDING, c.LABEL, c.AREA, c.NAME, c.PHONE, c.ROLE, c.SINCE, c.ID_NUMBER)
_LANGUAGE_OF = {"zh-CN": 0, "en": -1}
Rows = Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Place:
    """Where the next piece begins: after the building ``after`` (None: at the beginning), with what a workbook must know by then."""

    after: str | None = None
    so_far: SoFar = NOTHING

    def cursor(self) -> str:
        """As it travels."""
        told = [self.after, self.so_far.crc, self.so_far.size, self.so_far.packed]
        return base64.urlsafe_b64encode(json.dumps(told, ensure_ascii=False).encode()).decode()


def place_of(cursor: str | None) -> Place:
    """The place that a cursor tells. Raises BadInput (cursor)."""
    if not cursor:
        return Place()
    try:
        after, *numbers = json.loads(base64.urlsafe_b64decode(cursor))
        if not isinstance(after, str) or not all(type(one) is int and 0 <= one < 2**32 for one in numbers):
            raise ValueError("no place")
        return Place(after, SoFar(*numbers))
    except (binascii.Error, ValueError, TypeError) as error:
        raise BadInput.of("cursor", "is not one that a piece gave") from error


class Export:
    """One project's roster as whoever asks may see it."""

    def __init__(self, desk: Desk, project: str, language: str) -> None:
        self._desk, self._home = desk, desk.project(project)
        self._clear = desk.context.principal.may(IN_CLEAR, project)
        self._language, self._today = language, desk.today(project)
        self._seen: list[str] = []

    def piece(self, cursor: str | None, write: Callable[[Rows | None, Rows, bool, SoFar], tuple[bytes, SoFar]]) -> View:
        """The next piece of the file, who is in it, and where the one after begins. Raises BadInput (cursor)."""
        place = place_of(cursor)
        rows, after = self._rows(place)
        head = [self._header()] if place.after is None else None
        content, so_far = write(head, rows, after is None, place.so_far)
        following = Place(after, so_far).cursor() if after is not None else None
        return {"content": base64.b64encode(content).decode(), "next": following, "people": self._seen}

    def _header(self) -> list[Cell]:
        return [c.HEADERS[field][_LANGUAGE_OF[self._language]] for field in FIELDS]

    def _rows(self, place: Place) -> tuple[list[list[Cell]], str | None]:
        """Rows of the buildings after ``place``, and the last of those buildings; None: there are no more."""
        codes = [code for code in sorted({"", *self._home.buildings}) if place.after is None or code > place.after]
        most = self._desk.policy(self._home.id)["roster"]["export_rows"]
        rows: list[list[Cell]] = []
        for code in codes:
            rows += self._building(code)
            if len(rows) >= most and code != codes[-1]:
                return rows, code
        return rows, None

    def _building(self, code: str) -> Iterator[list[Cell]]:
        found = self._desk.store.read.where(UNITS, {"project": self._home.id, "building": code}, limit=0)
        units = sorted((unit for unit in found if unit.withdrawn_at is None), key=lambda unit: unit.label)
        people = self._people({tie.person for unit in units for tie in self._ties(unit)})
        for unit in units:
            place: list[Cell] = [unit.building, unit.label, unit.area_m2]
            lines = [[*place, *self._who(people[tie.person], tie)] for tie in self._ties(unit) if tie.person in people]
            yield from lines or [[*place, *[None] * (len(FIELDS) - len(place))]]

    def _ties(self, unit: Unit) -> list[model.Tie]:
        return [tie for tie in unit.ties if tie.until is None or tie.until > self._today]

    def _people(self, ids: set[str]) -> Mapping[str, Person]:
        found = self._desk.store.read.where(PEOPLE, {"_id": {"$in": sorted(ids)}}, limit=0) if ids else []
        self._seen += [person.id for person in found]
        return {person.id: person for person in found}

    def _who(self, person: Person, tie: model.Tie) -> list[Cell]:
        read = self._desk.sealer.open
        phones = [read(phone.text) for phone in person.phones]
        number = read(person.id_number.text) if person.id_number else None
        if not self._clear:
            phones, number = [mask_phone(phone) for phone in phones], gb11643.masked(number) if number else None
        role = c.ROLE_NAMES[tie.role] if self._language == "zh-CN" else str(tie.role)
        return [read(person.name), "/".join(phones), role, tie.since.isoformat(), number]


def as_csv(head: Rows | None, rows: Rows, last: bool, so_far: SoFar) -> tuple[bytes, SoFar]:
    """A piece of a CSV file; what a spreadsheet would take for a formula begins with ``'``, which an import takes off again."""
    written = io.StringIO()
    written.write(BYTE_ORDER_MARK if head else "")
    csv.writer(written).writerows([_safe(cell) for cell in row] for row in (*(head or ()), *rows))
    return written.getvalue().encode(), so_far


def as_workbook(head: Rows | None, rows: Rows, last: bool, so_far: SoFar) -> tuple[bytes, SoFar]:
    """A piece of a workbook."""
    begun = b""
    if head:
        begun, so_far = sheets.begin(head[0])
    body, so_far = sheets.more(rows, so_far)
    return begun + body + (sheets.end(so_far) if last else b""), so_far


def _safe(cell: Cell) -> Any:
    return as_text(cell) if isinstance(cell, str) else cell


def exported(desk: Desk, project: str, query: View, named: str) -> View:
    """The piece of the file that ``query`` asks for."""
    return Export(desk, project, query["language"]).piece(query["cursor"], _WRITERS[named])


_WRITERS = {"csv": as_csv, "xlsx": as_workbook}
