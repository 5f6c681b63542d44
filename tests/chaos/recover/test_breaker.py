"""A part that is away is not asked by every message: what waits, waits in its queue, and no attempt is burnt."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from steward.bus.client import Client
from steward.bus.envelope import from_wire
from steward.bus.postbox import Outgoing, Postbox
from steward.bus.vouching import Voucher
from steward.ids import new_id
from steward.testing.faults import gone
from steward.testing.system import System
from steward.testing.waiting import eventually
from tests.chaos.conftest import Keep
from tests.chaos.recover.conftest import REPLICAS
from tests.chaos.recover.meters import measured, readiness

QUEUE = "parcels.on_received"
HANDLER = {"handler": "on_received"}
IN_HAND = REPLICAS * 8
"""What all replicas may have taken from the queue at once."""
FAILURES = 2
PARCELS = 10


def shelved(operator: Client) -> str:
    """A parcel that has its place."""
    parcel: str = operator.call("parcels", "receive", within_s=30, project="yh", body={"shelf": "A"})["id"]
    eventually(lambda: shelvings(operator, parcel) == 1, "shelved")
    return parcel


def news(operator: Client, voucher: Voucher, parcels: list[str], messages: int) -> list[Outgoing]:
    """More events about ``parcels`` in turn."""
    heard = [operator.call("parcels", "timeline", within_s=30, project="yh", matter=f"parcels/{parcel}")[0] for parcel in parcels]
    events = [from_wire(heard[number % len(heard)] | {"id": new_id()}) for number in range(messages)]
    return [voucher.message("", QUEUE, event.encode(), event.id) for event in events]


def shelvings(operator: Client, parcel: str) -> int:
    found: int = operator.call("parcels", "show", within_s=30, project="yh", parcel=parcel)["shelvings"]
    return found


@pytest.mark.parametrize("messages", [100, pytest.param(2_000, marks=[pytest.mark.long, pytest.mark.timeout(600)])])
def test_while_the_store_is_away_handlers_wait_and_then_do_everything_once(
    crowd: System, operator: Client, figure: Keep, messages: int
) -> None:
    """The store is killed and stays so. Each message that is tried costs a time-out; each that is sent round, two confirmed writes."""
    parcels = [shelved(operator) for _ in range(PARCELS)]
    more = news(operator, Voucher(crowd.settings.token_key), parcels, messages)
    with gone(crowd, "store"), closing(Postbox(crowd.environ["STEWARD_AMQP_URI"], confirms=True)) as postbox:
        postbox.send_all(more)
        eventually(lambda: measured(crowd, "parcels", "steward_breaker_open", **HANDLER) == [1.0] * REPLICAS, "all breakers are open")
        told: list[dict[str, Any]] = readiness(crowd, "parcels")
        assert all(one["details"]["breaker on_received"].startswith("open: the store is away") for one in told)
        waiting, held = operator.depth(QUEUE), sum(measured(crowd, "parcels", "steward_breaker_held", **HANDLER))
        sent_round = sum(measured(crowd, "parcels", "steward_retries_total", error="Unavailable", **HANDLER))
    crowd.wait_ready()
    for parcel in parcels:
        eventually(lambda parcel=parcel: shelvings(operator, parcel) == 1 + messages // PARCELS, "everything was handled once", 300)
    dead = list(operator.items("parcels", "dead_letters"))
    figure("breaker", messages=messages, waiting_in_queue=waiting, in_hand=held, sent_round=sent_round, dead=len(dead))
    assert not dead
    assert sent_round <= REPLICAS * (FAILURES + 8)  # those that were under way when it opened
    assert waiting >= messages - IN_HAND - sent_round
    assert held <= IN_HAND
    assert measured(crowd, "parcels", "steward_breaker_open", **HANDLER) == [0.0] * REPLICAS
