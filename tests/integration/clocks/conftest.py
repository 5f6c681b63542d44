from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from steward.testing.system import System, running_system
from tests.integration.clocks.office import Office


@pytest.fixture(scope="module")
def two_sweepers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Two processes of clocks and the gateway, nothing else: the tests are the services that clocks hears."""
    before = dict(os.environ)
    with running_system(tmp_path_factory.mktemp("clocks"), replicas={"clocks": 2}, services=["clocks"]) as running:
        os.environ.update(running.environ)
        yield running
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def office(two_sweepers: System) -> Iterator[Office]:
    with Office(two_sweepers) as office:
        yield office
