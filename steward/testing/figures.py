"""Figures that fault tests publish: kept as JSON lines, shown as a Markdown table.

STEWARD_FIGURES=figures.jsonl make chaos
python -m steward.testing.figures figures.jsonl
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

VARIABLE = "STEWARD_FIGURES"
"""Names the file that figures are appended to; unset: they are only printed."""


class Figure(NamedTuple):
    """What one test measured about one promise. ``row``: the promise's name in docs/guarantees.md, e.g. ``R1``."""

    row: str
    test: str
    values: dict[str, Any]

    def line(self) -> str:
        """Itself as one line of JSON."""
        return json.dumps(self._asdict(), ensure_ascii=False)


def keep(figure: Figure, path: Path | None, told: Callable[[str], None] = print) -> None:
    """Tell ``figure``, and append it to ``path`` if there is one. Raises OSError."""
    told(f"{figure.row}: {_shown(figure.values)}")
    if path is not None:
        with path.open("a", encoding="utf-8") as lines:
            lines.write(figure.line() + "\n")


def read(path: Path) -> list[Figure]:
    """The figures in ``path``, the last of each row and test. Raises OSError, ValueError."""
    found = [Figure(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return list({(figure.row, figure.test): figure for figure in found}.values())


def table(figures: Iterable[Figure]) -> str:
    """``figures`` as a Markdown table, in the order of their rows."""
    rows = (f"| {figure.row} | {figure.test} | {_shown(figure.values)} |" for figure in sorted(figures, key=_order))
    return "\n".join(("| row | test | figures |", "|---|---|---|", *rows))


def _order(figure: Figure) -> tuple[int, str, str]:
    digits = "".join(filter(str.isdigit, figure.row))
    return int(digits or 0), figure.row, figure.test


def _shown(values: dict[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {_number(value)}" for name, value in values.items())


def _number(value: Any) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


if __name__ == "__main__":
    print(table(read(Path(sys.argv[1]))))
