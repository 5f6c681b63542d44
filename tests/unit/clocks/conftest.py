from __future__ import annotations

import pytest

from services.clocks.book import shipped
from services.clocks.rules import Rules, parse


@pytest.fixture
def shipped_rules() -> Rules:
    return parse(shipped())
