"""Figures that the tests publish."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from steward import settings
from steward.testing.figures import VARIABLE, Figure, keep

Keep = Callable[..., None]


@pytest.fixture(scope="session")
def figure() -> Keep:
    """``figure("R1", kills=200, lost=0)`` publishes what the test that calls it measured."""

    def published(row: str, **values: Any) -> None:
        environ = settings.inherited()
        test = environ["PYTEST_CURRENT_TEST"].rpartition("::")[2].partition(" (")[0]
        path = environ.get(VARIABLE)
        keep(Figure(row, test, values), Path(path) if path else None)

    return published
