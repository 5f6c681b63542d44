"""A caller with a project of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from steward.bus.client import Client
from steward.testing.system import System
from tests.integration.away.caller import Caller


@pytest.fixture
def caller(system: System) -> Iterator[Caller]:
    system.wait_ready()
    with Client() as operator:  # not for long: its broker may go away
        found = Caller(system, operator)
    yield found
    found.close()
    system.wait_ready()
