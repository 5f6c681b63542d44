"""R2 in a cluster of three: the node that leads the queue is killed, or cut off. What was confirmed is there."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import pytest
from kombu import Connection

from steward.bus import topology
from steward.bus.postbox import Outgoing, Postbox
from steward.errors import Unavailable
from steward.ids import new_id
from steward.settings import adopted
from steward.spec import Hears
from steward.testing.cluster import Node, running_cluster
from steward.testing.system import System, running_system
from steward.testing.waiting import eventually
from tests.chaos.bus.parcels_desk import QUEUE
from tests.chaos.conftest import Keep
from tests.chaos.process.accounting import settled
from tests.chaos.process.crew import HEARTBEAT_S, Crew
from tests.chaos.process.load import Load

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

PLUGINS = Path(__file__).parents[2] / "plugins"
BATCH = 20
PAUSE_S = 0.01
"""After each: a stream, not a flood."""
RECOVER_S = 120.0
NOBODY = Hears("on_event", ())


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Node]]:
    with running_cluster(tmp_path_factory.mktemp("cluster"), 3) as nodes:
        yield nodes


def leader(cluster: list[Node], queue: str) -> Node:
    """The node that leads ``queue``."""
    asked = next(node for node in cluster if node.lives())
    name = next(row["leader"] for row in asked.queues("name", "leader") if row["name"] == queue)
    return next(node for node in cluster if node.name == name)


def uris(cluster: list[Node]) -> str:
    """All nodes, as a client is given them; it connects to any."""
    return ";".join(node.uri for node in cluster)


@contextmanager
def killed(node: Node) -> Iterator[None]:
    """SIGKILL; it is started again at the end."""
    node.kill()
    try:
        yield
    finally:
        node.start()


class Stream:
    """Publishes numbers in batches, each again until it is confirmed: to ``first``, and to any node once that failed.

    A context manager.
    """

    def __init__(self, first: Node, cluster: list[Node], queue: str) -> None:
        self._postbox, self._uris, self._queue = Postbox(first.uri, confirms=True), uris(cluster), queue
        self.confirmed: list[str] = []
        self.refusals, self.last = 0, ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> Stream:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stopping.set()
        self._thread.join(RECOVER_S)
        assert not self._thread.is_alive()

    def until(self, more: int) -> None:
        """Wait until so many more are confirmed."""
        goal = len(self.confirmed) + more
        try:
            eventually(lambda: len(self.confirmed) >= goal, f"{more} more are confirmed", RECOVER_S)
        except AssertionError as error:
            raise AssertionError(f"{error}; {self.refusals} refusals, the last one: {self.last}") from error

    def _work(self) -> None:
        for start in itertools.count(0, BATCH):
            batch = [str(number) for number in range(start, start + BATCH)]
            while not self._sent(batch) and not self._stopping.wait(PAUSE_S):
                self.refusals += 1
            if self._stopping.wait(PAUSE_S):
                self._postbox.close()
                return

    def _sent(self, batch: list[str]) -> bool:
        try:
            untaken = self._postbox.send_all([Outgoing("", self._queue, each.encode(), each, mandatory=True) for each in batch])
        except Unavailable as refusal:
            self.last = repr(refusal)
            self._postbox.close()
            self._postbox = Postbox(self._uris, confirms=True)
            return False
        self.last = str(untaken)
        if not untaken:
            self.confirmed += batch
        return not untaken


def drained(node: Node, queue: str, count: int) -> Counter[str]:
    """Everything in ``queue``, once there are at least ``count`` different ones."""
    found: Counter[str] = Counter()
    with Connection(node.uri) as bus:
        channel = bus.default_channel

        def look() -> bool:
            while message := channel.basic_get(queue):
                body = message.body
                found[body if isinstance(body, str) else bytes(body).decode()] += 1
                channel.basic_ack(message.delivery_tag)
            return len(found) >= count

        eventually(look, "all that was confirmed", RECOVER_S)
    return found


@pytest.fixture
def queue(cluster: list[Node]) -> str:
    """A handler's queue with a member on each node."""
    service = f"probe{new_id()}".lower()
    with Connection(cluster[0].uri) as bus:
        declared = topology.handler_queue(service, NOBODY)(bus.default_channel)
        declared.declare()
    for node in cluster:
        node.wait_registered()
    members = next(row["members"] for row in cluster[0].queues("name", "members") if row["name"] == declared.name)
    assert len(members) == len(cluster)
    return str(declared.name)


