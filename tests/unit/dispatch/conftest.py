from __future__ import annotations

import pytest

from services.dispatch.spec import SPEC
from steward.policy import Rules, shipped


@pytest.fixture(scope="session")
def policy() -> Rules:
    return shipped(SPEC)
