"""Figures are kept line by line, and the last of each test is shown."""

from __future__ import annotations

from pathlib import Path

from steward.testing.figures import Figure, keep, read, table


def test_a_figure_is_told_kept_and_shown(tmp_path: Path) -> None:
    told: list[str] = []
    keep(Figure("R10", "test_b", {"longest_s": 2.5}), tmp_path / "f", told.append)
    keep(Figure("R1", "test_a", {"kills": 200, "lost": 0}), tmp_path / "f", told.append)
    assert told == ["R10: longest s 2.5", "R1: kills 200, lost 0"]
    assert table(read(tmp_path / "f")).splitlines()[2:] == ["| R1 | test_a | kills 200, lost 0 |", "| R10 | test_b | longest s 2.5 |"]


def test_a_test_that_ran_again_replaces_its_figure(tmp_path: Path) -> None:
    for kills in (1, 2):
        keep(Figure("R1", "test_a", {"kills": kills}), tmp_path / "f", lambda line: None)
    assert [figure.values for figure in read(tmp_path / "f")] == [{"kills": 2}]


def test_without_a_file_a_figure_is_only_told() -> None:
    told: list[str] = []
    keep(Figure("R1", "test_a", {}), None, told.append)
    assert told == ["R1: "]
