"""The second factor through every sequence of what may happen to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from pyotp import TOTP

from services.identity.model import Factor, factors
from services.identity.spec import SPEC
from services.identity.store import FACTORS
from steward import plugins
from steward.errors import IllegalTransition, SecondFactorNeeded
from steward.facts import Decision
from steward.policy import shipped

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
RULES = shipped(SPEC)["second_factor"]
SECRETS = ["JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"]
HALF_MINUTE = timedelta(seconds=30)


def check_contract(decision: Decision[Factor]) -> None:
    for fact in decision.facts:
        schema = plugins.load(SPEC.event(fact.name).schema)()
        assert schema.load(schema.dump(fact.data))
        assert not {"sealed", "offered", "recovery"} & fact.data.keys()
    assert FACTORS.from_document(FACTORS.to_document(decision.state)) == decision.state


class FactorLife(RuleBasedStateMachine):
    """One user, their authenticator and a thief who writes down every code that was ever taken."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.factor = Factor("u1")
        self.authenticator = ""
        self.used: set[str] = set()
        self.recovery: set[str] = set()

    def keep(self, decision: Decision[Factor]) -> None:
        check_contract(decision)
        self.factor = decision.state

    def step(self, secret: str, code: str) -> int | None:
        return factors.step_of(secret, code, self.now, RULES["window"], self.factor.step)

    @rule(seconds=st.integers(0, 90))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(secret=st.sampled_from(SECRETS))
    def offer(self, secret: str) -> None:
        try:
            self.keep(factors.offer(self.factor, secret))
            self.authenticator = secret
        except IllegalTransition:
            assert self.factor.on

    @rule(right=st.booleans())
    def confirm(self, right: bool) -> None:
        code = TOTP(self.authenticator).at(self.now) if right and self.authenticator else "abcdef"
        step = self.step(self.factor.offered, code) if self.factor.offered else None
        try:
            self.keep(factors.confirm(self.factor, step, ["r1", "r2"]))
        except IllegalTransition:
            assert not self.factor.offered
        except SecondFactorNeeded:
            assert step is None
        else:
            self.used, self.recovery = {code}, {"r1", "r2"}

    @rule(shift=st.integers(-3, 3))
    def log_in(self, shift: int) -> None:
        if not self.factor.on:
            return
        code = TOTP(self.authenticator).at(self.now + shift * HALF_MINUTE)
        try:
            self.keep(factors.take(self.factor, self.step(self.factor.sealed, code)))
        except SecondFactorNeeded:
            return
        assert abs(shift) <= RULES["window"] and code not in self.used
        self.used.add(code)

    @rule(code=st.sampled_from(["r1", "r2", "r3"]))
    def recover(self, code: str) -> None:
        try:
            self.keep(factors.recover(self.factor, code))
        except SecondFactorNeeded:
            assert code not in self.recovery
        else:
            self.recovery.remove(code)

    @rule()
    def drop(self) -> None:
        try:
            self.keep(factors.drop(self.factor))
            self.recovery = set()
        except IllegalTransition:
            assert not self.factor.on and not self.factor.offered

    @rule()
    def ask(self) -> None:
        decision = factors.ask(self.factor, self.now)
        assert (decision is None) == (self.factor.asked_at is not None)
        if decision:
            self.keep(decision)

    @invariant()
    def what_was_taken_is_never_taken_again(self) -> None:
        if self.factor.on:
            for code in self.used:
                with pytest.raises(SecondFactorNeeded):
                    factors.take(self.factor, self.step(self.factor.sealed, code))
        assert set(self.factor.recovery) == self.recovery
        assert not (self.factor.on and self.factor.offered)


FactorLife.TestCase.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)
test_no_sequence_takes_a_code_twice = FactorLife.TestCase


@pytest.mark.parametrize(("at", "code"), [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (2000000000, "279037")])
def test_codes_are_those_of_rfc_6238(at: int, code: str) -> None:
    found = factors.step_of(SECRETS[1], code, datetime.fromtimestamp(at, UTC), 0, 0)
    assert found == at // 30


def test_an_authenticator_reads_the_address() -> None:
    found = urlsplit(factors.address(SECRETS[0], "li.na", RULES["issuer"]))
    assert (found.scheme, found.netloc, found.path) == ("otpauth", "totp", "/Steward:li.na")
    assert parse_qs(found.query) == {"secret": [SECRETS[0]], "issuer": ["Steward"]}


def test_a_role_asks_for_it_and_after_the_days_of_grace_insists() -> None:
    factor = Factor("u1")
    asked = factors.ask(factor, NOON)
    assert asked
    assert factors.needed_by(factor, ["admin"], RULES) is None
    assert factors.needed_by(asked.state, ["desk"], RULES) is None
    for role in RULES["roles"]:
        assert factors.needed_by(asked.state, ["desk", role], RULES) == NOON + timedelta(days=RULES["grace_days"])
    on = factors.confirm(factors.offer(asked.state, "sealed").state, 1, []).state
    assert factors.needed_by(on, ["admin"], RULES) is None
    assert factors.needed_by(factors.drop(on).state, ["admin"], RULES) == NOON + timedelta(days=RULES["grace_days"])


def test_the_picture_is_an_svg_that_a_page_may_show_and_says_no_word_of_the_secret() -> None:
    address = factors.address(SECRETS[0], "li", "Steward")
    drawn = factors.picture(address)
    assert drawn.startswith("data:image/svg+xml") and "viewBox" in drawn and SECRETS[0] not in drawn
    assert drawn == factors.picture(address) != factors.picture(factors.address(SECRETS[1], "li", "Steward"))
