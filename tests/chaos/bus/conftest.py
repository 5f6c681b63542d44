"""A broker of their own, with a bad network before it: one process of parcels speaks to it through a proxy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from steward.settings import adopted
from steward.testing.cluster import Node, running_cluster
from steward.testing.proxy import Proxy
from steward.testing.system import System, running_system
from tests.chaos.process.crew import HEARTBEAT_S, Crew

PLUGINS = Path(__file__).parents[2] / "plugins"


@pytest.fixture(scope="package")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """The broker, which a test may kill and start, and whose ``rabbitmqctl`` it may use."""
    with running_cluster(tmp_path_factory.mktemp("broker")) as (node,):
        yield node


@pytest.fixture(scope="package")
def proxy(node: Node) -> Iterator[Proxy]:
    """Between the crew and the broker. Tests and the gateway go past it."""
    with Proxy(node.port) as proxy:
        yield proxy


@pytest.fixture(scope="package")
def ground(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The store and the gateway."""
    folder = tmp_path_factory.mktemp("ground")
    env = {"PYTHONPATH": str(PLUGINS), "STEWARD_AMQP_URI": node.uri}
    with running_system(folder, services=[], env=env) as running, adopted(running.environ):
        yield running


@pytest.fixture(scope="package")
def _shared_crew(ground: System, node: Node, proxy: Proxy) -> Iterator[Crew]:
    uri = f"{proxy.uri(node.uri)}?heartbeat={HEARTBEAT_S}"
    with Crew(ground, count=1, env={"STEWARD_AMQP_URI": uri}) as crew:
        yield crew


@pytest.fixture
def crew(_shared_crew: Crew) -> Iterator[Crew]:
    """One process of parcels, ready; it is to be ready again afterwards, by itself."""
    _shared_crew.wait_ready()
    yield _shared_crew
    _shared_crew.wait_ready()
