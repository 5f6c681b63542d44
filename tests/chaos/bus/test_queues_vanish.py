"""R9, R16: queues and bindings that are not there. Events wait for them, consumers come back, and what was lost is sent again."""

from __future__ import annotations

import time
from collections.abc import Collection

from click.testing import CliRunner
from kombu import Connection
from parcels import faults, mishaps
from parcels.spec import SPEC

from steward.bus.client import Client
from steward.bus.envelope import Envelope
from steward.bus.relay import BATCH
from steward.bus.shares import fair_shares
from steward.cli.republish import command as republish
from steward.testing.cluster import Node
from steward.testing.faults import gone
from steward.testing.system import System
from steward.testing.waiting import eventually
from steward.times import iso, now
from tests.chaos.bus.parcels_desk import QUEUE, SETTLE_S, all_shelved, commit, order, store_of, told
from tests.chaos.conftest import Keep
from tests.chaos.process.accounting import settled, shelved
from tests.chaos.process.crew import Crew
from tests.chaos.process.load import PROJECT, lay_before

CARRIED = "parcels.on_carried"
PARCELS, BITS = 25, 6
assert PARCELS * BITS > BATCH
NO_QUEUE, OVERTAKEN = "found no queue", f"{CARRIED} comes back"
WAITING = 30


def test_events_without_a_queue_are_kept_and_delivered_later_in_order(ground: System, node: Node, crew: Crew, figure: Keep) -> None:
    """The bindings that lead an event to its queues are gone: the broker takes such an event, confirms it, and throws it away.

    There are more of them than the relay reads at a time, several of each parcel, and events of other parcels behind them.
    The gateway's live view hears everything, so the gateway is gone too: with it there, each event would have found a queue.
    """
    parcels = lay_before(ground, ["A"] * PARCELS)
    eventually(lambda: all_shelved(ground, parcels), "shelved", SETTLE_S)
    seen, overtaken, began = len(_lines(crew, NO_QUEUE)), len(_lines(crew, OVERTAKEN)), time.monotonic()
    with gone(ground, "gateway"), Connection(node.uri) as bus, Client() as operator:
        for event in parcels:
            # Again each time: the relay looks after its listeners' queues now and then.
            bus.default_channel.queue_unbind(CARRIED, "parcels.events", "carried")
            operator.call("parcels", "carry", project=PROJECT, parcel=event.aggregate, bits=BITS)
    others = commit(ground, ["A"] * 10)
    eventually(lambda: len(_lines(crew, NO_QUEUE)) > seen, "it is told that there is no queue", 15)
    eventually(lambda: _trails(ground, parcels) == [BITS] * PARCELS, "each was carried to the end", SETTLE_S)
    kept_s = time.monotonic() - began
    found = settled(ground, [event.aggregate for event in [*parcels, *others]])
    overtaken = len(_lines(crew, OVERTAKEN)) - overtaken
    figure("R9", events=PARCELS * BITS, others=len(others), kept_s=kept_s, overtaken=overtaken, **found.figures())
    assert found.good, found
    ground.wait_ready()


def _lines(crew: Crew, text: str) -> list[str]:
    return [line["event"] for line in told(crew) if text in line["event"]]


def _trails(ground: System, parcels: Collection[Envelope]) -> list[int]:
    """How many bits of each parcel's way were heard of, in their order."""
    with store_of(ground) as store:
        found = store.trails.find({"_id": {"$in": [f"trail-{event.aggregate}" for event in parcels]}})
        return [len(trail["seen"]) for trail in found if trail["seen"] == sorted(trail["seen"])]


def test_a_deleted_queue_is_there_again_by_itself_and_what_it_held_can_be_published_again(
    ground: System, node: Node, crew: Crew, figure: Keep
) -> None:
    """The broker cancels the consumer and throws away what waited; what was in hand goes on."""
    exits, began = len(crew.exits), now()
    shut = order(crew, mishaps.SHUT)
    events = lay_before(ground, [mishaps.SHUT] * WAITING)
    in_hand = fair_shares({hears.handler: hears.prefetch for hears in SPEC.hears}, ground.settings.workers)["on_received"]
    eventually(lambda: _begun(crew, events) == in_hand, "as many as it takes are in hand")
    node.control("delete_queue", QUEUE)
    deleted = time.monotonic()
    eventually(lambda: _consumers(node) == 1, "it is declared anew and consumed")
    resubscribed_s = time.monotonic() - deleted
    shut.unlink()
    after = lay_before(ground, ["A"])
    eventually(lambda: all_shelved(ground, after), "the handler hears", SETTLE_S)
    lost = [event for event in events if not shelved(ground)[event.aggregate]]
    replayed = CliRunner().invoke(republish, ["parcels", "--since", iso(began), "--to", QUEUE])
    assert replayed.exit_code == 0, replayed
    eventually(lambda: all_shelved(ground, events), "each parcel is shelved once", SETTLE_S)
    found = settled(ground, [event.aggregate for event in [*events, *after]])
    figure(
        "R16", resubscribed_s=resubscribed_s, in_hand=in_hand, lost_with_the_queue=len(lost), published_again=replayed.output.strip(),
        exits=len(crew.exits) - exits, **found.figures(),
    )  # fmt: skip
    assert len(lost) >= WAITING - 2 * in_hand
    assert len(crew.exits) == exits
    assert found.good, found


def _begun(crew: Crew, events: Collection[Envelope]) -> int:
    return len({event.id for event in events} & set(faults.runs(crew.faults)))


def _consumers(node: Node) -> int:
    with Connection(node.uri) as bus:
        try:
            return int(bus.default_channel.queue_declare(QUEUE, passive=True).consumer_count)
        except bus.channel_errors:
            return 0
