"""API keys through every sequence of what may happen to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.identity.model import ROLES, keys
from services.identity.model.keys import ApiKey
from services.identity.spec import SPEC
from services.identity.store import KEYS
from steward import plugins
from steward.errors import BadInput, IllegalTransition, NotAuthenticated
from steward.facts import Decision
from steward.policy import shipped

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
RULES = shipped(SPEC)["api_keys"]
TOKEN = timedelta(seconds=RULES["token_s"])


def make(**but: Any) -> Decision[ApiKey]:
    told = {"name": "access control", "grants": {"yh": ["desk"]}, "expires_at": NOON + 30 * DAY} | but
    return keys.make("k1", told["name"], "user:u1", told["grants"], told["expires_at"], "h0", RULES, NOON, ROLES)


def check_contract(decision: Decision[ApiKey]) -> None:
    for fact in decision.facts:
        schema = plugins.load(SPEC.event(fact.name).schema)()
        assert schema.load(schema.dump(fact.data))
        assert "h" not in {str(value)[:1] for value in fact.data.values()}
    assert KEYS.from_document(KEYS.to_document(decision.state)) == decision.state


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("grants", {}),
        ("grants", {"yh": []}),
        ("grants", {"yh": ["system"]}),
        ("expires_at", NOON),
        ("expires_at", NOON + timedelta(days=RULES["longest_days"], seconds=1)),
    ],
)
def test_a_key_that_cannot_be_is_refused_by_its_field(field: str, value: Any) -> None:
    with pytest.raises(BadInput) as caught:
        make(**{field: value})
    assert caught.value.extra["errors"][0]["field"] == field


class KeyLife(RuleBasedStateMachine):
    """One key; an own account of each secret says until when it is good."""

    @initialize()
    def begin(self) -> None:
        self.now = NOON
        self.good: dict[str, datetime] = {}
        self.ended = False
        self.keep(make())
        self.good["h0"] = self.key.expires_at

    def keep(self, decision: Decision[ApiKey]) -> None:
        check_contract(decision)
        self.key = decision.state

    @property
    def lives(self) -> bool:
        return not self.ended and self.now < self.key.expires_at

    @rule(hours=st.integers(0, 24 * 6))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(hours=st.integers(0, 24 * 8))
    def rotate(self, hours: int) -> None:
        overlap, fresh = timedelta(hours=hours), f"h{len(self.good)}"
        try:
            self.keep(keys.rotate(self.key, fresh, overlap, self.now))
        except IllegalTransition:
            assert not self.lives
            return
        assert self.lives
        newest = list(self.good)[-1]
        for name, until in self.good.items():
            self.good[name] = min(until, self.now + overlap) if name == newest else min(until, self.now)
        self.good[fresh] = self.key.expires_at

    @rule(number=st.integers(0, 9))
    def exchange(self, number: int) -> None:
        name = f"h{number}"
        good = self.lives and self.now < self.good.get(name, NOON)
        try:
            self.keep(keys.exchange(self.key, name, self.now))
        except NotAuthenticated:
            assert not good
        else:
            assert good and self.key.used_at == self.now

    @rule(surely=st.integers(0, 9))
    def end(self, surely: int) -> None:
        if surely:
            return
        try:
            decision = keys.end(self.key, TOKEN, self.now)
        except IllegalTransition:
            assert not self.lives
            return
        self.keep(decision)
        self.ended = True
        (told,) = [fact for fact in decision.facts if fact.name == "session_ended"]
        assert told.data["session"] == self.key.id and told.data["until"] == self.now + TOKEN == self.key.told_until

    @invariant()
    def at_most_two_secrets_are_good_and_none_of_a_dead_key(self) -> None:
        living = {secret.hashed for secret in self.key.living(self.now)}
        assert living == {name for name, until in self.good.items() if self.lives and self.now < until}
        assert len(living) <= 2


KeyLife.TestCase.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
test_no_sequence_makes_a_secret_good_again = KeyLife.TestCase
