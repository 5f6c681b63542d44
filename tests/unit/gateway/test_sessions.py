"""What a gateway does with tokens of sessions, while it knows what became of them and while it does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.gatekeeper import Gatekeeper
from gateway.hub import Hub, lines
from gateway.sessions import Doubt, Sessions
from steward.bus.envelope import Envelope
from steward.errors import NotAuthenticated, Unavailable
from steward.times import iso
from steward.trust.principals import Principal, Proof, sign, verify
from tests.unit.gateway.example import KEY, LIMITS, front, request

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
RULES = Doubt(ask_s=10, stale_s=30, young_s=900, patience_s=0.05, retry_after_s=5)
LI = Principal("user:li", "Li", {"yh": ("desk",)}, "s1")
UNTIL = NOW + timedelta(hours=1)


class Clock:
    """A monotonic clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = 1_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def known(clock: Clock) -> Sessions:
    """Of a gateway that has just been told that nothing is other than tokens say."""
    sessions = Sessions(RULES, watched=True, clock=clock)
    sessions.learn(answer(), NOW)
    return sessions


def proof(age_s: float = 60, principal: Principal = LI) -> Proof:
    return Proof(principal, NOW - timedelta(seconds=age_s), UNTIL)


def answer(*told: dict[str, Any]) -> dict[str, Any]:
    return {"as_of": iso(NOW), "sessions": list(told)}


def one(session: str = "s1", grants: dict[str, list[str]] | None = None, version: int = 2, until: datetime = UNTIL) -> dict[str, Any]:
    return {"session": session, "until": iso(until), "version": version, "grants": grants}


def event(name: str, version: int = 2, **data: Any) -> Envelope:
    told = {"session": "s1", "holder": "user:li", "until": iso(UNTIL), **data}
    return Envelope("e1", f"identity.{name}", "identity/s1", NOW, told, "*", "identity/s1", version, "user:li", "c1")


def test_a_session_that_is_said_to_have_ended_is_refused_by_event_or_by_answer(known: Sessions) -> None:
    assert known.judge(proof(), NOW) == LI
    known.hear(event("session_ended", reason="logged_out"))
    with pytest.raises(NotAuthenticated, match="ended"):
        known.judge(proof(), NOW)
    known.learn(answer(one("s2")), NOW)
    with pytest.raises(NotAuthenticated):
        known.judge(proof(principal=Principal("user:wu", session="s2")), NOW)


def test_a_renewed_session_goes_on_with_other_grants_and_services_get_a_token_that_says_so(known: Sessions) -> None:
    known.hear(event("session_renewed", grants={"yh": ["manager"]}))
    keeper = Gatekeeper(KEY, known)
    moment = datetime.now(UTC)
    asked = request("GET", "/v1/projects/yh/parcels", Authorization="Bearer " + sign(LI, KEY, moment, timedelta(minutes=5)))
    principal, token = keeper.identify(asked, front().router.match("GET", "/v1/projects/yh/parcels")[0])
    assert principal.grants == {"yh": ("manager",)} and principal.id == LI.id
    assert verify(token, KEY) == principal


def test_without_an_answer_young_tokens_are_taken_and_old_ones_shall_come_back(known: Sessions, clock: Clock) -> None:
    clock.at += RULES.stale_s
    assert known.judge(proof(RULES.young_s - 1), NOW) == LI
    with pytest.raises(Unavailable) as caught:
        known.judge(proof(RULES.young_s), NOW)
    assert caught.value.extra["retry_after_s"] == RULES.retry_after_s
    known.learn(answer(), NOW)
    assert known.judge(proof(3_000), NOW) == LI


def test_what_has_ended_is_refused_though_nobody_answers(known: Sessions, clock: Clock) -> None:
    known.hear(event("session_ended", reason="by_admin"))
    known.lose()
    clock.at += 1_000
    with pytest.raises(NotAuthenticated):
        known.judge(proof(1), NOW)


def test_tokens_without_a_session_and_gateways_without_identity_know_no_doubt(clock: Clock) -> None:
    system = Principal("service:clocks", grants={"*": ("system",)})
    assert Sessions(RULES, watched=True, clock=clock).judge(proof(5_000, system), NOW) == system
    assert Sessions(RULES, watched=False, clock=clock).judge(proof(5_000), NOW) == LI


def test_who_comes_before_the_first_answer_waits_for_it_a_little(known: Sessions) -> None:
    began = monotonic()
    known.doubt()
    assert known.wanted and known.judge(proof(), NOW) == LI
    assert monotonic() - began >= RULES.patience_s
    known.lose()
    began = monotonic()
    assert not known.wanted and known.judge(proof(), NOW) == LI
    assert monotonic() - began < RULES.patience_s


def test_what_has_run_out_is_forgotten(known: Sessions) -> None:
    known.learn(answer(one("s1", until=NOW - timedelta(seconds=1)), one("s2")), NOW)
    assert list(known._verdicts) == ["s2"]


def test_use_is_told_once(known: Sessions) -> None:
    known.judge(proof(), NOW)
    assert known.used() == {"s1": NOW}
    assert known.used() == {}


verdicts = st.lists(st.tuples(st.integers(1, 6), st.booleans()), max_size=8)


@given(verdicts, st.randoms())
def test_in_whatever_order_it_is_told_the_end_is_final_and_the_newest_grants_hold(told: list[tuple[int, bool]], chance: Any) -> None:
    sessions = Sessions(RULES, watched=True, clock=Clock())
    sessions.learn(answer(), NOW)
    renewed = {version for version, ends in told if not ends}
    ended = any(ends for _, ends in told)
    chance.shuffle(told)
    for version, ends in told:
        facts: dict[str, Any] = {"reason": "by_admin"} if ends else {"grants": {"yh": [f"role{version}"]}}
        sessions.hear(event("session_ended" if ends else "session_renewed", version, **facts))
    if ended:
        with pytest.raises(NotAuthenticated):
            sessions.judge(proof(), NOW)
    else:
        held = (f"role{max(renewed)}",) if renewed else ("desk",)
        assert sessions.judge(proof(), NOW).grants == {"yh": held}


def test_the_streams_of_a_session_end_and_others_go_on() -> None:
    hub = Hub(ring=10, queue=1, clients=5, each=5)
    everything = lambda _: True  # noqa: E731
    mine, others, nobodys = (hub.join(everything, "user:me", session=session)[0] for session in ("s1", "s2", ""))
    full = hub.join(everything, "user:me", session="s1")[0]
    full.queue.put_nowait({"id": "e0"})
    hub.end("s1")
    assert len(hub) == 2
    assert [line.split(b"\n")[0] for line in lines(hub, mine, True, 0.01, 9)] == [b"retry: 1000"]
    assert len(list(lines(hub, full, True, 0.01, 9))) == 1
    assert not (others.ended or nobodys.ended)


def test_shipped_numbers_leave_less_doubt_than_a_token_lives() -> None:
    assert LIMITS.sessions.ask_s < LIMITS.sessions.stale_s < LIMITS.sessions.young_s < 3_600
