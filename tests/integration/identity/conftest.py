"""The door of the shared system."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from steward.bus.client import Client
from steward.testing.system import System
from tests.integration.identity.door import Door


@pytest.fixture
def door(system: System, operator: Client) -> Iterator[Door]:
    made = Door(system, operator)
    yield made
    made.http.close()
