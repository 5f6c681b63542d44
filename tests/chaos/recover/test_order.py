"""Order within an aggregate, while three replicas take its events from one queue side by side."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from steward.bus.client import Client
from steward.errors import NotFound
from steward.testing.system import System
from steward.testing.waiting import eventually
from tests.chaos.conftest import Keep
from tests.chaos.recover.meters import measured

HANDLER = {"handler": "on_carried"}
PROJECT = "yh"


def carry(bits: int) -> str:
    with Client() as client:
        parcel: str = client.call("parcels", "receive", within_s=60, project=PROJECT, body={"shelf": "A"})["id"]
        eventually(lambda: client.call("parcels", "show", within_s=30, project=PROJECT, parcel=parcel)["shelvings"] == 1, "shelved")
        client.call("parcels", "carry", within_s=60, project=PROJECT, parcel=parcel, bits=bits)
    return parcel


def trail(operator: Client, parcel: str) -> list[int]:
    try:
        found: list[int] = operator.call("parcels", "trail", within_s=30, project=PROJECT, parcel=parcel)
    except NotFound:
        return []
    return found


@pytest.mark.parametrize(("parcels", "bits"), [(4, 20), pytest.param(8, 100, marks=[pytest.mark.long, pytest.mark.timeout(600)])])
def test_events_of_one_aggregate_take_effect_in_order_however_fast_they_come(
    crowd: System, operator: Client, figure: Keep, parcels: int, bits: int
) -> None:
    """One relay publishes in order; three replicas take turns, so neighbours are handled at the same moment."""
    came_too_early = sum(measured(crowd, "parcels", "steward_retries_total", error="OutOfOrder", **HANDLER))
    with ThreadPoolExecutor(parcels) as carriers:
        carried = list(carriers.map(carry, [bits] * parcels))
    for parcel in carried:
        eventually(lambda parcel=parcel: len(trail(operator, parcel)) == bits, "all bits were heard of", 300)
    came_too_early = sum(measured(crowd, "parcels", "steward_retries_total", error="OutOfOrder", **HANDLER)) - came_too_early
    dead = list(operator.items("parcels", "dead_letters", handler="on_carried"))
    figure("order", events=parcels * bits, replicas=3, sent_round=came_too_early, dead=len(dead))
    assert [trail(operator, parcel) for parcel in carried] == [list(range(3, bits + 3))] * parcels
    assert not dead
