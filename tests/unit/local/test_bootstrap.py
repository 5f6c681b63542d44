"""What Debian must provide is found missing where it is missing (deploy/bootstrap.sh)."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "deploy" / "bootstrap.sh"


@pytest.fixture
def bare_path(tmp_path: Path) -> str:
    """A PATH on which there is a shell and Python, and nothing else: no apt-get either."""
    for name, real in (("python3", sys.executable), ("sh", shutil.which("sh")), ("id", shutil.which("id"))):
        assert real
        (tmp_path / name).symlink_to(real)
    return str(tmp_path)


@pytest.mark.parametrize(
    ("purpose", "packages"),
    [("run", {"fontconfig"}), ("test", {"fontconfig", "chromium", "prometheus"}), ("bench", {"fontconfig", "wrk"})],
)
def test_a_program_that_is_not_there_is_named_by_its_package(bare_path: str, purpose: str, packages: set[str]) -> None:
    done = subprocess.run([str(SCRIPT), purpose], env={"PATH": bare_path}, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    missing, _, advice = done.stderr.partition(". ")
    assert packages <= set(missing.removeprefix("Missing: ").split())
    assert "install these" in advice
