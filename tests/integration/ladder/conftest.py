from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from steward.testing.system import running_system
from tests.integration.ladder.staff import House


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Those who know people, those who count time and those who tell; two processes count."""
    before = dict(os.environ)
    with running_system(tmp_path_factory.mktemp("ladder"), {"clocks": 2}, ["identity", "clocks", "notify"]) as running:
        os.environ.update(running.environ)
        with House(running) as house:
            yield house
    os.environ.clear()
    os.environ.update(before)
