"""Calls: who may, what is well formed, what was asked before, and what happens when nobody answers."""

from __future__ import annotations

import json
import os
import signal
import time
from datetime import timedelta
from typing import Any

import httpx
import pytest
from kombu import Connection

from steward.bus import calls
from steward.bus.client import Client
from steward.bus.serving import PREFETCH
from steward.errors import (
    BadInput,
    DeadlineExceeded,
    IdempotencyMismatch,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    StewardError,
    Transient,
    from_wire,
)
from steward.ids import new_id
from steward.testing.bus import publisher
from steward.testing.system import System
from steward.testing.waiting import eventually
from steward.times import now
from steward.trust.principals import Principal, sign

NAP_S = 8
"""Longer than a look takes, shorter than what is red is let live."""
RECEIVE: dict[str, Any] = {"project": "yh", "body": {"shelf": "A"}}


def raw_call(system: System, headers: dict[str, Any], method: str = "parcels.receive", kwargs: Any = None, **properties: Any) -> Any:
    """A call as an arbitrary program on the bus might make it; returns the reply document."""
    replies: list[Any] = []
    with Connection(system.environ["STEWARD_AMQP_URI"]) as bus:
        queue = bus.SimpleQueue(f"raw-{new_id()}", queue_opts={"exclusive": True, "durable": False})
        queue.queue.bind_to("nameko-rpc", routing_key=queue.queue.name)
        bus.Producer().publish(
            {"args": [], "kwargs": RECEIVE if kwargs is None else kwargs},
            exchange="nameko-rpc",
            routing_key=method,
            headers=headers,
            serializer="json",
            **{"reply_to": queue.queue.name, "correlation_id": new_id(), **properties},
        )
        replies.append(json.loads(queue.get(timeout=30).body))
        queue.close()
    return replies[0]


def error_of(reply: Any) -> StewardError:
    return from_wire(reply["error"]["steward"])


def token(system: System, key: str | None = None, lifetime_s: int = 60, grants: dict[str, tuple[str, ...]] | None = None) -> str:
    principal = Principal("u1", "somebody", grants if grants is not None else {"yh": ("desk",)})
    return sign(principal, key or system.environ["STEWARD_TOKEN_KEY"], now(), timedelta(seconds=lifetime_s))


def test_a_known_caller_with_the_right_is_answered(system: System) -> None:
    assert raw_call(system, {calls.TOKEN: token(system)})["result"]["shelf"] == "A"


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        pytest.param({"key": "x" * 40}, NotAuthenticated, id="forged"),
        pytest.param({"lifetime_s": -10}, NotAuthenticated, id="expired"),
        pytest.param({"grants": {"other": ("desk",)}}, NotPermitted, id="another project"),
        pytest.param({"grants": {"yh": ("cleaner",)}}, NotPermitted, id="another role"),
        pytest.param({"grants": {}}, NotPermitted, id="no grant"),
    ],
)
def test_the_service_itself_refuses_whom_the_gateway_should_have(system: System, claims: dict[str, Any], error: type[StewardError]) -> None:
    assert isinstance(error_of(raw_call(system, {calls.TOKEN: token(system, **claims)})), error)


def test_a_call_without_claims_is_refused(system: System) -> None:
    assert isinstance(error_of(raw_call(system, {})), NotPermitted)


def test_a_repeated_key_gives_the_first_answer_and_has_one_effect(operator: Client) -> None:
    key = new_id()
    first = operator.call("parcels", "receive", key=key, **RECEIVE)
    assert operator.call("parcels", "receive", key=key, **RECEIVE) == first


def test_a_key_used_for_another_request_is_refused(system: System) -> None:
    headers = {calls.TOKEN: token(system), calls.KEY: new_id()}
    assert raw_call(system, {**headers, calls.FINGERPRINT: "one"})["error"] is None
    assert isinstance(error_of(raw_call(system, {**headers, calls.FINGERPRINT: "two"})), IdempotencyMismatch)


