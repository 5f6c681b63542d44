"""Workbooks for tests: honest ones by XlsxWriter, dishonest ones by hand."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import date
from typing import Any

import xlsxwriter


def workbook(rows: Sequence[Sequence[Any]], formulas: dict[str, str] | None = None) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                if isinstance(value, date):
                    sheet.write_datetime(number, column, value, day)  # type: ignore[arg-type]
                elif isinstance(value, str):
                    sheet.write_string(number, column, value)
                elif value is not None:
                    sheet.write(number, column, value)
        for place, formula in (formulas or {}).items():
            sheet.write_formula(place, formula, value="88")
    return out.getvalue()


def with_sheet(sheet: bytes, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An honest workbook whose sheet's XML is replaced."""
    honest = zipfile.ZipFile(io.BytesIO(workbook([["房号"], ["501"]])))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name in honest.namelist():
            archive.writestr(name, sheet if name == "xl/worksheets/sheet1.xml" else honest.read(name))
    return out.getvalue()


def sheet_of(cells: bytes) -> bytes:
    space = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return b'<?xml version="1.0"?><worksheet xmlns="%s"><sheetData>%s</sheetData></worksheet>' % (space, cells)
