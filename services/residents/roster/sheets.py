"""A workbook of one sheet, written piece by piece: whoever writes the next piece needs no more than a few numbers of those before.

An XLSX file is a zip archive. Its small parts come first; the sheet comes last, deflated in pieces that each stand alone, with
its size and checksum after it, as the format allows. So neither side ever holds more than one piece.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape

from services.residents.roster.tables import Cell

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_SMALL = {
    "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KIND}.worksheet+xml"/></Types>',
    "_rels/.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" Type="{_OFFICE}/officeDocument" '
    'Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets><sheet name="roster" sheetId="1" r:id="rId1"/>'
    "</sheets></workbook>",
    "xl/_rels/workbook.xml.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}
_SHEET = "xl/worksheets/sheet1.xml"
_BEGIN = f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>'
_END = "</sheetData></worksheet>"
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_STORED, _DEFLATED, _SIZES_FOLLOW = 0, 8, 8
_LOCAL, _FOLLOWING, _CENTRAL, _LAST = 0x04034B50, 0x08074B50, 0x02014B50, 0x06054B50
_VERSION, _DAY = 20, 0x21
"""The version of the format, and 1 January 1980: the file does not tell when it was made."""


@dataclass(frozen=True)
class SoFar:
    """What is known of the sheet as far as it is written: checksum, sizes in bytes unpacked and packed."""

    crc: int = 0
    size: int = 0
    packed: int = 0


NOTHING = SoFar()


def begin(header: Sequence[Cell]) -> tuple[bytes, SoFar]:
    """The first bytes of the file: everything up to the header row."""
    small = b"".join(_local(name, text.encode(), 0) + text.encode() for name, text in _SMALL.items())
    chunk, so_far = _deflated(_BEGIN + _row(header), NOTHING, zlib.Z_FULL_FLUSH)
    return small + _local(_SHEET, b"", _SIZES_FOLLOW, _DEFLATED) + chunk, so_far


def more(rows: Iterable[Sequence[Cell]], so_far: SoFar) -> tuple[bytes, SoFar]:
    """Further rows."""
    return _deflated("".join(map(_row, rows)), so_far, zlib.Z_FULL_FLUSH)


def end(so_far: SoFar) -> bytes:
    """The rest of the file."""
    chunk, so_far = _deflated(_END, so_far, zlib.Z_FINISH)
    following = struct.pack("<4L", _FOLLOWING, so_far.crc, so_far.packed, so_far.size)
    entries, place = [], 0
    for name, text in _SMALL.items():
        raw = text.encode()
        entries.append(_entry(name, SoFar(zlib.crc32(raw), len(raw), len(raw)), place, 0, _STORED))
        place += len(_local(name, raw, 0)) + len(raw)
    entries.append(_entry(_SHEET, so_far, place, _SIZES_FOLLOW, _DEFLATED))
    directory = b"".join(entries)
    place += len(_local(_SHEET, b"", _SIZES_FOLLOW)) + so_far.packed + len(following)
    return chunk + following + directory + struct.pack("<L4H2LH", _LAST, 0, 0, len(entries), len(entries), len(directory), place, 0)


def _deflated(text: str, so_far: SoFar, flush: int) -> tuple[bytes, SoFar]:
    raw = text.encode()
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    chunk = packer.compress(raw) + packer.flush(flush)
    return chunk, replace(so_far, crc=zlib.crc32(raw, so_far.crc), size=so_far.size + len(raw), packed=so_far.packed + len(chunk))


def _local(name: str, raw: bytes, flags: int, method: int = _STORED) -> bytes:
    fields = (_LOCAL, _VERSION, flags, method, 0, _DAY, zlib.crc32(raw), len(raw), len(raw), len(name), 0)
    return struct.pack("<L5H3L2H", *fields) + name.encode()


def _entry(name: str, so_far: SoFar, place: int, flags: int, method: int) -> bytes:
    sizes = (so_far.crc, so_far.packed, so_far.size)
    return struct.pack(
        "<L6H3L5H2L", _CENTRAL, _VERSION, _VERSION, flags, method, 0, _DAY, *sizes, len(name), 0, 0, 0, 0, 0, place
    ) + name.encode()  # fmt: skip


def _row(cells: Sequence[Cell]) -> str:
    return f"<row>{''.join(map(_cell, cells))}</row>"


def _cell(cell: Cell) -> str:
    """Text is written as text, whatever it begins with: it cannot run."""
    if cell is None or cell == "":
        return "<c/>"
    if isinstance(cell, int | float):
        return f"<c><v>{cell}</v></c>"
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(_FORBIDDEN.sub("", str(cell)))}</t></is></c>'
