"""R2: the broker is killed in the middle of everything. What it had confirmed arrives; what it had not is sent again."""

from __future__ import annotations

import random
import time

import pytest

from steward.testing.cluster import Node
from steward.testing.system import System
from steward.testing.waiting import eventually
from tests.chaos.conftest import Keep
from tests.chaos.process.accounting import settled
from tests.chaos.process.crew import Crew
from tests.chaos.process.load import Load

SEED = 20261124
BETWEEN = 40
"""Parcels acknowledged before each kill, at most."""


def storm(ground: System, node: Node, crew: Crew, kills: int) -> dict[str, object]:
    """SIGKILL of the node under load: no buffer is flushed, no connection closed in order, confirms are lost on their way.

    What it wrote to its disk before is read back at the next start.
    """
    chance, recovery_s, before = random.Random(SEED), [], crew.replicas[0].starts
    node.wait_registered()
    with Load(ground) as load:
        for _ in range(kills):
            load.until(chance.randint(1, BETWEEN))
            node.kill()
            killed, acknowledged = time.monotonic(), len(load.acknowledged)
            node.start()
            eventually(lambda known=acknowledged: len(load.acknowledged) > known, "work goes on")  # type: ignore[misc]
            recovery_s.append(time.monotonic() - killed)
        load.until(BETWEEN)
    found = settled(ground, load.acknowledged.values())
    assert found.good, found
    assert crew.replicas[0].starts == before, "the service stays up meanwhile"
    return {"kills": kills, "acknowledged": len(load.acknowledged), **found.figures(), "recovery_s": max(recovery_s)}


def test_a_broker_killed_under_load_costs_no_event_and_doubles_no_effect(ground: System, node: Node, crew: Crew, figure: Keep) -> None:
    figure("R2", **storm(ground, node, crew, 1))


@pytest.mark.long
@pytest.mark.timeout(1_200)
def test_a_broker_killed_again_and_again_costs_no_event_and_doubles_no_effect(ground: System, node: Node, crew: Crew, figure: Keep) -> None:
    figure("R2", **storm(ground, node, crew, 20))
