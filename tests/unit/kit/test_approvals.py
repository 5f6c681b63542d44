"""Approvals: who may agree to what, in which order, until when (handbook §1: approvals name roles, never people)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.bus.approving import APPROVALS
from steward.bus.standard import APPROVAL_EVENTS
from steward.errors import IllegalTransition, NotPermitted
from steward.facts import Decision
from steward.trust import approvals
from steward.trust.approvals import Absent, Approval, BadRule, Rule, State, Voter, rule_of
from steward.validation import schema

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ASKER = "user:asker"
ROLES = ("supervisor", "security", "manager")
KEYS = Rule((("supervisor",), ("security",), ("manager",)), 24)
"""Entrusted keys take three (handbook §8)."""


def asked(rule: Rule = KEYS) -> Approval:
    decision = approvals.ask(Approval("a1", "yh", "keys", "k1", "keys/k1", ASKER, NOON, "owner is abroad", rule))
    return told(decision, "approval_asked")


def told(decision: Decision[Approval], *names: str) -> Approval:
    assert [fact.name for fact in decision.facts] == list(names)
    for fact in decision.facts:
        contract = schema(next(event.schema for event in APPROVAL_EVENTS if event.name == fact.name))
        contract.load(contract.dump(fact.data))
    assert APPROVALS.from_document(APPROVALS.to_document(decision.state)) == decision.state
    return decision.state


def voter(name: str, *roles: str, **stands_in: str) -> Voter:
    absent = tuple(Absent(f"user:{person}", role) for person, role in stands_in.items())
    return Voter(f"user:{name}", frozenset(roles), absent)


def yes(approval: Approval, who: Voter, now: datetime = NOON, role: str | None = None) -> Approval:
    return approvals.vote(approval, who, True, "", now, role).state


def refusal(approval: Approval, who: Voter, now: datetime = NOON) -> Any:
    with pytest.raises((IllegalTransition, NotPermitted)) as error:
        approvals.vote(approval, who, True, "", now)
    assert not approvals.may_vote(approval, who, now)
    return error.value


def test_it_is_granted_by_the_last_of_those_who_must_agree() -> None:
    one = told(approvals.vote(asked(), voter("a", "manager"), True, "", NOON), "approval_voted")
    two = yes(one, voter("b", "supervisor"))
    assert (two.state, two.waits_for) == (State.OPEN, ["security"])
    granted = told(approvals.vote(two, voter("c", "security"), True, "", NOON + HOUR), "approval_granted")
    assert (granted.state, granted.decided_at, granted.waits_for) == (State.GRANTED, NOON + HOUR, [])
    assert [(vote.by, vote.role) for vote in granted.votes] == [("user:a", "manager"), ("user:b", "supervisor"), ("user:c", "security")]


def test_one_refusal_ends_it_and_says_why() -> None:
    refused = approvals.vote(yes(asked(), voter("a", "manager")), voter("b", "security"), False, "no room in the box", NOON)
    ended = told(refused, "approval_refused")
    assert (ended.state, ended.votes[-1].reason) == (State.REFUSED, "no room in the box")
    assert isinstance(refusal(ended, voter("c", "supervisor")), IllegalTransition)


def test_nobody_decides_on_their_own_request_nor_is_their_absent_word_spoken_by_another() -> None:
    assert isinstance(refusal(asked(), Voter(ASKER, frozenset(ROLES))), NotPermitted)
    assert isinstance(refusal(asked(), Voter(ASKER, frozenset(), (Absent("user:boss", "manager"),))), NotPermitted)
    assert isinstance(refusal(asked(), voter("b", asker="manager")), NotPermitted)


def test_one_person_has_one_word_whatever_their_roles_unless_the_rule_says_otherwise() -> None:
    boss = voter("boss", *ROLES)
    assert isinstance(refusal(yes(asked(), boss), boss), IllegalTransition)
    alone = yes(yes(yes(asked(replace(KEYS, same_person=True)), boss), boss), boss)
    assert alone.state is State.GRANTED


def test_in_order_means_that_others_wait_for_their_turn() -> None:
    approval = asked(replace(KEYS, in_order=True))
    assert APPROVALS.to_document(approval)["waits_for"] == ["supervisor"], "by which lists find it"
    early = refusal(approval, voter("m", "manager"))
    assert isinstance(early, IllegalTransition) and early.extra["missing"] == ["supervisor"]
    for name, role in zip("abc", ROLES, strict=True):
        approval = yes(approval, voter(name, role))
    assert approval.state is State.GRANTED


def test_without_a_role_that_is_needed_nothing_is_decided_and_it_is_told_which_are() -> None:
    assert refusal(asked(), voter("clerk", "desk")).extra["missing"] == list(ROLES)
    first = yes(asked(), voter("a", "supervisor"))
    assert refusal(first, voter("b", "supervisor")).extra["missing"] == ["security", "manager"]


def test_a_seat_may_be_for_one_of_several_roles_and_two_seats_for_one_role() -> None:
    approval = asked(Rule((("manager", "quality"), ("manager",)), 24))
    one = yes(approval, voter("a", "quality"))
    assert yes(one, voter("b", "manager")).state is State.GRANTED
    assert yes(yes(approval, voter("a", "manager")), voter("b", "manager")).state is State.GRANTED


def test_whoever_has_several_roles_may_say_in_which_they_speak() -> None:
    approval = asked(Rule((("supervisor",), ("manager",)), 24))
    both = yes(approval, voter("a", "supervisor", "manager"), role="manager")
    assert both.waits_for == ["supervisor"]


def test_who_stands_in_for_somebody_on_leave_speaks_in_their_role_and_it_is_told_for_whom() -> None:
    approval = yes(asked(), voter("deputy", "desk", boss="manager"))
    vote = approval.votes[0]
    assert (vote.by, vote.behalf, vote.role) == ("user:deputy", "user:boss", "manager")
    assert approval.heard == {"user:deputy", "user:boss"}
    assert isinstance(refusal(approval, voter("boss", "supervisor")), IllegalTransition), "their word was given"
    own = yes(asked(), voter("deputy", "supervisor", boss="manager"))
    assert (own.votes[0].role, own.votes[0].behalf) == ("supervisor", None), "one's own role comes first"


def test_who_was_heard_is_not_heard_again_through_a_deputy() -> None:
    approval = yes(asked(), voter("boss", "manager", "supervisor"), role="manager")
    assert isinstance(refusal(approval, voter("deputy", boss="supervisor")), NotPermitted)


def test_a_late_word_is_refused_though_nobody_has_closed_it_yet() -> None:
    approval = asked()
    late = refusal(approval, voter("a", "manager"), approval.expires_at)
    assert late.extra["state"] == "expired"
    assert yes(approval, voter("a", "manager"), approval.expires_at - timedelta(milliseconds=1)).votes
    expired = told(approvals.expire(approval, approval.expires_at), "approval_expired")
    assert (expired.state, expired.decided_at) == (State.EXPIRED, approval.expires_at)
    assert approvals.expire(approval, NOON) == Decision(approval)
    assert approvals.expire(expired, NOON + 99 * HOUR) == Decision(expired)


def test_once_the_words_are_taken_out_it_says_still_who_decided_and_how() -> None:
    refused = approvals.vote(
        yes(asked(), voter("li", "supervisor")), voter("wu", "manager"), False, "the owner, Li, is at home", NOON
    ).state
    left = told(approvals.wordless(refused))
    assert {left.reason, *(vote.reason for vote in left.votes)} == {""}
    assert [(vote.by, vote.role, vote.agrees) for vote in left.votes] == [(vote.by, vote.role, vote.agrees) for vote in refused.votes]
    assert (left.state, left.decided_at, approvals.wordless(left)) == (State.REFUSED, NOON, Decision(left))


def test_only_who_asked_withdraws_and_only_while_it_is_open() -> None:
    with pytest.raises(NotPermitted):
        approvals.withdraw(asked(), "user:a", NOON)
    gone = told(approvals.withdraw(asked(), ASKER, NOON), "approval_withdrawn")
    with pytest.raises(IllegalTransition):
        approvals.withdraw(gone, ASKER, NOON)
    assert refusal(gone, voter("a", "manager")).extra["state"] == "withdrawn"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"roles": ["manager"], "hours": 1, "ordered": True}, "ordered"),
        ({"hours": 1}, "roles"),
        (7, "a table"),
        ({"roles": [], "hours": 1}, "roles"),
        ({"roles": ["manger"], "hours": 1}, "manger"),
        ({"roles": [["manager", 7]], "hours": 1}, "7"),
        ({"roles": [[]], "hours": 1}, "''"),
        ({"roles": ["manager"]}, "hours"),
        ({"roles": ["manager"], "hours": 0}, "hours"),
        ({"roles": ["manager"], "hours": True}, "hours"),
        ({"roles": ["manager"], "hours": float("inf")}, "hours"),
        ({"roles": ["manager"], "hours": float("nan")}, "hours"),
        ({"roles": ["manager"], "hours": 1, "in_order": "yes"}, "in_order"),
    ],
)
def test_a_row_that_is_no_rule_is_refused_by_the_word_that_is_wrong(row: dict[str, Any], said: str) -> None:
    with pytest.raises(BadRule, match=said):
        rule_of(row, ROLES)


def test_a_row_is_read_as_it_is_meant() -> None:
    row = {"roles": ["supervisor", ["manager", "security"]], "hours": 1.5, "in_order": True}
    assert rule_of(row, ROLES) == Rule((("supervisor",), ("manager", "security")), 1.5, in_order=True)


names = st.sampled_from(["user:asker", "user:a", "user:b", "user:c", "user:d"])
rules = st.builds(
    Rule,
    st.lists(st.lists(st.sampled_from(ROLES), min_size=1, max_size=2, unique=True).map(tuple), min_size=1, max_size=3).map(tuple),
    st.just(24.0),
    in_order=st.booleans(),
)
voters = st.builds(
    Voter,
    names,
    st.frozensets(st.sampled_from(ROLES), max_size=2),
    st.lists(st.builds(Absent, names, st.sampled_from(ROLES)), max_size=2).map(tuple),
)
words = st.lists(st.tuples(voters, st.booleans(), st.integers(0, 30), st.sampled_from([None, *ROLES])), max_size=8)


@given(rules, words)
def test_no_sequence_of_words_grants_without_each_seat_by_another_person_in_time(rule: Rule, said: list[tuple[Any, ...]]) -> None:
    approval, held = asked(rule), {}
    for who, agrees, after, role in said:
        before, now = approval, NOON + after * HOUR
        try:
            approval = told(approvals.vote(approval, who, agrees, "x", now, role), *_named(approval, agrees))
        except (IllegalTransition, NotPermitted):
            assert approval == before
            continue
        assert now < approval.expires_at and who.id != ASKER and before.state is State.OPEN
        last = approval.votes[-1]
        held[last.seat] = who.roles if last.behalf is None else {one.role for one in who.stands_in if one.person == last.behalf}
        assert last.role in held[last.seat] and last.role in rule.seats[last.seat]
        assert not rule.in_order or last.seat == len(before.votes)
    voices = [person for vote in approval.votes for person in (vote.by, vote.behalf) if person]
    assert ASKER not in voices and len({vote.by for vote in approval.votes}) == len(approval.votes)
    assert all(one.behalf is None or one.behalf != other.by for one in approval.votes for other in approval.votes if one is not other)
    granted = all(vote.agrees for vote in approval.votes) and {vote.seat for vote in approval.votes} == set(range(len(rule.seats)))
    assert (approval.state is State.GRANTED) == granted


def _named(approval: Approval, agrees: bool) -> tuple[str, ...]:
    return ("approval_refused",) if not agrees else ("approval_granted",) if len(approval.empty) == 1 else ("approval_voted",)
