"""One running system for all tests that need one: every service, real broker, real store, and a plug-in beside them."""

from __future__ import annotations

import signal
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from steward.bus.client import Client
from steward.settings import adopted
from steward.testing.system import System, running_system

PLUGINS = Path(__file__).with_name("plugins")
sys.path.insert(0, str(PLUGINS))  # installs the plug-in for this process, as a package manager would
signal.signal(signal.SIGINT, signal.default_int_handler)  # begun in the background, we and our children would be deaf to it


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that failed beside a running system tells how that is."""
    report = yield
    found = getattr(item, "funcargs", {}).values() if report.failed else ()
    report.sections.extend(("the system", each.account()) for each in found if isinstance(each, System))
    return report


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system of its own, ready. Its settings are this process's environment while it runs."""
    folder = tmp_path_factory.mktemp("system")
    with running_system(folder, env={"PYTHONPATH": str(PLUGINS)}) as running, adopted(running.environ):
        yield running


@pytest.fixture
def operator(system: System) -> Iterator[Client]:
    """Calls services as the operator."""
    with Client() as client:
        yield client
