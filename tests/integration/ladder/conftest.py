from __future__ import annotations

from collections.abc import Iterator

import pytest

from steward.settings import adopted
from steward.testing.system import running_system
from tests.integration.ladder.staff import House

ROWS = """
[clocks.guest-shown-in]
handbook = "a company's own"
start = ["lobby.arrived"]
stop = ["lobby.shown_in"]
pause = ["lobby.waiting"]
resume = ["lobby.called"]
when = { floor = { above = 20 } }
limit_s = 600
responsible = ["desk"]
outside = ["lobby.arrived", "lobby.shown_in", "lobby.waiting", "lobby.called"]
"""
"""A clock on the events of a service that nobody here has ever heard of."""


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Those who know people, those who count time and those who tell; two processes count."""
    folder = tmp_path_factory.mktemp("ladder")
    (folder / "clocks.toml").write_text(ROWS, encoding="utf-8")
    env = {"STEWARD_POLICY": str(folder)}
    services = ["identity", "clocks", "notify"]
    with running_system(folder / "data", {"clocks": 2}, services, env) as running, adopted(running.environ), House(running) as house:
        yield house
