from __future__ import annotations

from collections.abc import Iterator

import pytest

from steward.bus.client import Client
from steward.testing.system import System
from tests.integration.tickets.village import Village


@pytest.fixture
def village(system: System, operator: Client) -> Iterator[Village]:
    """A project with two engineers."""
    made = Village(system, operator, ("E1", "E2"))
    yield made
    made.close()
