from __future__ import annotations

from collections.abc import Mapping

import pytest

from services.duties.model import Terms, parse
from services.duties.spec import SPEC
from steward.policy import Rules, shipped


@pytest.fixture(scope="session")
def policy() -> Rules:
    return shipped(SPEC)


@pytest.fixture(scope="session")
def rows(policy: Rules) -> Mapping[str, Terms]:
    return parse(policy)
