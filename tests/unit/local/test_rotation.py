"""The file of secrets through a change of the field key."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from steward.local import rotation, secrets
from steward.local.place import read_env
from steward.local.rotation import Progress, RotationRefused
from steward.settings import Settings
from steward.store.resealing import Pass

AT = datetime(2026, 11, 23, 4, tzinfo=UTC)
CLEAN = Pass("people", "aabbccdd", AT, seen=7, ended=AT)
DONE = Progress("residents", True, (CLEAN,), ())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    secrets.ensure(tmp_path / "secrets.env")
    return tmp_path / "secrets.env"


def ring(path: Path) -> tuple[bytes, ...]:
    return Settings.from_env(read_env(path)).field_keys


def test_a_new_key_comes_first_and_the_former_ones_stay_until_they_are_retired(path: Path) -> None:
    (first,) = ring(path)
    rotation.rotate(path, {}, [DONE])
    second, former = ring(path)
    assert former == first
    rotation.rotate(path, {}, [DONE])
    assert ring(path)[1:] == (second, first)
    newest = ring(path)[0]
    rotation.retire(path, {}, [DONE])
    assert ring(path) == (newest,)


@pytest.mark.parametrize(
    "progress",
    [
        replace(DONE, passes=(replace(CLEAN, moved=1),)),
        replace(DONE, passes=(replace(CLEAN, unknown=1),)),
        replace(DONE, passes=(replace(CLEAN, ended=None),)),
        replace(DONE, missing=("vehicles",)),
        replace(DONE, prepared=False),
    ],
)
def test_while_a_key_is_needed_it_is_neither_taken_out_nor_followed_by_another(path: Path, progress: Progress) -> None:
    before = path.read_text()
    for change in (rotation.rotate, rotation.retire):
        with pytest.raises(RotationRefused, match="residents"):
            change(path, {}, [DONE, progress])
    assert path.read_text() == before


def test_a_key_that_is_set_elsewhere_is_changed_there(path: Path) -> None:
    before = path.read_text()
    for environ in ({rotation.CURRENT: "x"}, {rotation.OTHERS: "x"}):
        with pytest.raises(RotationRefused, match=rotation.CURRENT):
            rotation.rotate(path, environ, [DONE])
    assert path.read_text() == before


def test_what_an_operator_is_told_says_what_is_to_be_done() -> None:
    assert "04:00:00 UTC" in DONE.said
    assert rotation.OTHERS in replace(DONE, passes=(replace(CLEAN, unknown=3),)).said
    assert "vehicles waits" in replace(DONE, missing=("vehicles",)).said
