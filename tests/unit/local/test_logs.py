from __future__ import annotations

from pathlib import Path

from steward.local import logs


def test_a_log_that_is_too_large_moves_to_the_one_before(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    with log.open("a") as writer:
        writer.write("a" * 101)
        writer.flush()
        assert logs.bound(log, 100)
        writer.write("b")
    assert log.read_text() == "b"
    assert (tmp_path / "x.log.1").read_text() == "a" * 101


def test_a_small_log_stays(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text("a" * 100)
    assert not logs.bound(tmp_path / "x.log", 100)
    assert not logs.bound(tmp_path / "none.log", 100)


def test_the_tail_has_the_last_lines(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text("".join(f"{n}\n" for n in range(1000)))
    assert logs.tail(tmp_path / "x.log", 2) == "998\n999"
    assert logs.tail(tmp_path / "none.log") == ""
