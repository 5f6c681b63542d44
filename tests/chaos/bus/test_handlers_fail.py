"""R5, R6, R13, R18, R19: what a handler or a message does wrong stays with that message."""

from __future__ import annotations

import itertools
import random
import re
import time
from collections.abc import Callable, Collection
from datetime import datetime

import pytest
from eventlet.semaphore import Semaphore
from kombu import Connection, Queue
from parcels import faults, mishaps
from parcels.spec import SPEC

from steward.bus import topology
from steward.bus.envelope import Envelope, Malformed
from steward.bus.intake import Delivery
from steward.bus.postbox import Outgoing, Postbox
from steward.bus.retrying import retry_rules
from steward.bus.settling import Settler
from steward.ids import new_id
from steward.testing.cluster import Node
from steward.testing.system import System
from steward.testing.waiting import eventually
from tests.chaos.bus.parcels_desk import (
    DEAD,
    QUEUE,
    SETTLE_S,
    all_dead,
    all_shelved,
    by_correlation,
    letters,
    order,
    told,
)
from tests.chaos.conftest import Keep
from tests.chaos.process.crew import Crew
from tests.chaos.process.load import lay_before

SEED = 20261125
RULES = retry_rules(SPEC, "on_received", None)
FORGIVEN_S = 2.0
"""How much later than announced a message may come on a machine that is shared by many. The broker counts whole seconds."""
GARBAGE = 200
SPOILT = (
    b"", b"{", b"[]", b"null", b"\xff\xfe\x00", b'"text"', b'{"specversion": "1.0"}', b'{"specversion": "0.3", "data": {}}',
)  # fmt: skip

LIES: tuple[dict[str, object], ...] = (
    {}, {"x-steward-attempts": "many"}, {"x-delivery-count": "x"}, {"x-steward-waits": None}, {"x-steward-queue": 7},
)  # fmt: skip


@pytest.mark.long
def test_a_handler_that_always_fails_is_tried_as_its_rules_say_and_harms_no_other(ground: System, crew: Crew, figure: Keep) -> None:
    """It raises, each time. Thrown back at once it would come a thousand times a second, and nothing else would get through."""
    broken = lay_before(ground, ["broken"] * 10)
    healthy = lay_before(ground, ["A"] * 20)
    found = all_dead(ground, broken)
    assert all_shelved(ground, healthy)
    waits = len(RULES.delays_s)
    assert {letter["attempts"] for letter in found} == {waits + 1}
    runs = faults.runs(crew.faults)
    tries = {event.id: runs.count(event.id) for event in broken}
    assert set(tries.values()) == {RULES.immediate * (waits + 1)}
    late_s, rates = _lateness(crew, broken)
    figure(
        "R5", events=len(broken), immediate=RULES.immediate, delayed=waits, tries=RULES.immediate * (waits + 1),
        delay_error_s=max(late_s), redeliveries_per_s=max(rates), others_unharmed=len(healthy),
    )  # fmt: skip
    assert len(late_s) == waits * len(broken)
    assert min(late_s) > -0.1 and max(late_s) < FORGIVEN_S
    assert max(rates) < 1


def _lateness(crew: Crew, events: Collection[Envelope]) -> tuple[list[float], list[float]]:
    """How much later than announced each message came back, in seconds; and how often a second it did, on average."""
    lines = by_correlation(told(crew), (f"{QUEUE} comes back", f"{QUEUE} gave up"))
    late_s, rates = [], []
    for event in events:
        ends: list[tuple[datetime, str]] = lines[event.correlation]
        for (before, said), (after, _) in itertools.pairwise(ends):
            announced = re.search(r"in (\d+) s", said)
            assert announced
            late_s.append((after - before).total_seconds() - int(announced[1]))
        rates.append((len(ends) - 1) / (ends[-1][0] - ends[0][0]).total_seconds())
    return late_s, rates


def test_no_message_is_so_spoilt_that_it_is_dropped_or_stops_anything(ground: System, node: Node, crew: Crew, figure: Keep) -> None:
    """Undecodable, of a wrong type or schema, with headers and properties that lie: kombu as it comes drops such a message."""
    before = len(crew.exits)
    [sample] = lay_before(ground, ["A"])
    chance = random.Random(SEED)
    messages = [_spoilt(chance, sample) for _ in range(GARBAGE)]
    postbox = Postbox(node.uri, confirms=True)
    assert not postbox.send_all(messages)
    postbox.close()
    ids = [message.id for message in messages]
    found = eventually(lambda: rows if len(rows := letters(ground, ids)) == GARBAGE else [], "a letter for each", SETTLE_S)
    healthy = lay_before(ground, ["A"])
    eventually(lambda: all_shelved(ground, [*healthy, sample]), "goes on", SETTLE_S)
    figure("R6", seed=SEED, messages=GARBAGE, dead_letters=len(found), dropped=GARBAGE - len(found), exits=len(crew.exits) - before)
    assert all(letter["error"] for letter in found)
    assert len(crew.exits) == before


