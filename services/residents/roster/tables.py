"""A table of cells, as any kind of file gives it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from steward.errors import BadInput

Cell = str | int | float | bool | date | None


@dataclass(frozen=True, slots=True)
class Row:
    """One row. ``number`` is as a spreadsheet counts; ``formulas`` are the positions of cells that hold a formula."""

    number: int
    cells: tuple[Cell, ...]
    formulas: frozenset[int] = frozenset()

    @property
    def blank(self) -> bool:
        """Whether no cell holds anything."""
        return not self.formulas and all(cell is None or str(cell).strip() == "" for cell in self.cells)


@dataclass(frozen=True)
class Table:
    """A header and the rows below it that are not blank."""

    header: Row
    rows: tuple[Row, ...]


def refused(code: str, message: str) -> BadInput:
    """The whole file cannot be used: a BadInput for ``content`` whose ``code`` says why."""
    return BadInput(f"content: {message}", code=code, errors=[{"field": "content", "message": message}])
