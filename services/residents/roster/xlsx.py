"""Reading a workbook that a stranger sent.

What it unpacks to is measured before anything parses it, and only what was measured is parsed: the parts that matter
are copied into a fresh archive, so that sizes an archive lies about, pictures, and cells at the far end of the sheet
(which would make the parser reserve memory for everything between) do no harm.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, XmlError, ZipError

from services.residents.roster.tables import Cell, Row, refused

_WORKBOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_WANTED = re.compile(r"\[Content_Types\]\.xml|_rels/\.rels|xl/[^/]+\.xml|xl/_rels/[^/]+\.rels|xl/worksheets/[^/]+\.xml", re.I)
_FIRST_SHEET = re.compile(rb"<(?:\w+:)?sheet\s[^<]*?\br:id\s*=\s*[\"']([^\"'<]+)")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\s[^<]*")
_ATTRIBUTE = re.compile(rb"\b(\w+)\s*=\s*[\"']([^\"'<]*)")
_TAG = re.compile(rb"<(?:[^\s<>:/]+:)?(c|row)(?=[\s/>])([^<]*)")
_PLACE = re.compile(rb"(?<![\w:])r\s*=\s*[\"']([A-Za-z]*)(\d+)[\"']")
_FORMULA = re.compile(rb"<(?:[^\s<>:/]+:)?f[\s/>]")
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Those that zipfile unpacks piece by piece."""
_CHUNK = 1 << 16
_SLACK = 100
"""Blank rows that may stand above, between and below, beyond the bound on rows."""
_BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError, OSError)

Formulas = dict[int, set[int]]


def rows(content: bytes, limits: Mapping[str, Any]) -> Iterator[Row]:
    """The rows of the first sheet of the workbook. Raises BadInput. Stalls its thread: never run it on the hub."""
    parts = _unpacked(content, limits)
    first = _first_sheet(parts)
    formulas = {name: _measured(part, limits) for name, part in parts.items()}.get(first, {})
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(_packed(parts))) as workbook:
            table = workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, XmlError, ZipError, ValueError, OSError, IndexError) as error:
        raise refused("format", "is not a workbook that can be read") from error
    for number, cells in enumerate(table, 1):
        yield Row(number, tuple(_cell(cell) for cell in cells), frozenset(formulas.get(number, ())))


def _unpacked(content: bytes, limits: Mapping[str, Any]) -> dict[str, bytes]:
    parts: dict[str, bytes] = {}
    left = limits["max_unpacked_bytes"]
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > limits["max_members"]:
                raise refused("zip_bomb", "holds too many parts")
            for member in members:
                if _WANTED.fullmatch(member.filename):
                    parts[member.filename] = _member(archive, member, left)
                    left -= len(parts[member.filename])
    except _BROKEN as error:
        raise refused("format", "is not a workbook that can be read") from error
    if _WORKBOOK not in parts:
        raise refused("format", "is named XLSX and is none")
    return parts


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> bytes:
    if member.compress_type not in _COMPRESSIONS:
        raise refused("format", "is compressed in a way that workbooks are not")
    out = io.BytesIO()
    with archive.open(member) as packed:
        while chunk := packed.read(_CHUNK):
            if out.tell() + len(chunk) > most:
                raise refused("zip_bomb", "unpacks to more than is allowed")
            out.write(chunk)
    return out.getvalue()


def _packed(parts: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def _first_sheet(parts: Mapping[str, bytes]) -> str:
    found = _FIRST_SHEET.search(parts[_WORKBOOK])
    for relation in _RELATION.findall(parts.get(_RELATIONS, b"")) if found else ():
        attributes = dict(_ATTRIBUTE.findall(relation))
        if found and attributes.get(b"Id") == found[1]:
            target = attributes.get(b"Target", b"").decode(errors="replace")
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    raise refused("format", "is a workbook without a sheet")


def _measured(part: bytes, limits: Mapping[str, Any]) -> Formulas:
    """Where ``part`` has formulas. Raises BadInput when a cell lies beyond the bounds."""
    formulas: Formulas = {}
    row = column = 0
    for tag in _TAG.finditer(part):
        place = _PLACE.search(tag[2])
        if tag[1] == b"row":
            row, column = (_number(place[2]) if place else row + 1), 0
        else:
            column = _column(place[1]) if place else column + 1
            row = _number(place[2]) if place else row
            if _FORMULA.match(part, tag.end()):
                formulas.setdefault(row, set()).add(column - 1)
        if row > limits["max_rows"] + _SLACK:
            raise refused("too_many_rows", f"has more than {limits['max_rows']} rows")
        if column > limits["max_columns"]:
            raise refused("too_wide", f"has more than {limits['max_columns']} columns")
    return formulas


def _number(digits: bytes) -> int:
    return int(digits[:12])


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters[:6].upper():
        number = number * 26 + letter - 64
    return number


def _cell(value: Any) -> Cell:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, time | timedelta):
        return str(value)
    return value if isinstance(value, str | int | float | bool | date) else None
