"""R8: who is called hangs, dies, or its answer is lost. The caller is told within its time, and nothing of the call is left."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from parcels import faults

from steward.bus import topology
from steward.bus.client import OPERATOR, Client
from steward.bus.tokens import own_token
from steward.ids import new_id
from steward.replay.ledger import percentile
from steward.testing.system import System
from steward.testing.waiting import eventually
from tests.chaos.conftest import Keep
from tests.chaos.process.accounting import settled
from tests.chaos.process.crew import Crew
from tests.chaos.process.load import PROJECT

DEADLINE_S = 1.8
"""What a call has unless its spec says otherwise."""
HUNG_S = 10.0
"""No speed: without a deadline it would be for ever."""
LEFT_S = 15.0
"""Within which the gateway's own questions are between two of them."""
TOLD = (503, 504)
CALLS_HELD = 8


@pytest.fixture
def http(ground: System) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{ground.url}/v1/projects/{PROJECT}", timeout=30) as client:
        yield client


def hand_in(http: httpx.Client, key: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {own_token(OPERATOR)}", "Idempotency-Key": key}
    return http.post("/parcels", json={"shelf": "A"}, headers=headers)


def accepted(http: httpx.Client, key: str) -> str:
    """The parcel that asking again under ``key`` gives in the end."""

    def parcel() -> str:
        answer = hand_in(http, key)
        assert answer.status_code == 201 or answer.status_code in TOLD, answer.text
        return str(answer.json()["id"]) if answer.status_code == 201 else ""

    return eventually(parcel, "the parcel is accepted")


def waiting(system: System) -> int:
    """How many calls of the gateway wait for their answer."""
    (row,) = system.rows("gateway")
    found = re.search(r"^steward_calls_waiting\{.*\} (\d+)", httpx.get(f"http://127.0.0.1:{row.port}/metrics").text, re.MULTILINE)
    assert found is not None
    return int(found[1])


def nothing_left(system: System) -> None:
    """No call is left waiting. For moments there is one: now and then the gateway asks identity, which is not here, for news."""
    eventually(lambda: waiting(system) == 0, "no call is left waiting", LEFT_S)


@pytest.mark.parametrize("calls", [16, pytest.param(200, marks=[pytest.mark.long, pytest.mark.timeout(600)])])
def test_calls_to_a_service_that_hangs_are_answered_by_their_deadline(
    ground: System, crew: Crew, http: httpx.Client, figure: Keep, calls: int
) -> None:
    """SIGSTOP: it is connected, takes nothing and says nothing. Calls wait in its queue, each for nothing."""

    def timed(key: str) -> tuple[int, float]:
        started = time.monotonic()
        return hand_in(http, key).status_code, time.monotonic() - started

    keys = [new_id() for _ in range(calls)]
    for replica in crew.replicas:
        replica.send(signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(16) as callers:
            answers = list(callers.map(timed, keys))
        nothing_left(ground)
    finally:
        for replica in crew.replicas:
            replica.send(signal.SIGCONT)
    late = [took_s - DEADLINE_S for _, took_s in answers]
    figure("R8", calls=calls, past_deadline_p99_s=percentile(late, 0.99), entries_left=0)
    assert {status for status, _ in answers} <= set(TOLD)
    assert max(late) < HUNG_S
    parcels = {accepted(http, key) for key in keys[:4]}
    assert settled(ground, parcels).good


def test_processes_held_until_the_broker_has_closed_on_them_work_again(
    ground: System, crew: Crew, http: httpx.Client, figure: Keep
) -> None:
    """SIGSTOP for longer than the broker waits for a heartbeat: what a process wakes up with came on a connection that is closed.

    Calls are in its hands whose time is over; acknowledging them is the first that fails, before anything is read.
    """
    crew.wait_ready()
    keys = [new_id() for _ in range(CALLS_HELD)]
    for replica in crew.replicas:
        replica.send(signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(CALLS_HELD) as callers:
            told = {answer.status_code for answer in callers.map(lambda key: hand_in(http, key), keys)}
        with Client(ground.settings) as client:
            eventually(lambda: client.consumers(topology.rpc_queue("parcels", "").name) == 0, "the broker closes")
    finally:
        for replica in crew.replicas:
            replica.send(signal.SIGCONT)
    since = time.monotonic()
    parcels = {accepted(http, key) for key in keys}
    found = settled(ground, parcels)
    figure("R10", fault="held until closed on", recovery_s=time.monotonic() - since, **found.figures())
    assert told <= set(TOLD)
    assert found.good


@pytest.mark.parametrize("point", [faults.WITHIN_COMMIT, faults.AFTER_COMMIT, faults.LOSE_ANSWER])
def test_a_call_whose_answer_never_comes_is_told_in_time_and_done_once_when_asked_again(
    ground: System, crew: Crew, http: httpx.Client, figure: Keep, point: str
) -> None:
    """The process dies at its work, or the answer is lost on its way: the caller cannot tell which, and need not."""
    key = new_id()
    crew.wait_ready()
    faults.order(crew.faults, point)
    started = time.monotonic()
    answer = hand_in(http, key)
    took_s = time.monotonic() - started
    assert not faults.waiting(crew.faults, point)
    nothing_left(ground)
    parcel = accepted(http, key)
    found = settled(ground, [parcel])
    figure("R8", point=point, told=answer.status_code, past_deadline_s=took_s - DEADLINE_S, entries_left=0, **found.figures())
    # 201: the other process was given the call in time, and has done it or has found it done.
    assert answer.status_code == 201 or (answer.status_code in TOLD and answer.json()["type"].startswith("urn:steward:problem:"))
    assert took_s < HUNG_S
    assert found.good, found
    assert accepted(http, key) == parcel
