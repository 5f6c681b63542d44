"""Exchanges and queues: the same names and arguments wherever they are declared."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import amqp
from kombu import Connection, Exchange, Queue
from kombu.transport.native_delayed_delivery import (
    MAX_LEVEL,
    calculate_routing_key,
    declare_native_delayed_delivery_exchanges_and_queues,
    level_name,
)

from steward import plugins
from steward.spec import Hears, ServiceSpec

DELAY_PREFIX = "steward"
DELAYED_DELIVERY = f"{DELAY_PREFIX}_celery_delayed_delivery"
DELIVERY_LIMIT = 100
"""Generous: a crashing neighbour must not use up the deliveries of healthy messages; failures are counted apart."""
HEARTBEAT_S = 20
CONNECT_TIMEOUT_S = 3
_NEXT_NODE = ";"
FATAL_CODES = (403, 405, 406)
"""Refusals that no retry can mend: access refused, resource locked, other arguments."""


class WrongTopology(Exception):
    """A queue or exchange exists with other arguments, or may not be used; an operator has to look."""


def connection(uri: str, heartbeat_s: int = HEARTBEAT_S) -> Connection:
    """A connection that gives up quickly. Who does not tend it regularly wants no heartbeat (0).

    ``uri`` may name several nodes, separated by ``;``. They are tried in any order, so that clients spread over them, and
    who is refused by one finds another at the next try.
    """
    nodes = uri.split(_NEXT_NODE)
    random.shuffle(nodes)
    return Connection(_NEXT_NODE.join(nodes), heartbeat=heartbeat_s, connect_timeout=CONNECT_TIMEOUT_S)


@contextmanager
def connected(uri: str) -> Iterator[Connection]:
    """A connection that is open. When anything fails it is dropped without a farewell, which a silent broker would never answer."""
    bus = connection(uri)
    try:
        bus.connect()
        yield bus
    except BaseException:
        bus.collect()
        raise
    bus.release()


def events_exchange(service: str) -> Exchange:
    """Where ``service`` publishes; the routing key is the event's name (nameko's convention)."""
    return Exchange(f"{service}.events", type="topic", durable=True, auto_delete=False)


def rpc_exchange() -> Exchange:
    """Where calls and answers pass (nameko's convention)."""
    return Exchange("nameko-rpc", type="topic", durable=True)


def rpc_queue(service: str, uri: str) -> Queue:
    """The calls that wait for ``service`` at the broker of ``uri``.

    A classic queue, which costs no write: whoever calls asks again. In a cluster it would be away with its one node, so
    there it is a quorum queue.
    """
    kind = {"x-queue-type": "quorum"} if _NEXT_NODE in uri else {}
    return Queue(f"rpc-{service}", exchange=rpc_exchange(), routing_key=f"{service}.*", durable=True, queue_arguments=kind)


def dead_queue(service: str) -> Queue:
    """What no handler of ``service`` could do; filed from here into its store."""
    return Queue(f"{service}.dead", durable=True, queue_arguments={"x-queue-type": "quorum"})


def handler_queue(service: str, hears: Hears) -> Queue:
    """The durable quorum queue of one handler."""
    return Queue(
        f"{service}.{hears.handler}",
        durable=True,
        queue_arguments={
            "x-queue-type": "quorum",
            "x-delivery-limit": DELIVERY_LIMIT,
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": f"{service}.dead",
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        },
    )


def declare_handler(bus: Connection, service: str, hears: Hears) -> Queue:
    """Declare the queue of ``hears`` with all that leads into and out of it."""
    channel = bus.default_channel
    dead_queue(service)(channel).declare()
    queue = handler_queue(service, hears)(channel)
    queue.declare()
    for event in hears.events:
        source, _, name = event.partition(".")
        events_exchange(source)(channel).declare()
        queue.bind_to(f"{source}.events", routing_key=name)
    queue.bind_to(DELAYED_DELIVERY, routing_key=f"#.{queue.name}")
    return queue


def declare_delays(bus: Connection) -> None:
    """Declare the ladder of queues through which delayed retries come down."""
    declare_native_delayed_delivery_exchanges_and_queues(bus, "quorum", DELAY_PREFIX)


def declare_publisher(bus: Connection, spec: ServiceSpec) -> None:
    """Declare the exchange of ``spec`` and the queues of every installed handler that listens to it."""
    declare_delays(bus)
    events_exchange(spec.name)(bus.default_channel).declare()
    for other in plugins.installed_services().values():
        for hears in other.hears:
            if any(event.startswith(f"{spec.name}.") for event in hears.events):
                declare_handler(bus, other.name, hears)


def missing_queues(bus: Connection, spec: ServiceSpec) -> list[str]:
    """The queues that wait for events of ``spec`` and are not there."""
    waiting = sorted({queue for queues in plugins.listeners(spec.name).values() for queue in queues})
    return [queue for queue in waiting if not _exists(bus, queue)]


def _exists(bus: Connection, queue: str) -> bool:
    channel = bus.channel()
    try:
        channel.queue_declare(queue, passive=True)
    except amqp.exceptions.NotFound:
        return False  # which has closed the channel
    channel.close()
    return True


def delayed(queue: str, seconds: int) -> tuple[str, str]:
    """The exchange and routing key that bring a message back to ``queue`` alone after ``seconds``."""
    return level_name(MAX_LEVEL, DELAY_PREFIX), calculate_routing_key(seconds, queue)


def explain(error: BaseException) -> BaseException:
    """``error``, or WrongTopology in its stead when the broker's refusal is final."""
    if isinstance(error, amqp.exceptions.AMQPError) and error.reply_code in FATAL_CODES:
        return WrongTopology(f"broker refuses with {error.reply_code}: {error.reply_text}")
    return error
