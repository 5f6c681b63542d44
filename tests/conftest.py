"""One running system for all tests that need one: every service, real broker, real store, and a plug-in beside them."""

from __future__ import annotations

import secrets
import signal
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import settings

from steward.bus.client import Client
from steward.local.ports import LOOPBACK, free_port
from steward.settings import adopted
from steward.testing import privacy
from steward.testing.oidc_provider import Provider
from steward.testing.system import System, running_system

PLUGINS = Path(__file__).with_name("plugins")
sys.path.insert(0, str(PLUGINS))  # installs the plug-in for this process, as a package manager would
signal.signal(signal.SIGINT, signal.default_int_handler)  # begun in the background, we and our children would be deaf to it

settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that failed beside a running system tells how that is."""
    report = yield
    found = getattr(item, "funcargs", {}).values() if report.failed else ()
    report.sections.extend(("the system", each.account()) for each in found if isinstance(each, System))
    return report


@pytest.fixture(scope="session")
def provider() -> Iterator[Provider]:
    """An OpenID provider, at which people may log in to the shared system."""
    with Provider("steward", secrets.token_urlsafe(), f"http://{LOOPBACK}:{free_port()}/") as running:
        yield running


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory, provider: Provider) -> Iterator[System]:
    """A system of its own, ready. Its settings are this process's environment while it runs."""
    env = {"PYTHONPATH": str(PLUGINS), "STEWARD_HTTP": urlsplit(provider.redirect).netloc, **provider.settings}
    with running_system(tmp_path_factory.mktemp("system"), env=env) as running, adopted(running.environ):
        yield running
        told = privacy.found(privacy.personal(running), privacy.shown(running))
        assert not told, "of people whom the tests made up, this is told in clear:\n" + "\n".join(told)


@pytest.fixture
def operator(system: System) -> Iterator[Client]:
    """Calls services as the operator."""
    with Client() as client:
        yield client
