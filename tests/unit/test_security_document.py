"""Whatever docs/security.md says is shown by a test, is a test that there is."""

from __future__ import annotations

import re
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "security.md"
LINK = re.compile(r"\[([^\]]+)\]\((\.\./tests/[^)]+\.py)\)")
RISKS = 10


def test_every_test_that_is_named_is_there() -> None:
    named = [(words, path) for words, path in LINK.findall(DOCUMENT.read_text(encoding="utf-8")) if not words.startswith("tests/")]
    missing = [
        words for words, path in named if f"def test_{words.replace(' ', '_')}(" not in (DOCUMENT.parent / path).read_text(encoding="utf-8")
    ]
    assert len(named) > 2 * RISKS and not missing


def test_every_risk_names_a_test() -> None:
    rows = [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if re.match(r"\| \d+ ", line)]
    assert [int(row.split()[1]) for row in rows] == list(range(1, RISKS + 1))
    assert all(LINK.search(row) for row in rows)
