"""What tests of the kit alone stand on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from pymongo.database import Database

from steward.ids import new_id
from steward.store.client import connect, database
from steward.testing.system import System


@pytest.fixture
def empty(system: System) -> Iterator[Database[Any]]:
    """A database of the test's own; it goes with the system's store."""
    with closing(connect(system.settings.mongo_uri)) as client:
        yield database(client, f"probe{new_id()}")
