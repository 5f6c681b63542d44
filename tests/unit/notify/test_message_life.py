"""No sequence of attempts, crashes, lost answers and look-ups sends a message twice unmarked (handbook §9)."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import pairwise

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.notify import model
from services.notify.model import ALLOWED, HANDED, Message, Prepared, State
from services.notify.model.message import require
from services.notify.rules import Announcement, Rule, Terms
from steward.channels import Fate, Finding, Hand, Outcome, Result
from steward.errors import IllegalTransition

POLICY = tomllib.loads(files("services.notify").joinpath("policy.toml").read_text(encoding="utf-8"))
TERMS = Terms.of(POLICY)
SHORT = replace(TERMS, attempts=3, look_ups=2)
NOON = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
"""10:00 in the project."""
HANDS = {"sms": Hand.OPERATOR, "letter": Hand.POST, "phone": Hand.PERSON}
WORDS = Prepared("en", "text")
FINAL = {State.DELIVERED, State.POSTED, State.FAILED, State.DOUBTFUL, State.SUPPRESSED}


def a_rule(**changes: object) -> Rule:
    return replace(Rule("r", ("tickets.raised",), "caller", ("sms", "letter", "phone"), "t", quiet=False), **changes)


def queued(terms: Terms = TERMS, now: datetime = NOON, urgency: str = "normal", **changes: object) -> Message:
    rule = a_rule(**changes)
    return model.queue(
        Announcement("m", rule, "caller"),
        project="p",
        matter="tickets/t",
        words={},
        unit="u",
        urgency=urgency,
        reachable=rule.channels,
        now=now,
        terms=terms,
    ).state


def sending(**changes: object) -> Message:
    return model.claim(queued(**changes), WORDS, NOON, TERMS).state


class Life(RuleBasedStateMachine):
    """One message, an operator that may take it and not say so, and a process that may die at any moment."""

    @initialize(resend=st.booleans(), quiet=st.booleans())
    def begin(self, resend: bool, quiet: bool) -> None:
        self.terms = replace(SHORT, resend=resend)
        self.now = NOON
        self.message = queued(self.terms, quiet=quiet)
        self.taken = 0
        self.facts: list[str] = []

    def become(self, decision: model.Decision[Message]) -> None:
        self.message = replace(decision.state, version=self.message.version + 1)
        self.facts += [fact.name for fact in decision.facts]

    def is_due(self, state: State) -> bool:
        at = self.message.next_at
        return self.message.state is state and at is not None and at <= self.now

    @rule(seconds=st.sampled_from([1, 5, 31, 3600, 30_000]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @precondition(lambda self: self.is_due(State.QUEUED))
    @rule(
        takes=st.booleans(),
        told=st.sampled_from(["crash", *Result]),
    )
    def it_is_sent(self, takes: bool, told: str) -> None:
        if model.too_early(self.message, self.now, self.terms):
            self.become(model.postpone(self.message, self.now, self.terms))
            return
        hand = HANDS[self.message.channel]
        self.become(model.claim(self.message, WORDS, self.now, self.terms))
        definite = {Result.ACCEPTED: True, Result.REFUSED: False, Result.LATER: False}
        takes = definite.get(told, takes)
        if self.message.channel == "sms":
            self.taken += takes
        if hand is not Hand.OPERATOR:
            told = Result.ACCEPTED if takes else Result.REFUSED
        if told != "crash":
            self.become(model.settle(self.message, Outcome(Result(told), "code"), hand, self.now, self.terms))

    @precondition(lambda self: self.is_due(State.SENDING))
    @rule(answers=st.booleans(), arrived=st.sampled_from([Fate.ACCEPTED, Fate.DELIVERED, Fate.UNDELIVERED]))
    def it_is_looked_up(self, answers: bool, arrived: Fate) -> None:
        self.become(model.take_up(self.message, self.now, self.terms))
        fate = (arrived if self.taken else Fate.ABSENT) if answers else Fate.UNKNOWN
        self.become(model.found(self.message, Finding(fate), self.now, self.terms))

    @precondition(lambda self: self.is_due(State.SENT))
    @rule(fate=st.sampled_from(Fate))
    def a_receipt_comes(self, fate: Fate) -> None:
        self.become(model.receipt(self.message, Finding(fate), self.now, self.terms))

    @precondition(lambda self: self.message.state in (State.TO_POST, State.TO_CALL))
    @rule(reached=st.booleans())
    def somebody_does_it(self, reached: bool) -> None:
        if self.message.state is State.TO_POST:
            self.become(model.posted(self.message, self.now))
        else:
            self.become(model.called(self.message, reached, None, self.now, self.terms))

    @precondition(lambda self: self.message.state is State.QUEUED)
    @rule()
    def nobody_is_there(self) -> None:
        self.become(model.unreachable(self.message, "no_phone", self.now, self.terms))

    @invariant()
    def the_operator_has_it_once_or_doubt_is_marked(self) -> None:
        assert self.taken <= 1 or self.message.doubtful
        assert self.message.doubtful == ("doubtful" in self.facts)

    @invariant()
    def it_is_looked_at_again_exactly_while_it_must_be(self) -> None:
        if self.message.state in (State.QUEUED, State.SENDING):
            assert self.message.next_at is not None
        if self.message.state in FINAL:
            assert self.message.next_at is None
            assert self.message.ended_at is not None

    @invariant()
    def what_is_final_stays(self) -> None:
        for command, state in ALLOWED.items():
            if self.message.state is not state:
                with pytest.raises(IllegalTransition):
                    require(command, self.message)

    @invariant()
    def quiet_hours_are_kept(self) -> None:
        if self.message.state is State.QUEUED and self.message.quiet:
            due = self.message.next_at
            assert due == self.terms.quiet.allowed_from(self.message.channel, due)


Life.TestCase.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
TestLife = Life.TestCase


def test_an_accepted_sms_is_sent_and_its_receipt_is_asked_for() -> None:
    decision = model.settle(sending(), Outcome(Result.ACCEPTED, operator_id="9^0"), Hand.OPERATOR, NOON, TERMS)
    assert decision.state.state is State.SENT
    assert decision.state.next_at is not None
    assert [fact.name for fact in decision.facts] == ["sent"]
    assert decision.facts[0].data == {"message": "m", "channel": "sms", "operator_id": "9^0"}


def test_a_bad_number_goes_to_the_next_channel_and_keeps_what_was_tried() -> None:
    refused = Outcome(Result.REFUSED, "isv.MOBILE_NUMBER_ILLEGAL")
    decision = model.settle(sending(), refused, Hand.OPERATOR, NOON, TERMS)
    assert (decision.state.state, decision.state.channel) == (State.QUEUED, "letter")
    assert decision.facts[0].data["reason_code"] == "isv.MOBILE_NUMBER_ILLEGAL"
    assert decision.state.earlier[0].text == "text"
    assert decision.state.attempts == 0


def test_throttling_is_retried_after_growing_delays_then_the_next_channel_comes() -> None:
    message, now, delays = queued(), NOON, []
    while message.channel == "sms":
        message = model.claim(message, WORDS, now, TERMS).state
        message = model.settle(message, Outcome(Result.LATER, "isv.BUSINESS_LIMIT_CONTROL"), Hand.OPERATOR, now, TERMS).state
        delays.append((message.next_at - now).total_seconds())
        now = message.next_at
    assert delays[:-1] == [2, 5, 15, 60, 300, 900, 900, 900]
    assert all(earlier <= later for earlier, later in pairwise(delays[:-1]))


def test_a_lost_answer_is_looked_up_before_anything_else() -> None:
    unclear = model.settle(sending(), Outcome(Result.UNCLEAR, "ReadTimeout"), Hand.OPERATOR, NOON, TERMS).state
    assert unclear.state is State.SENDING
    later = unclear.next_at
    taken = model.take_up(unclear, later, TERMS).state
    found = model.found(taken, Finding(Fate.ACCEPTED), later, TERMS)
    assert found.state.state is State.SENT
    assert found.state.attempts == 1


def test_absence_is_believed_only_after_the_settling_time() -> None:
    taken = model.take_up(sending(), NOON, TERMS).state
    early = model.found(taken, Finding(Fate.ABSENT), NOON + timedelta(seconds=1), TERMS).state
    assert early.state is State.SENDING
    settled = model.found(taken, Finding(Fate.ABSENT), NOON + timedelta(seconds=TERMS.settle_s), TERMS).state
    assert settled.state is State.QUEUED


@pytest.mark.parametrize(("resend", "becomes"), [(False, State.DOUBTFUL), (True, State.QUEUED)])
def test_what_nobody_can_tell_is_doubtful_and_sent_again_only_if_policy_says_so(resend: bool, becomes: State) -> None:
    terms, message = replace(TERMS, resend=resend, look_ups=1), sending()
    taken = model.take_up(message, NOON, terms).state
    decision = model.found(taken, Finding(Fate.UNKNOWN), NOON, terms)
    assert decision.state.state is becomes
    assert decision.state.doubtful
    assert [fact.name for fact in decision.facts] == ["doubtful"]


def test_a_task_for_somebody_says_who_they_are() -> None:
    decision = model.queue(
        Announcement("m", a_rule(audience="roles"), "role:supervisor", "01k-li"),
        project="p",
        matter="tickets/t",
        words={},
        unit=None,
        urgency=None,
        reachable=("phone",),
        now=NOON,
        terms=TERMS,
    )
    assert (decision.state.person, decision.state.audience, decision.state.channels) == ("01k-li", "role:supervisor", ("phone",))
    assert decision.facts[0].data["person"] == "01k-li"


def test_a_caller_without_phone_or_unit_is_suppressed_with_the_reason() -> None:
    decision = model.queue(
        Announcement("m", a_rule(), "caller"),
        project="p",
        matter="tickets/t",
        words={},
        unit=None,
        urgency="normal",
        reachable=(),
        now=NOON,
        terms=TERMS,
    )
    assert decision.state.state is State.SUPPRESSED
    assert decision.facts[0].data["reason_code"] == "no_contact"


def test_whoever_cannot_be_reached_anywhere_is_suppressed_not_failed() -> None:
    message = queued(channels=("sms", "letter"))
    message = model.unreachable(message, "no_phone", NOON, TERMS).state
    assert model.unreachable(message, "no_unit", NOON, TERMS).state.state is State.SUPPRESSED


def test_a_failed_receipt_goes_to_the_next_channel() -> None:
    sent = model.settle(sending(), Outcome(Result.ACCEPTED), Hand.OPERATOR, NOON, TERMS).state
    decision = model.receipt(sent, Finding(Fate.UNDELIVERED, "MOBILE_NOT_ON_SERVICE"), NOON, TERMS)
    assert (decision.state.state, decision.state.channel) == (State.QUEUED, "letter")


def test_receipts_are_not_asked_for_without_end() -> None:
    message = model.settle(sending(), Outcome(Result.ACCEPTED), Hand.OPERATOR, NOON, TERMS).state
    for _ in TERMS.receipt_delays_s:
        assert message.next_at is not None
        message = model.receipt(message, Finding(Fate.ACCEPTED), NOON, TERMS).state
    assert (message.state, message.next_at) == (State.SENT, None)


def test_a_phone_task_is_tried_three_times() -> None:
    task = model.settle(sending(channels=("phone",)), Outcome(Result.ACCEPTED), Hand.PERSON, NOON, TERMS).state
    assert task.state is HANDED[Hand.PERSON]
    for _ in range(2):
        task = model.called(task, False, "no_answer", NOON, TERMS).state
        assert task.state is State.TO_CALL
    assert model.called(task, True, None, NOON, TERMS).state.state is State.DELIVERED
    assert model.called(task, False, "no_answer", NOON, TERMS).state.state is State.FAILED


def test_a_message_whose_knower_is_away_waits_for_as_long_as_it_takes() -> None:
    message = queued()
    for _ in range(50):
        message = model.wait(message, message.next_at, TERMS).state
    assert message.state is State.QUEUED
    assert message.channel == "sms"
    assert message.waits == 50


def test_what_would_come_too_late_is_suppressed() -> None:
    message = queued(stale_s=60.0)
    assert not model.too_late(message, NOON + timedelta(seconds=60))
    assert model.too_late(message, NOON + timedelta(seconds=61))
    assert model.expire(message, NOON).facts[0].data["reason_code"] == "too_late"


def failed_attempts(count: int, away: bool, apart: timedelta = timedelta(seconds=30)) -> Message:
    """A message after ``count`` attempts that surely were not accepted."""
    message, now = queued(), NOON
    for _ in range(count):
        message = model.claim(message, WORDS, now, SHORT).state
        message = model.settle(message, Outcome(Result.LATER, "ConnectError", away=away), Hand.OPERATOR, now, SHORT).state
        now += apart
    return message


def test_attempts_that_reached_nobody_are_not_used_up() -> None:
    assert failed_attempts(SHORT.attempts, away=False).channel == "letter"
    waiting = failed_attempts(100, away=True)
    assert (waiting.channel, waiting.state, waiting.attempts) == ("sms", State.QUEUED, 0)


def test_an_operator_that_stays_away_loses_the_message_to_the_next_channel_in_the_end() -> None:
    assert failed_attempts(1_000, away=True).channel == "letter"


def test_look_ups_that_reached_nobody_leave_the_message_in_doubt_for_longer() -> None:
    message = model.settle(sending(), Outcome(Result.UNCLEAR, "ReadTimeout", away=True), Hand.OPERATOR, NOON, SHORT).state
    for _ in range(10):
        message = model.take_up(message, NOON, SHORT).state
        message = model.found(message, Finding(Fate.UNKNOWN, "ConnectError", away=True), NOON, SHORT).state
    assert (message.state, message.look_ups) == (State.SENDING, 0)
    assert message.next_at is not None and message.next_at > NOON
