"""R7: calls that nobody waits for, that name nothing, that lie, and whose answers cannot be written. The process stays."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import Any

from parcels import mishaps

from steward.bus import calls
from steward.bus.client import Client
from steward.bus.postbox import Outgoing, Postbox
from steward.errors import StewardError, Transient
from steward.ids import new_id
from steward.testing.cluster import Node
from steward.testing.system import System
from steward.testing.waiting import eventually
from steward.times import now
from steward.trust.principals import Principal, sign
from tests.chaos.conftest import Keep
from tests.chaos.process.crew import Crew
from tests.chaos.process.load import PROJECT

SEED = 20261126
CALLS = 300
BODIES = (
    b"", b"{", b"null", b"[]", b'"x"', b"\xff\xfe", b'{"args": [1], "kwargs": {}}', b'{"args": [], "kwargs": []}',
    b'{"args": [], "kwargs": {"project": {}, "body": {"shelf": "A"}}}', b'{"args": [], "kwargs": {"self": 1}}',
    b'{"args": [], "kwargs": {"project": "yh", "body": {"shelf": "A"}, "content": 7}}',
)  # fmt: skip
METHODS = ("receive", "vanish", "show", "__init__", "spec", "", "timeline", "a.b.c")
LIES: dict[str, tuple[Any, ...]] = {
    calls.DEADLINE: ("soon", "", None, {}, "nan", "-inf", -1, True),
    calls.TOKEN: ("x", "a.b.c", 7, {"a": 1}),
    calls.KEY: (7, {}, "x" * 2_000),
    calls.IF_MATCH: ("x", {}),
    calls.CORRELATION: (7, {}),
}


def test_no_call_is_so_spoilt_that_it_ends_the_process(ground: System, node: Node, crew: Crew, figure: Keep) -> None:
    """Each is what any program on the bus may send. One without ``reply_to`` ends a process of nameko as it comes, and then the next."""
    before, chance = len(crew.exits), random.Random(SEED)
    token = sign(Principal("u1", "somebody", {"*": ("desk",)}), ground.environ["STEWARD_TOKEN_KEY"], now(), timedelta(minutes=5))
    postbox = Postbox(node.uri, confirms=True)
    postbox.send_all([_spoilt(chance, token) for _ in range(CALLS)])
    postbox.close()
    answered = _receive(crew)
    figure("R7", seed=SEED, calls=CALLS, answered_afterwards=answered["shelf"] == "A", exits=len(crew.exits) - before)
    assert len(crew.exits) == before


def _receive(crew: Crew) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        try:
            with Client() as operator:
                found: dict[str, Any] = operator.call("parcels", "receive", project=PROJECT, body={"shelf": "A"})
                return found
        except Transient:
            return None

    return eventually(look, "it answers") or {}


def _spoilt(chance: random.Random, token: str) -> Outgoing:
    headers: dict[str, Any] = {calls.TOKEN: token} if chance.random() < 0.7 else {}
    for name in chance.sample(sorted(LIES), chance.randint(0, 2)):
        headers[name] = chance.choice(LIES[name])
    reply = chance.choice(({}, {"reply_to": "nobody"}, {"reply_to": "x" * 200}, {"reply_to": new_id()}))
    properties = {**reply, **chance.choice(({}, {"correlation_id": new_id()}, {"correlation_id": ""}))}
    good = json.dumps({"args": [], "kwargs": {"project": PROJECT, "body": {"shelf": "A"}}}).encode()
    body = chance.choice((*BODIES, good, good, good))
    return Outgoing("nameko-rpc", f"parcels.{chance.choice(METHODS)}", body, new_id(), headers, properties)


def test_an_answer_that_cannot_be_written_is_an_error_for_the_caller_and_for_nobody_else(crew: Crew, figure: Keep) -> None:
    """What JSON cannot hold, and what is no exception and escapes the method."""
    before, refused = len(crew.exits), 0
    with Client() as operator:
        for kind in (*mishaps.UNWRITABLE, *mishaps.RAISED):
            try:
                operator.call("parcels", "spoil", within_s=20, kind=kind)
            except StewardError as error:
                assert not isinstance(error, Transient), (kind, error)
                refused += 1
    figure("R7", answers=len(mishaps.UNWRITABLE) + len(mishaps.RAISED), refused=refused, exits=len(crew.exits) - before)
    assert refused == len(mishaps.UNWRITABLE) + len(mishaps.RAISED)
    assert len(crew.exits) == before
