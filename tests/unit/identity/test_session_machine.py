"""Sessions through every sequence of what may happen to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from services.identity.devices import device_of
from services.identity.model import sessions
from services.identity.model.sessions import REASONS, Session
from services.identity.spec import SPEC
from services.identity.store import SESSIONS
from steward import plugins
from steward.errors import IllegalTransition, NotAuthenticated
from steward.facts import Decision
from steward.policy import shipped

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ROUGHLY = timedelta(minutes=5)
RULES = shipped(SPEC)["sessions"]


def check_contract(decision: Decision[Session]) -> None:
    for fact in decision.facts:
        schema = plugins.load(SPEC.event(fact.name).schema)()
        assert schema.load(schema.dump(fact.data))
        assert not {"place", "device", "name", "username"} & fact.data.keys()
    assert SESSIONS.from_document(SESSIONS.to_document(decision.state)) == decision.state


class SessionLife(RuleBasedStateMachine):
    """Some sessions of one user; an own account of what was told says what gateways believe."""

    made = Bundle("made")

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.all: dict[str, Session] = {}
        self.refused: set[str] = set()
        self.granted: dict[str, str] = {}

    def keep(self, decision: Decision[Session]) -> None:
        check_contract(decision)
        self.all[decision.state.id] = decision.state
        for fact in decision.facts:
            assert fact.data["until"] == decision.state.expires_at
            if fact.name == "session_ended":
                self.refused.add(fact.data["session"])
            else:
                self.granted[fact.data["session"]] = fact.data["grants"]["yh"][0]

    @rule(target=made, limited=st.booleans())
    def log_in(self, limited: bool) -> str:
        for old in sessions.superfluous(self.all.values(), 3, self.now):
            self.keep(sessions.end(old, "too_many", self.now))
        name = f"s{len(self.all):03}"
        self.keep(sessions.begin(name, "user:u1", self.now, HOUR, "", "", limited))
        return name

    @rule(minutes=st.integers(0, 40))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(name=made, reason=st.sampled_from(REASONS))
    def end(self, name: str, reason: str) -> None:
        known = self.all[name]
        try:
            self.keep(sessions.end(known, reason, self.now))
        except IllegalTransition:
            assert not known.lives(self.now)
        else:
            assert known.lives(self.now) and name in self.refused

    @rule(name=made, role=st.sampled_from(["desk", "manager"]), lift=st.booleans())
    def renew(self, name: str, role: str, lift: bool) -> None:
        known = self.all[name]
        try:
            decision = sessions.renew(known, {"yh": (role,)}, self.now, lift)
        except NotAuthenticated:
            assert not known.lives(self.now)
            return
        if decision is None:
            assert known.limited and not lift
            return
        self.keep(decision)
        assert not decision.state.limited and self.granted[name] == role

    @rule(name=made, minutes=st.integers(-10, 60))
    def use(self, name: str, minutes: int) -> None:
        known, moment = self.all[name], self.now + timedelta(minutes=minutes)
        decision = sessions.use(known, moment, ROUGHLY)
        if decision:
            self.keep(decision)
            assert decision.state.used_at == moment >= known.used_at + ROUGHLY

    @invariant()
    def what_has_ended_never_lives_again_and_nobody_has_too_many(self) -> None:
        living = {name for name, one in self.all.items() if one.lives(self.now)}
        assert not living & self.refused
        assert len(living) <= 3

    @invariant()
    def gateways_are_told_of_exactly_what_is_not_as_tokens_say(self) -> None:
        changed = {name for name, one in self.all.items() if SESSIONS.to_document(one)["told_until"]}
        assert changed == self.refused | self.granted.keys()


SessionLife.TestCase.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
test_no_sequence_brings_a_session_back = SessionLife.TestCase


def test_the_one_that_is_unused_for_the_longest_gives_way() -> None:
    living = [sessions.begin(f"s{n}", "user:u1", NOON + n * timedelta(minutes=1), HOUR, "", "", False).state for n in range(3)]
    used = sessions.use(living[0], NOON + timedelta(minutes=30), ROUGHLY)
    assert used
    assert [one.id for one in sessions.superfluous([used.state, *living[1:]], 3, NOON + HOUR / 2)] == ["s1"]
    assert sessions.superfluous(living, RULES["most"], NOON) == []


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0", "Edge, Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 MicroMessenger/8.0 NetType/WIFI", "WeChat, iOS"),
        ("Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36", "Chrome, Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) AppleWebKit/605 Version/18.0 Safari/605", "Safari, macOS"),
        ("python-httpx/0.28", "other"),
        ("", "other"),
    ],
)
def test_a_device_is_told_by_family_alone(agent: str, device: str) -> None:
    assert device_of(agent) == device
