"""What is left on the broker of processes that died while they waited for answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from steward.bus.calls import REPLY_QUEUE_EXPIRES_MS
from steward.testing.cluster import Node, running_cluster
from steward.testing.system import running_system
from steward.testing.waiting import eventually
from tests.chaos.conftest import Keep
from tests.chaos.recover.conftest import PLUGINS


def replies(node: Node) -> dict[str, int]:
    """The queues for answers, and how many listen to each."""
    return {row["name"]: int(row["consumers"]) for row in node.queues("name", "consumers") if row["name"].startswith("rpc.reply-")}


@pytest.mark.long
@pytest.mark.timeout(600)
def test_queues_for_answers_go_with_the_processes_that_listened(tmp_path: Path, figure: Keep) -> None:
    """SIGKILL: nobody is left to delete the queue, so it expires."""
    with running_cluster(tmp_path / "nodes") as (node,):
        env = {"PYTHONPATH": str(PLUGINS), "STEWARD_AMQP_URI": node.uri}
        with running_system(tmp_path / "system", services=["parcels"], env=env) as system:
            before = set(replies(node))
            for name in ("parcels", "gateway"):
                system.kill(name)
            system.wait_ready()
            expires_s = REPLY_QUEUE_EXPIRES_MS / 1000
            eventually(lambda: not before & set(replies(node)), "queues of the dead are gone", 3 * expires_s)
            left = replies(node)
        figure("R8 reply queues", killed=len(before), left_of_the_dead=0, listened_to=len(left))
    assert len(before) == len(left) == 2
    assert all(left.values())
