"""Whoever gets onto the bus gets no further: each call of each service asks for a proof of who calls, and for what it may."""

from __future__ import annotations

import base64
import inspect
import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Self

import jwt
import pytest

from steward.bus import calls
from steward.bus.client import Client
from steward.bus.standard import STANDARD_CALLS
from steward.ids import new_id
from steward.plugins import installed_services, load
from steward.spec import PUBLIC, Call
from steward.testing.samples import Unfillable, sample
from steward.testing.waiting import eventually
from steward.times import now
from steward.trust.principals import EVERYWHERE, SYSTEM_ROLE, Principal, sign
from tests.contract.isolation.conftest import World
from tests.contract.isolation.places import Place, every_role
from tests.contract.isolation.probing import nothing

Json = dict[str, Any]
MASTER = Principal("service:tickets", "tickets", {EVERYWHERE: (SYSTEM_ROLE,)})
HOUR = timedelta(hours=1)
BATCH = 200


def every_call() -> Iterator[tuple[str, Call]]:
    for service, spec in installed_services().items():
        yield from ((service, call) for call in (*spec.calls, *STANDARD_CALLS.values()))


def forgeries(key: str, place: Place) -> dict[str, str | None]:
    """Tokens that prove nothing, by what is wrong with them."""
    head, _, signature = place.token(key, ("desk",), "user:stranger").split(".")
    claims = jwt.decode(sign(MASTER, key, now(), HOUR), key, algorithms=["HS256"], issuer="steward")
    altered = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return {
        "of nobody": None,
        "of nothing": "not.a.token",
        "signed with another key": sign(MASTER, "x" * len(key), now(), HOUR),
        "with roles put in": f"{head}.{altered}.{signature}",
        "not signed": jwt.encode(claims, "", algorithm="none"),
        "of another issuer": jwt.encode({**claims, "iss": "elsewhere"}, key, algorithm="HS256"),
        "that has run out": sign(MASTER, key, now() - 2 * HOUR, HOUR),
        "that never runs out": jwt.encode({name: value for name, value in claims.items() if name != "exp"}, key, algorithm="HS256"),
    }


class Intruder(Client):
    """Sends calls with whatever token, many at once."""

    def __enter__(self) -> Self:
        super().__enter__()
        return self

    def ask(self, service: str, method: str, token: str | None, kwargs: Json) -> str:
        """Send one call. Returns the id of its answer."""
        call_id = new_id()
        self._bus.Producer().publish(
            {"args": [], "kwargs": kwargs},
            exchange="nameko-rpc",
            routing_key=f"{service}.{method}",
            serializer="json",
            headers={calls.CORRELATION: call_id} | ({calls.TOKEN: token} if token else {}),
            reply_to=self._address,
            correlation_id=call_id,
        )
        return call_id

    def answers(self, ids: list[str]) -> dict[str, Json]:
        """The answers to these calls."""

        def drain() -> bool:
            try:
                while not all(one in self._answers for one in ids):
                    self._bus.drain_events(timeout=1)
            except TimeoutError:
                pass
            return all(one in self._answers for one in ids)

        eventually(drain, "all calls are answered")
        return {one: self._answers.pop(one) for one in ids}


def kind_of(answer: Json) -> str:
    """How it was refused; ``answered`` when it was not."""
    error = answer.get("error")
    return str((error.get("steward") or {}).get("kind")) if error else "answered"


def told(intruder: Intruder, asked: Sequence[tuple[str, str, str, str | None, Json]]) -> Iterator[tuple[str, str]]:
    """What is asked, each with a label, and how it was refused."""
    for start in range(0, len(asked), BATCH):
        sent = {intruder.ask(service, call, token, kwargs): label for label, service, call, token, kwargs in asked[start : start + BATCH]}
        yield from ((sent[one], kind_of(answer)) for one, answer in intruder.answers(list(sent)).items())


@pytest.fixture
def intruder(world: World) -> Iterator[Intruder]:
    with Intruder(world.system.settings) as client:
        yield client


def test_no_call_of_any_service_is_answered_without_a_proof_of_who_asks(world: World, intruder: Intruder) -> None:
    tokens = forgeries(world.system.settings.token_key, world.own)
    asked = [
        (f"{service}.{call.name} with a token {what}", service, call.name, token, {"project": world.others[0].name})
        for service, call in every_call()
        for what, token in tokens.items()
        if token is not None or call.permission != PUBLIC
    ]
    nothing([": ".join(found) for found in told(intruder, asked) if found[1] not in ("not-authenticated", "not-permitted")])


def test_a_proof_for_one_project_is_none_for_another(world: World, intruder: Intruder) -> None:
    token = world.own.token(world.system.settings.token_key, every_role(), "user:stranger-bus")
    asked = [
        (f"{service}.{call.name}", service, call.name, token, arguments(service, call, world.others[0]))
        for service, call in every_call()
        if call.permission != PUBLIC and "project" in named_by(service, call)
    ]
    nothing([": ".join(found) for found in told(intruder, asked) if found[1] != "not-permitted"])


@pytest.mark.parametrize("project", [None, "", ["*"], {"$gt": ""}], ids=["none", "empty", "a list", "a query"])
def test_what_is_no_name_of_a_project_is_not_taken_for_all_of_them(world: World, intruder: Intruder, project: Any) -> None:
    token = world.own.token(world.system.settings.token_key, every_role(), "user:stranger-bus")
    asked = [
        (f"{service}.{call.name}", service, call.name, token, {**arguments(service, call, world.others[0]), "project": project})
        for service, call in every_call()
        if "project" in named_by(service, call)
    ]
    nothing([": ".join(found) for found in told(intruder, asked) if found[1] != "bad-input"])


def named_by(service: str, call: Call) -> list[str]:
    """The arguments that the method takes."""
    return list(inspect.signature(getattr(load(installed_services()[service].service), call.name)).parameters)[1:]


def arguments(service: str, call: Call, place: Place) -> Json:
    """What the method takes, naming what ``place`` has."""
    made = {
        "query": sample(load(call.query)) if call.query else {},
        "body": sample(load(call.body), place.values(service)) if call.body else {},
    }
    return {name: made[name] if name in made else argument(service, name, place) for name in named_by(service, call)}


def argument(service: str, name: str, place: Place) -> Any:
    try:
        return {"matter": f"tickets/{place.one('tickets', 'ticket')}", "content": ""}.get(name) or place.one(service, name)
    except Unfillable:  # of a plug-in that exists for tests of the kit, or numbers such as `limit`
        return "1"
