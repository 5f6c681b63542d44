from __future__ import annotations

import pytest

from services.clocks.book import published, shipped
from services.clocks.rows import parse
from services.clocks.rules import Rules


@pytest.fixture
def shipped_rules() -> Rules:
    return parse(shipped(), published())


@pytest.fixture
def all_rules() -> Rules:
    """With those rows awake that wait for a service still to come."""
    return parse(shipped())