def _spoilt(chance: random.Random, sample: Envelope) -> Outgoing:
    document = sample.encode()
    ways = (
        lambda: chance.choice(SPOILT),
        lambda: chance.randbytes(chance.randint(1, 300)),
        lambda: document[: chance.randrange(len(document))],
        lambda: document.replace(b'"shelf":"A"', b'"shelf":7'),
        lambda: document.replace(b'"aggregateversion":1', b'"aggregateversion":"one"'),
        lambda: document.replace(b'"time":"2', b'"time":"x2'),
        lambda: document.replace(b'"data":{', b'"data":[{').replace(b'},"project"', b'}],"project"'),
    )
    headers = chance.choice(
        ({}, {"x-steward-attempts": "many"}, {"x-delivery-count": "x"}, {"x-steward-waits": None}, {"x-steward-queue": 7})
    )
    kinds = chance.choice(({}, {"priority": 200}, {"correlation_id": "x" * 200}))
    queue = chance.choice((QUEUE, QUEUE, DEAD))  # also past the handler, to where the dead letters are filed
    return Outgoing("", queue, chance.choice(ways)(), new_id(), headers, kinds, mandatory=True)


def test_what_is_no_exception_and_escapes_a_handler_is_settled_all_the_same(ground: System, node: Node, crew: Crew, figure: Keep) -> None:
    """eventlet's Timeout and GreenletExit pass every ``except Exception``: nameko's worker would never settle the message.

    There are more of them than the handler takes at once, so that it would be deaf ever after.
    """
    before = len(crew.exits)
    escaped = lay_before(ground, [*mishaps.RAISED] * 12)
    found = all_dead(ground, escaped)
    healthy = lay_before(ground, ["A"])
    eventually(lambda: all_shelved(ground, healthy), "the handler hears", SETTLE_S)
    eventually(lambda: _unacknowledged(node) == 0, "nothing is stuck", 30)  # the broker counts every 5 s
    figure("R13", events=len(escaped), dead_letters=len(found), stuck_unacked=_unacknowledged(node), exits=len(crew.exits) - before)
    assert len(crew.exits) == before
    assert {letter["error"].partition(":")[0] for letter in found} == {"Timeout", "GreenletExit"}


def _unacknowledged(node: Node) -> int:
    return sum(queue["messages_unacknowledged"] for queue in node.queues("name", "messages_unacknowledged"))


def crash_loop(ground: System, node: Node, crew: Crew, limit: int, healthy: int) -> dict[str, object]:
    """One message kills whoever takes it, until the broker gives it up after ``limit`` deliveries.

    The broker counts a delivery for everything that was in hand, so the harmless ones beside it are in danger too.
    """
    before = len(crew.exits)
    deadly_order = order(crew, mishaps.DEADLY)
    try:
        with node.policy(f"^{QUEUE}$", {"delivery-limit": limit}):
            events = lay_before(ground, [mishaps.DEADLY] + ["A"] * healthy)
            [letter] = all_dead(ground, events[:1])
            eventually(lambda: all_shelved(ground, events[1:]), "the harmless ones are done", SETTLE_S)
    finally:
        deadly_order.unlink()
    crew.wait_ready()
    wrong = letters(ground, [event.id for event in events[1:]])
    deaths = len(crew.exits) - before
    assert not wrong
    assert "delivery_limit" in letter["error"]
    assert deaths > limit
    return {"deaths": deaths, "healthy": healthy, "wrongly_dead": len(wrong), "deadly_dead": 1}


@pytest.mark.long
@pytest.mark.timeout(900)
def test_in_a_crash_loop_none_of_those_beside_the_culprit_is_given_up(ground: System, node: Node, crew: Crew, figure: Keep) -> None:
    figure("R18", **crash_loop(ground, node, crew, limit=20, healthy=100))


def missing(node: Node, shelf: Queue) -> None:
    """The broker takes a message for a queue that is not there, confirms it, and throws it away."""


def full(node: Node, shelf: Queue) -> None:
    """The queue holds as much as it may, and refuses."""
    shelf.queue_arguments |= {"x-max-length": 1, "x-overflow": "reject-publish"}
    shelf.declare()
    filler = Postbox(node.uri, confirms=True)
    while not filler.send_all([Outgoing("", shelf.name, b"filler", new_id())]):
        pass
    filler.close()


@pytest.mark.parametrize("fault", [missing, full])
def test_what_is_given_up_while_its_shelf_is_away_stays_in_its_queue(
    node: Node, figure: Keep, fault: Callable[[Node, Queue], None]
) -> None:
    service, body = f"probe{new_id()}".lower(), b"no event"
    postbox = Postbox(node.uri, confirms=True)
    with Connection(node.uri) as bus:
        source = Queue(f"{service}.on_event", durable=True, queue_arguments={"x-queue-type": "quorum"})(bus.default_channel)
        source.declare()
        postbox.send_all([Outgoing("", source.name, body, "m1")])
        delivery = Delivery(eventually(source.get, "the message"), Semaphore())
        settler = Settler(service, "on_event", RULES, postbox)
        shelf = topology.dead_queue(service)(bus.default_channel)
        fault(node, shelf)
        refused = not settler.settle(delivery, Malformed("not JSON"))
        if fault is full:
            shelf.purge()
        else:
            shelf.declare()
        mended = time.monotonic()
        eventually(lambda: settler.settle(delivery, Malformed("not JSON")), "it is taken")
        letter = eventually(shelf.get, "the letter")
        figure("R19", fault=fault.__name__, refused=refused, lost=0, arrives_s=time.monotonic() - mended)
        assert refused and letter.body in (body, body.decode())
        for queue in (source, shelf):
            queue.delete()
    postbox.close()
