"""More requests than the gateway can work on: it says so at once, lives, and serves everybody who comes back when told."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import httpx

from bench import load
from bench.load import Ask
from steward.ids import new_id
from steward.store.client import connect, database
from steward.testing.system import System
from steward.times import now
from steward.trust.principals import Principal, sign

MANY, CALLERS = 400, 40
AT_ONCE_S = 0.5


def crowd(system: System, shelf: str, callers: int = CALLERS) -> list[Ask]:
    """Parcels for ``shelf``, from many callers, each under a key of its own."""
    tokens = [_token(system, f"user:{shelf}-{number}") for number in range(callers)]
    body = json.dumps({"shelf": shelf}).encode()
    path = "/v1/projects/yh/parcels"
    return [load.ask(system.settings.http, path, tokens[number % callers], body, new_id()) for number in range(MANY)]


def _token(system: System, caller: str) -> str:
    return sign(Principal(caller, caller, {"yh": ("desk",)}), system.settings.token_key, now(), timedelta(hours=1))


def test_a_crowd_is_told_when_to_come_back_and_served_once_each_and_probes_are_answered_meanwhile(system: System) -> None:
    shelf, pids = f"crowd-{uuid4().hex[:8]}", system.pids("gateway")
    host, _, port = system.settings.http.rpartition(":")
    with ThreadPoolExecutor(1) as pool:
        crowded = pool.submit(load.open_loop, (host, int(port)), crowd(system, shelf), MANY / AT_ONCE_S, True)
        probes = [httpx.get(f"{system.url}{path}", timeout=30).status_code for path in ("/healthz", "/metrics", "/openapi.json")]
        told = crowded.result()
    statuses = Counter(answer.status for answer in told)
    assert probes == [200, 200, 200]
    assert set(statuses) <= {201, 503, 504} and statuses[503]
    assert all(answer.retry_after_s for answer in told if answer.status != 201)
    assert statuses[201] == MANY
    client = connect(system.settings.mongo_uri)
    assert database(client, "parcels")["parcels"].count_documents({"shelf": shelf}) == MANY
    client.close()
    assert system.pids("gateway") == pids
    assert "steward_http_requests_shed_total{" in httpx.get(f"{system.url}/metrics").text


def test_one_caller_who_asks_too_much_is_told_so_and_nobody_else_is(system: System) -> None:
    shelf, modest = f"greedy-{uuid4().hex[:8]}", {"Authorization": f"Bearer {_token(system, new_id())}"}
    host, _, port = system.settings.http.rpartition(":")
    told = load.open_loop((host, int(port)), crowd(system, shelf, callers=1), MANY / AT_ONCE_S)
    refused = [answer for answer in told if answer.status == 429]
    assert refused and all(answer.retry_after_s for answer in refused)
    assert httpx.get(f"{system.url}/v1/projects/yh/parcels/none", headers=modest, timeout=30).status_code != 429
