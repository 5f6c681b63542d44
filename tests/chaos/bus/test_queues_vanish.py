"""R9, R16: queues and bindings that are not there. Events wait for them, consumers come back, and what was lost is sent again."""

from __future__ import annotations

import time
from collections.abc import Collection

from click.testing import CliRunner
from kombu import Connection
from parcels import faults, mishaps

from steward.bus.client import Client
from steward.bus.envelope import Envelope
from steward.bus.relay import BATCH
from steward.cli.republish import command as republish
from steward.testing.cluster import Node
from steward.testing.system import System
from steward.testing.waiting import eventually
from steward.times import iso, now
from tests.chaos.bus.parcels_desk import QUEUE, SETTLE_S, all_shelved, commit, order, store_of, told
from tests.chaos.conftest import Keep
from tests.chaos.process.accounting import settled, shelved
from tests.chaos.process.crew import Crew
from tests.chaos.process.load import PROJECT, lay_before

MOVED = "parcels.on_moved"
WAITING = 30
IN_HAND = 8


def test_events_without_a_queue_are_kept_and_delivered_later(ground: System, node: Node, crew: Crew, figure: Keep) -> None:
    """The binding that leads an event to its only queue is gone: the broker takes such an event, confirms it, and throws it away.

    There are more of them than the relay reads at a time, and events of others behind them.
    """
    parcels = lay_before(ground, ["A"] * (BATCH + 10))
    eventually(lambda: all_shelved(ground, parcels), "shelved", SETTLE_S)
    seen = len(_found_none(crew))
    with Connection(node.uri) as bus, Client() as operator:
        began = time.monotonic()
        for event in parcels:
            bus.default_channel.queue_unbind(MOVED, "parcels.events", "moved")  # again: the relay looks after it from time to time
            operator.call("parcels", "move", project=PROJECT, parcel=event.aggregate, within_s=30, body={"shelf": "B"})
    others = commit(ground, ["A"] * 10)
    eventually(lambda: len(_found_none(crew)) > seen, "it is told that there is no queue")
    told_s = time.monotonic() - began
    eventually(lambda: _labelled(ground, parcels) == len(parcels), "each has its label", SETTLE_S)
    everything = [event.aggregate for event in [*parcels, *others]]
    found = settled(ground, everything)
    figure("R9", events=len(parcels), others=len(others), told_s=told_s, kept_s=time.monotonic() - began, **found.figures())
    assert found.good, found


def _found_none(crew: Crew) -> list[str]:
    return [line["event"] for line in told(crew) if "found no queue" in line["event"]]


def _labelled(ground: System, parcels: Collection[Envelope]) -> int:
    with store_of(ground) as store:
        return store.labels.count_documents({"_id": {"$in": [f"label-{event.aggregate}" for event in parcels]}, "shelf": "B"})


def test_a_deleted_queue_is_there_again_by_itself_and_what_it_held_can_be_published_again(
    ground: System, node: Node, crew: Crew, figure: Keep
) -> None:
    """The broker cancels the consumer and throws away what waited; what was in hand goes on."""
    exits, began = len(crew.exits), now()
    shut = order(crew, mishaps.SHUT)
    events = lay_before(ground, [mishaps.SHUT] * WAITING)
    eventually(lambda: _begun(crew, events) == IN_HAND, "as many as it takes are in hand")
    node.control("delete_queue", QUEUE)
    deleted = time.monotonic()
    eventually(lambda: _consumers(node) == 1, "it is declared anew and consumed")
    resubscribed_s = time.monotonic() - deleted
    shut.unlink()
    after = lay_before(ground, ["A"])
    eventually(lambda: all_shelved(ground, after), "the handler hears", SETTLE_S)
    lost = [event for event in events if not shelved(ground)[event.aggregate]]
    replayed = CliRunner().invoke(republish, ["parcels", "--since", iso(began), "--to", QUEUE])
    assert replayed.exit_code == 0, replayed.output
    eventually(lambda: all_shelved(ground, events), "each parcel is shelved once", SETTLE_S)
    found = settled(ground, [event.aggregate for event in [*events, *after]])
    figure(
        "R16", resubscribed_s=resubscribed_s, in_hand=IN_HAND, lost_with_the_queue=len(lost), published_again=replayed.output.strip(),
        exits=len(crew.exits) - exits, **found.figures(),
    )  # fmt: skip
    assert len(lost) >= WAITING - 2 * IN_HAND
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
