"""From a file's bytes to a table, within bounds. Knows nothing of what the columns mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from services.residents.roster import texts, xlsx
from services.residents.roster.tables import Row, Table, refused

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = b"\xd0\xcf\x11\xe0"
_ENDINGS = {"csv": "csv", "txt": "csv", "xlsx": "xlsx", "xlsm": "xlsx"}
_READERS = {"csv": texts.rows, "xlsx": xlsx.rows}


def format_named(filename: str, chosen: str | None) -> str:
    """The format that the caller names: ``chosen``, or by the ending of ``filename``; empty when neither tells."""
    return chosen or _ENDINGS.get(filename.rpartition(".")[2].lower(), "")


def read(content: bytes, named: str, limits: Mapping[str, Any]) -> Table:
    """The table in ``content``; ``named`` is ``csv``, ``xlsx`` or empty when the content is to tell.

    Raises BadInput for a file that cannot be used as a whole; ``limits`` is the policy's ``roster`` table.
    """
    if len(content) > limits["max_bytes"]:
        raise refused("too_large", f"is larger than {limits['max_bytes']} bytes")
    if not content.strip():
        raise refused("empty", "is empty")
    return _table(_READERS[_format(content, named)](content, limits), limits)


def _format(content: bytes, named: str) -> str:
    if content.startswith(_OLE):
        raise refused("format", "is an old .xls or a protected workbook; save it as .xlsx without a password")
    zipped = content.startswith(_ZIP)
    if named == "xlsx" and not zipped:
        raise refused("format", "is named XLSX and is none")
    if named == "csv" and zipped:
        raise refused("format", "is named CSV and is a workbook or an archive")
    return "xlsx" if zipped else "csv"


def _table(rows: Iterator[Row], limits: Mapping[str, Any]) -> Table:
    header = next((row for row in rows if not row.blank), None)
    if header is None:
        raise refused("empty", "is empty")
    kept = []
    for row in rows:
        if not row.blank:
            kept.append(row)
        if len(kept) > limits["max_rows"]:
            raise refused("too_many_rows", f"has more than {limits['max_rows']} rows")
    if not kept:
        raise refused("no_rows", "has a header and no rows")
    return Table(header, tuple(kept))
