from __future__ import annotations

import signal
import stat
import subprocess
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from kombu import Connection, Exchange, Queue

from steward.local import broker
from steward.local.part import Part
from steward.local.place import Place
from steward.local.ports import KeptPorts
from steward.local.processes import Process, wait_until
from steward.testing.bus import publisher

Run = Callable[[Sequence[Part]], list[Process]]
QUEUES = [
    Queue("classic", Exchange("x"), "classic", durable=True),
    Queue("quorum", Exchange("x"), "quorum", durable=True, queue_arguments={"x-queue-type": "quorum"}),
]
MESSAGES = 200


def declare(uri: str) -> None:
    with Connection(uri) as bus:
        for queue in QUEUES:
            queue(bus.default_channel).declare()


def publish(uri: str) -> None:
    with publisher(uri) as producer:
        for number in range(MESSAGES):
            for queue in QUEUES:
                producer.publish({"n": number}, exchange=queue.exchange, routing_key=queue.routing_key, delivery_mode=2)


def registered(place: Place) -> bool:
    """Whether the node has written the quorum queue's name to its disk.

    RabbitMQ does that up to half a second after it has confirmed the declaration. A node killed before has the queue,
    and never again a leader for it; nothing that a client does prevents it.
    """
    return any(b"%2F_quorum" in file.read_bytes() for file in place.broker.glob("data/**/names.dets"))


def drain(uri: str, queue: Queue) -> list[int]:
    found = []
    with Connection(uri) as bus:
        bound = queue(bus.default_channel)
        while message := bound.get():
            found.append(message.decode()["n"])
            message.ack()
    return found


def test_confirmed_messages_survive_a_killed_node(place: Place, run: Run) -> None:
    (names, node), uri = broker.make(place, KeptPorts(place.ports))
    _, process = run([names, node])
    declare(uri)
    assert wait_until(lambda: registered(place), 10)
    publish(uri)
    process.send(signal.SIGKILL)
    assert wait_until(lambda: not process.lives(), 10)
    run([node])
    assert [drain(uri, queue) for queue in QUEUES] == [list(range(MESSAGES))] * 2


def test_it_listens_on_the_loopback_alone_and_stops_cleanly_on_sigterm(place: Place, run: Run) -> None:
    parts, _ = broker.make(place, KeptPorts(place.ports))
    processes = run(parts)
    listening = subprocess.run(["ss", "-ltnpH"], capture_output=True, text=True, check=True).stdout.splitlines()
    ours = [line.split()[3] for line in listening if any(f"pid={process.pid}," in line for process in processes)]
    assert len(ours) >= 3
    assert all(address.startswith(("127.0.0.1:", "[::1]:")) for address in ours)
    names, node = processes
    node.send(signal.SIGTERM)
    assert wait_until(lambda: not node.lives(), 30)
    assert names.lives()
    written = (place.logs / "broker-0.log").read_bytes()
    assert b"Running boot step" not in written
    assert b"unexpectedly closed" not in written  # who looks whether it is well leaves no complaint behind each time


def test_the_guest_account_is_refused(place: Place, run: Run) -> None:
    parts, uri = broker.make(place, KeptPorts(place.ports))
    run(parts)
    address = urlsplit(uri)
    assert not broker.probe(f"amqp://guest:guest@127.0.0.1:{address.port}//").ready
    assert stat.S_IMODE((place.broker / "password").stat().st_mode) == 0o600
