"""The wrong rows of a roster as a workbook that can be corrected and sent back 更正表."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from xlsxwriter import Workbook

from services.residents.roster import columns as c
from services.residents.roster import reading
from services.residents.roster.tables import Cell, Row, Table

Problems = Mapping[int, Sequence[tuple[str, str]]]
"""By row: the header of the column (empty: the whole row) and what is wrong, in words."""
MEDIA = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_PLAIN = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
_WRONG = {"bg_color": "#FFC7CE"}
_TITLE = {"bold": True}
_TEXT = {"num_format": "@"}
_WIDTH = 16


def by_row(problems: Iterable[tuple[int, str, str]], texts: Mapping[str, str]) -> dict[int, list[tuple[str, str]]]:
    """Problems (row, column, code) in words, by row."""
    found: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for row, column, code in problems:
        found[row].append((column, texts[code]))
    return found


def workbook(content: bytes, named: str, limits: Mapping[str, Any], problems: Problems, language: str) -> bytes:
    """The rows of ``content`` that have problems, at most ``max_corrections`` of them, each wrong cell marked and remarked upon.

    Every cell is written as what it is, text as text: what looks like a formula cannot run. Stalls its thread.
    """
    table = reading.read(content, named, limits)
    wrong = [row for row in table.rows if row.number in problems][: limits["max_corrections"]]
    kept = [place for place, title in enumerate(table.header.cells) if c.plain_header(title) not in c.CORRECTIONS.values()]
    out = io.BytesIO()
    with Workbook(out, _PLAIN) as book:
        _Sheet(book, table, kept, language).write(wrong, problems)
    return out.getvalue()


class _Sheet:
    def __init__(self, book: Any, table: Table, kept: Sequence[int], language: str) -> None:
        self._sheet, self._kept = book.add_worksheet(), kept
        self._wrong, self._title, self._text = (book.add_format(form) for form in ({**_WRONG, **_TEXT}, _TITLE, _TEXT))
        self._titles = [str(_cell(table.header, place) or "").strip() for place in kept]
        self._remark = c.CORRECTIONS[language]

    def write(self, rows: Sequence[Row], problems: Problems) -> None:
        """The header and ``rows``, and in a last column what is wrong."""
        last = len(self._kept)
        self._sheet.set_column(0, last, _WIDTH)
        for place, title in enumerate((*self._titles, self._remark)):
            self._sheet.write_string(0, place, title, self._title)
        for line, row in enumerate(rows, 1):
            wrong = problems[row.number]
            for place, source in enumerate(self._kept):
                said = [text for column, text in wrong if column and column == self._titles[place]]
                self._cell(line, place, _cell(row, source), said)
            words = [f"{column}: {text}" if column else text for column, text in wrong]
            self._sheet.write_string(line, last, "; ".join(words), self._text)

    def _cell(self, line: int, place: int, cell: Cell, said: Sequence[str]) -> None:
        form = self._wrong if said else self._text
        if isinstance(cell, int | float) and not isinstance(cell, bool):
            self._sheet.write_number(line, place, cell, form)
        elif cell is None or cell == "":
            self._sheet.write_blank(line, place, None, form)
        else:
            self._sheet.write_string(line, place, str(cell), form)
        if said:
            self._sheet.write_comment(line, place, "\n".join(said))


def _cell(row: Row, place: int) -> Cell:
    return row.cells[place] if place < len(row.cells) else None
