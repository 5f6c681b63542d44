"""A small system of its own: the plug-in service, three replicas of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from steward.bus.client import Client
from steward.settings import adopted
from steward.testing.system import System, running_system

PLUGINS = Path(__file__).parents[2] / "plugins"
REPLICAS = 3


@pytest.fixture(scope="package")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Broker, store, gateway, and three replicas of parcels whose breakers open soon."""
    policy = tmp_path_factory.mktemp("policy")
    (policy / "bus.toml").write_text("[breaker]\nfailures = 2\nprobe_s = [0.5]\n")
    env = {"PYTHONPATH": str(PLUGINS), "STEWARD_POLICY": str(policy)}
    folder = tmp_path_factory.mktemp("crowd")
    with running_system(folder, replicas={"parcels": REPLICAS}, services=["parcels"], env=env) as running, adopted(running.environ):
        yield running


@pytest.fixture
def operator(crowd: System) -> Iterator[Client]:
    """Calls services as the operator."""
    with Client() as client:
        yield client
