"""R10: what callers of the HTTP API see while the broker takes nothing: told in time to come back, served once when they do."""

from __future__ import annotations

import time

import httpx
import pytest

from steward.bus.client import OPERATOR, Client
from steward.bus.tokens import own_token
from steward.errors import Unavailable
from steward.ids import new_id
from steward.local import broker
from steward.local.part import Health
from steward.testing.cluster import Node
from steward.testing.system import System
from steward.testing.waiting import eventually
from tests.chaos.bus.parcels_desk import store_of
from tests.chaos.conftest import Keep
from tests.chaos.process.crew import Crew
from tests.integration.away.caller import LIMIT_S, MARGIN_S

ASKED = 6


def test_callers_are_told_in_time_to_come_back_and_are_served_once(ground: System, node: Node, crew: Crew, figure: Keep) -> None:
    """With its memory alarm on, the broker reads nothing from whoever sends: calls do not leave, answers do not come.

    The first caller has to find out by the deadline of the call; from then on the gateway knows.
    """
    keys = [new_id() for _ in range(ASKED)]
    with httpx.Client(base_url=ground.url, timeout=30, headers={"Authorization": f"Bearer {own_token(OPERATOR)}"}) as http:

        def ask(key: str) -> httpx.Response:
            return http.post("/v1/projects/yh/parcels", json={"shelf": f"alarm-{key}"}, headers={"Idempotency-Key": key})

        with node.memory_alarm():
            refused, took_s = [], []
            for key in keys:
                started = time.monotonic()
                refused.append(ask(key))
                took_s.append(time.monotonic() - started)
            probe = http.get("/healthz")
        figure("R10", fault="memory alarm, callers", asked=ASKED, longest_s=max(took_s), known_s=min(took_s))
        assert {answer.status_code for answer in refused} <= {503, 504}
        assert all(answer.headers["Retry-After"].isdigit() for answer in refused)
        assert refused[-1].status_code == 503
        assert max(took_s) < LIMIT_S + MARGIN_S
        assert probe.status_code == 200
        made = [eventually(lambda key=key: _made(ask(key)), "it goes on by itself") for key in keys for _ in range(2)]
    assert len(set(made)) == ASKED
    with store_of(ground) as store:
        assert store.parcels.count_documents({"shelf": {"$in": [f"alarm-{key}" for key in keys]}}) == ASKED


def test_an_operator_is_told_what_the_matter_is(ground: System, node: Node) -> None:
    """A broker that takes nothing answers everything else: only who sends it something learns that, if he listens."""
    with Client() as client, node.memory_alarm():
        assert broker.probe(node.uri) == Health(alive=True, ready=False)
        with pytest.raises(Unavailable, match="short of memory or disk"):
            client.call("parcels", "caller", within_s=60)
    assert eventually(lambda: broker.probe(node.uri).ready, "it takes messages again")


def _made(answer: httpx.Response) -> str | None:
    return str(answer.json()["id"]) if answer.status_code == 201 else None