def account(stream: Stream, found: Counter[str]) -> dict[str, int]:
    return {
        "confirmed": len(stream.confirmed),
        "lost": len(set(stream.confirmed) - set(found)),
        "doubled": sum(found.values()) - len(found),
        "refused_meanwhile": stream.refusals,
    }


def test_the_leader_killed_in_a_confirmed_stream_loses_nothing(cluster: list[Node], queue: str, figure: Keep) -> None:
    """SIGKILL of the node that leads the queue, and to which the publisher is connected: the other two have what was confirmed."""
    leading = leader(cluster, queue)
    with Stream(leading, cluster, queue) as stream:
        stream.until(500)
        with killed(leading):
            at = time.monotonic()
            stream.until(BATCH)
            recovery_s = time.monotonic() - at
            stream.until(500)
        stream.until(500)
    survivor = next(node for node in cluster if node is not leading)
    figures = account(stream, drained(survivor, queue, len(stream.confirmed)))
    figure("R2", fault="leader of three killed", recovery_s=recovery_s, **figures)
    assert figures["lost"] == 0


@pytest.mark.parametrize("seconds", [10, 30])
def test_the_leader_cut_off_in_a_confirmed_stream_loses_nothing(cluster: list[Node], queue: str, figure: Keep, seconds: int) -> None:
    """SIGSTOP of the node that leads the queue: to the others, and to the publisher, it is there and silent, as behind a cut cable.

    The others elect a leader; when it comes back it must not insist on what it believed before.
    """
    leading = leader(cluster, queue)
    with Stream(leading, cluster, queue) as stream:
        stream.until(500)
        with leading.held():
            cut = time.monotonic()
            stream.until(BATCH)
            recovery_s = time.monotonic() - cut
            time.sleep(max(seconds - recovery_s, 0))  # the length of the partition is what is tested
        stream.until(500)
    with killed(leading):  # as an operator restarts a node that was cut off; what it had to say, it has said
        pass
    survivor = next(node for node in cluster if node is not leading)
    figures = account(stream, drained(survivor, queue, len(stream.confirmed)))
    figure("R2", fault="leader of three cut off", partition_s=seconds, recovery_s=recovery_s, **figures)
    assert figures["lost"] == 0


@pytest.fixture(scope="module")
def cluster_ground(cluster: list[Node], tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("cluster-ground")
    env = {"PYTHONPATH": str(PLUGINS), "STEWARD_AMQP_URI": uris(cluster)}
    with running_system(folder, services=[], env=env) as running, adopted(running.environ):
        yield running


def test_services_go_on_when_the_node_that_leads_their_queue_is_killed(cluster: list[Node], cluster_ground: System, figure: Keep) -> None:
    """They are told of all three nodes, and go to the next."""
    uri = ";".join(f"{node.uri}?heartbeat={HEARTBEAT_S}" for node in cluster)
    with Crew(cluster_ground, count=2, env={"STEWARD_AMQP_URI": uri}) as crew:
        for node in cluster:
            node.wait_registered()
        with Load(cluster_ground) as load:
            load.until(50)
            leading = leader(cluster, QUEUE)
            with killed(leading):
                at, known = time.monotonic(), len(load.acknowledged)
                eventually(lambda: len(load.acknowledged) > known, "work goes on", RECOVER_S)
                recovery_s = time.monotonic() - at
                load.until(50)
            load.until(50)
        found = settled(cluster_ground, load.acknowledged.values())
        figure(
            "R2",
            fault="node of three killed",
            recovery_s=recovery_s,
            acknowledged=len(load.acknowledged),
            exits=len(crew.exits),
            **found.figures(),
        )
        assert found.good, found
