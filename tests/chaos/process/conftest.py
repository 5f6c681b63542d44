"""Broker, store and gateway for all of them, and a crew of two parcels processes that faults are ordered of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from steward.settings import adopted
from steward.testing.system import System, running_system
from tests.chaos.process.crew import Crew

PLUGINS = Path(__file__).parents[2] / "plugins"


@pytest.fixture(scope="package")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A running system with no service but the gateway."""
    folder = tmp_path_factory.mktemp("ground")
    with running_system(folder, services=[], env={"PYTHONPATH": str(PLUGINS)}) as running, adopted(running.environ):
        yield running


@pytest.fixture(scope="package")
def _shared_crew(ground: System) -> Iterator[Crew]:
    with Crew(ground) as crew:
        yield crew


@pytest.fixture
def crew(_shared_crew: Crew) -> Crew:
    """Two processes of parcels, ready."""
    _shared_crew.wait_ready()
    return _shared_crew
