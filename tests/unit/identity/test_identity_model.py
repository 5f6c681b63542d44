"""Users and the guard that counts wrong passwords."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.identity import model
from services.identity.model import ROLES, Guard, User
from services.identity.spec import SPEC
from services.identity.store import GUARDS, USERS
from steward import plugins
from steward.errors import BadInput, IllegalTransition, Overloaded
from steward.facts import Decision
from steward.policy import shipped
from steward.trust.principals import SYSTEM_ROLE

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
LOCKOUT = shipped(SPEC)["lockout"]


def user() -> User:
    return model.add_user("u1", "li.na", "李娜", "hash", {"yh": ["desk"]}, NOON).state


def check_contract(decision: Decision[User]) -> None:
    for fact in decision.facts:
        schema = plugins.load(SPEC.event(fact.name).schema)()
        assert schema.load(schema.dump(fact.data))
        assert not {"name", "username", "password_hash"} & fact.data.keys()


@pytest.mark.parametrize("name", ["", "x", "Li", "-li", "li na", "李娜", "a" * 33, "li\n"])
def test_a_user_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="username"):
        model.add_user("u1", name, "Li", "hash", {}, NOON)


@pytest.mark.parametrize("role", [SYSTEM_ROLE, "root", "", "Admin"])
def test_the_role_of_services_cannot_be_granted_to_anybody(role: str) -> None:
    with pytest.raises(BadInput, match="grants"):
        model.add_user("u1", "li", "Li", "hash", {"*": [role]}, NOON)
    with pytest.raises(BadInput, match="roles"):
        model.grant(user(), "yh", [role])


def test_roles_are_set_in_one_project_and_stay_in_the_others() -> None:
    both = model.grant(user(), "xh", ["manager", "desk", "desk"])
    check_contract(both)
    assert both.state.grants == {"yh": ("desk",), "xh": ("desk", "manager")}
    assert model.grant(both.state, "yh", []).state.grants == {"xh": ("desk", "manager")}


def test_who_is_shut_out_does_not_log_in() -> None:
    out = model.set_active(user(), False)
    check_contract(out)
    with pytest.raises(IllegalTransition):
        model.logged_in(out.state, "hash", NOON)
    with pytest.raises(IllegalTransition):
        model.set_active(out.state, False)
    assert model.set_active(out.state, True).state.active


@pytest.mark.parametrize("length", [0, 9, 129])
def test_a_password_has_its_length(length: int) -> None:
    with pytest.raises(BadInput, match="password"):
        model.check_password("x" * length, shipped(SPEC)["password"])


def test_the_name_is_shut_exactly_as_long_as_policy_says() -> None:
    guard = None
    for _ in range(LOCKOUT["max_failures"]):
        guard = model.attempt(guard, "g", LOCKOUT, NOON).state
    end = NOON + timedelta(seconds=LOCKOUT["lock_s"])
    with pytest.raises(Overloaded) as shut:
        model.attempt(guard, "g", LOCKOUT, end - timedelta(milliseconds=1))
    assert shut.value.extra["retry_after_s"] == 1
    assert model.attempt(guard, "g", LOCKOUT, end).state.failures == 1


def test_who_came_from_the_provider_is_that_account_until_it_is_unlinked() -> None:
    linked = model.logged_in(user(), "hash", NOON, "account-1").state
    assert model.logged_in(linked, "hash", NOON).state.subject == "account-1"
    with pytest.raises(IllegalTransition, match="another account"):
        model.logged_in(linked, "hash", NOON, "account-2")
    unlinked = model.unlink(linked)
    check_contract(unlinked)
    assert model.logged_in(unlinked.state, "hash", NOON, "account-2").state.subject == "account-2"
    with pytest.raises(IllegalTransition):
        model.unlink(unlinked.state)


def test_old_failures_are_forgotten_after_their_window() -> None:
    guard = model.attempt(None, "g", LOCKOUT, NOON).state
    late = NOON + timedelta(seconds=LOCKOUT["window_s"])
    assert model.attempt(guard, "g", LOCKOUT, late - timedelta(milliseconds=1)).state.failures == 2
    assert model.attempt(guard, "g", LOCKOUT, late).state.failures == 1


class GuardLife(RuleBasedStateMachine):
    """One name under attack, with its owner logging in between; an own list of moments says what is right."""

    @initialize()
    def begin(self) -> None:
        self.now = NOON
        self.guard: Guard | None = None
        self.looked_at: list[datetime] = []
        self.start = NOON
        self.locked_until: datetime | None = None

    @rule(seconds=st.integers(0, 400))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(times=st.integers(1, 7), right=st.booleans())
    def log_in(self, times: int, right: bool) -> None:
        for turn in range(times):
            last = right and turn == times - 1
            shut = self.locked_until is not None and self.now < self.locked_until
            try:
                self.guard = model.attempt(self.guard, "g", LOCKOUT, self.now).state
            except Overloaded as error:
                assert shut
                assert error.extra["retry_after_s"] >= 1
                return
            assert not shut
            self._count()
            if last:
                self.guard = model.clear(self.guard, self.now).state
                self.looked_at, self.locked_until = [], None

    def _count(self) -> None:
        expired = bool(self.looked_at) and self.now >= self.looked_at[0] + timedelta(seconds=LOCKOUT["window_s"])
        if self.locked_until is not None or expired:
            self.looked_at, self.locked_until = [], None
        if not self.looked_at and self.guard is not None and self.guard.failures > 1:
            raise AssertionError("counts what is over")
        self.looked_at.append(self.now)
        if len(self.looked_at) == LOCKOUT["max_failures"]:
            self.locked_until = self.now + timedelta(seconds=LOCKOUT["lock_s"])

    @invariant()
    def never_more_than_policy_allows_are_looked_at(self) -> None:
        if getattr(self, "guard", None) is not None:
            assert self.guard is not None
            assert self.guard.failures <= LOCKOUT["max_failures"]
            assert (self.guard.locked_until is not None) == (self.guard.failures == LOCKOUT["max_failures"])
            assert GUARDS.from_document(GUARDS.to_document(self.guard)) == self.guard


GuardLife.TestCase.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
test_no_sequence_of_attempts_gets_past_the_lock = GuardLife.TestCase

roles = st.lists(st.sampled_from(ROLES), max_size=4)
commands = st.lists(
    st.one_of(
        st.tuples(st.just("grant"), st.sampled_from(["*", "yh", "xh"]), roles),
        st.tuples(st.just("active"), st.booleans(), st.none()),
        st.tuples(st.just("log_in"), st.none(), st.none()),
    ),
    max_size=20,
)


@given(commands)
def test_no_sequence_of_commands_makes_an_illegal_user(sequence: list[tuple[str, object, object]]) -> None:
    state = user()
    for name, first, second in sequence:
        try:
            if name == "grant":
                decision = model.grant(state, str(first), list(second))  # type: ignore[call-overload]
            elif name == "active":
                decision = model.set_active(state, bool(first))
            else:
                decision = model.logged_in(state, "hash2", NOON)
                assert state.active
        except IllegalTransition:
            continue
        check_contract(decision)
        state = decision.state
        assert all(held and set(held) <= set(ROLES) for held in state.grants.values())
        assert USERS.from_document(USERS.to_document(state)) == state
