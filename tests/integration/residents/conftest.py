"""What tests of residents share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from steward.bus.client import Client
from steward.testing.system import System
from tests.integration.residents.estate import Estate


@pytest.fixture
def estate(system: System, operator: Client) -> Iterator[Estate]:
    made = Estate(system, operator)
    yield made
    made.http.close()
