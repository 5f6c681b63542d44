"""R21: everybody changes the same thing at the same moment."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from parcels import faults
from pymongo import MongoClient

from steward.bus.client import Client
from steward.errors import Transient
from steward.ids import new_id
from steward.store.client import Document
from steward.testing.system import System
from steward.testing.waiting import eventually
from tests.chaos.conftest import Keep
from tests.chaos.process.accounting import settled
from tests.chaos.process.crew import Crew
from tests.chaos.process.load import PROJECT, lay_before

WRITERS = 8
MOVE_S = 10.0


def move(system: System, parcel: str, moves: int) -> list[str]:
    """Move ``parcel`` so many times, each until it is done; the keys under which it was asked for."""
    keys = [new_id() for _ in range(moves)]
    with Client(system.settings) as client:
        for key in keys:
            eventually(lambda key=key: moved(client, parcel, key), "moved", 120)  # type: ignore[misc]
    return keys


def moved(client: Client, parcel: str, key: str) -> bool:
    """Whether it is done; False when it has to be asked for again."""
    try:
        client.call("parcels", "move", key=key, within_s=MOVE_S, project=PROJECT, parcel=parcel, body={"shelf": key})
    except Transient:
        return False
    return True


@pytest.mark.parametrize("moves", [6, pytest.param(100, marks=[pytest.mark.long, pytest.mark.timeout(900)])])
def test_writers_who_storm_one_aggregate_all_get_through_once(ground: System, crew: Crew, figure: Keep, moves: int) -> None:
    """Two processes and eight writers load the same version; one commit wins each round, and the others must begin anew."""
    (parcel,) = [event.aggregate for event in lay_before(ground, ["A"])]
    settled(ground, [parcel])
    with ThreadPoolExecutor(WRITERS) as writers:
        keys = [key for done in writers.map(lambda _: move(ground, parcel, moves), range(WRITERS)) for key in done]
    found = settled(ground, [parcel])
    tries = Counter(line.rpartition(":")[2] for line in faults.runs(crew.faults))
    with MongoClient[Document](ground.settings.mongo_uri) as store:
        state = store.steward_parcels.parcels.find_one({"_id": parcel})
        label = store.steward_parcels.labels.find_one({"_id": f"label-{parcel}"})
    assert state is not None and label is not None
    retries = sum(tries[key] - 1 for key in keys) / len(keys)
    figure("R21", moves=len(keys), versions=state["version"] - 2, retries_a_move=retries, **found.figures())
    assert found.good, found
    assert state["version"] == 2 + len(keys)  # received, shelved
    assert (label["as_of"], label["shelf"]) == (state["version"], state["shelf"])