def test_two_callers_may_use_the_same_key(system: System, operator: Client) -> None:
    key = new_id()
    mine = raw_call(system, {calls.TOKEN: token(system), calls.KEY: key})["result"]
    assert operator.call("parcels", "receive", key=key, **RECEIVE)["id"] != mine["id"]


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"project": "yh", "body": {"shelf": ""}}, id="empty"),
        pytest.param({"project": "yh", "body": {"shelf": 1}}, id="wrong type"),
        pytest.param({"project": "yh", "body": {"shelf": "A", "colour": "red"}}, id="unknown field"),
        pytest.param({"project": "yh", "body": []}, id="not an object"),
        pytest.param({"project": "yh"}, id="no body"),
        pytest.param({"body": {"shelf": "A"}}, id="argument missing"),
        pytest.param({**RECEIVE, "more": 1}, id="unknown argument"),
    ],
)
def test_bad_arguments_are_told_apart_from_defects(system: System, arguments: dict[str, Any]) -> None:
    assert isinstance(error_of(raw_call(system, {calls.TOKEN: token(system, grants={"*": ("desk",)})}, kwargs=arguments)), BadInput)


def test_an_unknown_method_is_named(system: System) -> None:
    assert isinstance(error_of(raw_call(system, {}, method="parcels.vanish")), NotFound)


def test_a_call_that_nobody_waits_for_is_dropped_and_stops_nothing(system: System, operator: Client) -> None:
    before = system.pids("parcels")
    with publisher(system.environ["STEWARD_AMQP_URI"]) as producer:
        producer.publish({"args": [], "kwargs": RECEIVE}, exchange="nameko-rpc", routing_key="parcels.receive", serializer="json")
    assert operator.call("parcels", "receive", **RECEIVE)["shelf"] == "A"
    assert system.pids("parcels") == before


def test_the_callers_deadline_holds_for_the_calls_that_are_made_to_answer_it(operator: Client) -> None:
    note = new_id()
    with pytest.raises(Transient):
        operator.call("parcels", "nap_elsewhere", within_s=2, seconds=600, note=note)
    given_up = (["begun", "unavailable"], ["begun", "deadline-exceeded"])
    """It is told shortly before the time is over, or the time is over."""
    eventually(lambda: operator.call("parcels", "naps").get(note) in given_up, "given up with its caller", 30)


def test_a_call_that_is_answered_in_time_leaves_time_for_nested_ones(operator: Client) -> None:
    assert operator.call("parcels", "nap_elsewhere", within_s=30, seconds=0.1, note=new_id()) == {"napped": 0.1}


def test_a_call_whose_time_is_over_is_not_begun(system: System, operator: Client) -> None:
    note = new_id()
    headers = {calls.TOKEN: token(system), calls.DEADLINE: str(time.time() - 1)}
    with publisher(system.environ["STEWARD_AMQP_URI"]) as producer:
        body = {"args": [], "kwargs": {"seconds": 0, "note": note}}
        producer.publish(
            body, exchange="nameko-rpc", routing_key="parcels.nap_elsewhere", headers=headers, serializer="json", reply_to="nobody"
        )
    assert note not in operator.call("parcels", "naps", within_s=20)  # behind it in the queue


def test_a_service_that_hangs_costs_the_caller_no_more_than_the_deadline(system: System, operator: Client) -> None:
    pids = system.pids("parcels")
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            operator.call("parcels", "receive", within_s=0.5, **RECEIVE)
        assert time.monotonic() - started < 10  # not a speed: a hang would be for ever
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    eventually(lambda: operator.call("parcels", "receive", within_s=20, **RECEIVE), "answers again")


def test_a_service_whose_calls_all_hang_is_not_alive(system: System, operator: Client) -> None:
    """With as many in hand as it may have it receives no more; who looks after processes must see that."""
    (row,) = system.rows("parcels")
    health = f"http://127.0.0.1:{row.port}/healthz"
    with publisher(system.environ["STEWARD_AMQP_URI"]) as producer:
        body = {"args": [], "kwargs": {"seconds": NAP_S}}
        headers = {calls.TOKEN: token(system), calls.DEADLINE: str(time.time() + 2)}
        for _ in range(PREFETCH):
            producer.publish(body, exchange="nameko-rpc", routing_key="parcels.nap", headers=headers, serializer="json", reply_to="nobody")
    red = eventually(lambda: (answer := httpx.get(health, timeout=10)).status_code == 503 and answer, "all of them are late")
    assert red.json()["checks"]["answering"] is False
    eventually(lambda: httpx.get(health, timeout=10).status_code == 200, "they have ended")
    assert operator.call("parcels", "receive", within_s=20, **RECEIVE)["shelf"] == "A"
