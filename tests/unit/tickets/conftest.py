from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.tickets.model import By
from services.tickets.spec import SPEC
from steward.policy import Rules, shipped

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def policy() -> Rules:
    return shipped(SPEC)


@pytest.fixture
def desk() -> By:
    return By("user:li", NOON)
