"""Whatever is switched off, edited or missed while nothing ran: each occurrence is on record once, and people's work stays theirs."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.duties import model
from services.duties.model import Assignment, By, CatchUp, Plan, Reason, State, Terms
from services.duties.schemas import assignment_view
from services.duties.spec import SPEC
from services.duties.store import ASSIGNMENTS, PLANS
from steward import plugins
from steward.errors import BadInput, IllegalTransition
from steward.facts import Decision
from steward.times import parse
from tests.unit.duties.rows import POLICY, SHANGHAI, site, terms

BEGINNING = parse("2027-02-26T00:00:00Z")
DAILY = {"rule": "FREQ=DAILY;BYHOUR=8,14", "due_s": 10_800}
MONTHLY = {"rule": "FREQ=MONTHLY;BYMONTHDAY=-1", "due": "FREQ=MONTHLY;BYMONTHDAY=3"}
HOURLY = {"rule": "FREQ=HOURLY;INTERVAL=7", "due_s": 30_000, "evidence": ["count"]}
ROWS = [terms(**row, catch_up=catch_up) for row in (DAILY, MONTHLY, HOURLY) for catch_up in CatchUp]


class Duties(RuleBasedStateMachine):
    plan: Plan

    def __init__(self) -> None:
        super().__init__()
        self.now = BEGINNING
        self.kept: dict[str, Assignment] = {}
        self.began: dict[str, Terms] = {}
        self.expected: list[str] = []
        self.since = model.local_of(BEGINNING, SHANGHAI)

    @property
    def by(self) -> By:
        return By("user:x", self.now)

    @initialize(row=st.sampled_from(ROWS))
    def begin(self, row: Terms) -> None:
        decision = model.replan(None, site(since="2027-02-26T00:00:00Z"), "duty", row, self.now)
        assert decision is not None
        self.goes_on(decision)

    def goes_on(self, decision: Decision[Plan]) -> None:
        document = PLANS.to_document(decision.state) | {"version": decision.state.version + 1}
        self.plan = PLANS.from_document(document)
        assert ("next_at" in document) == (self.plan.next is not None)

    def became(self, decision: Decision[Assignment]) -> Assignment:
        state = decision.state
        for fact in decision.facts:
            schema = plugins.load(SPEC.event(fact.name).schema)()
            assert schema.validate(schema.dump(fact.data)) == {}
        self.kept[state.id] = ASSIGNMENTS.from_document(ASSIGNMENTS.to_document(state))
        assert self.kept[state.id] == state
        assert assignment_view(state, self.now)["actions"] == model.legal(state)
        return state

    @rule(hours=st.integers(1, 30))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(days=st.integers(3, 70))
    def nothing_runs_for_days(self, days: int) -> None:
        self.now += timedelta(days=days)

    @rule(most=st.integers(1, 400))
    def sweep(self, most: int) -> None:
        for _ in range(most):
            if not self.plan.overdue(self.now):
                return
            row = self.plan.terms
            assert row is not None
            opened, after = model.step(self.plan, self.by)
            assert opened.state.id not in self.kept
            self.found_in_time(opened, row, after.state)
            self.began[opened.state.id] = row
            self.became(opened)
            self.goes_on(after)

    def found_in_time(self, opened: Decision[Assignment], row: Terms, after: Plan) -> None:
        state, names = opened.state, [fact.name for fact in opened.facts]
        if self.now < state.promised_at:
            assert names == ["opened"] and state.due_at == state.promised_at and not state.caught_up
        elif row.catch_up is CatchUp.RUN_LATE and not after.overdue(self.now):
            assert names == ["opened"] and state.caught_up and state.due_at == self.now + timedelta(seconds=row.late_s)
        else:
            reason = Reason.SUPERSEDED if row.catch_up is CatchUp.RUN_LATE else Reason.MISSED
            assert names == ["opened", "skipped"] and state.turns[-1].reason is reason

    @rule(row=st.sampled_from([*ROWS, None]))
    def the_row_is_edited(self, row: Terms | None) -> None:
        if self.plan.overdue(self.now):
            return  # what is due is opened first, by the terms that held
        before = self.plan.terms
        decision = model.replan(self.plan, site(digest="d"), "duty", row, self.now)
        assert (decision is None) == (before == row)
        if decision:
            local = model.local_of(self.now, SHANGHAI)
            self.expected += self.by_now(before)
            self.since = max(self.since, local)
            self.goes_on(decision)

    def by_now(self, row: Terms | None) -> list[str]:
        until = model.local_of(self.now, SHANGHAI)
        found = takewhile(lambda local: local <= until, row.opening.following(self.since)) if row else ()
        return [local.isoformat() for local in found]

    def pick(self, data: st.DataObject, *states: State) -> Assignment | None:
        fitting = sorted(name for name, one in self.kept.items() if one.state in states)
        return self.kept[data.draw(st.sampled_from(fitting))] if fitting else None

    @rule(data=st.data(), count=st.one_of(st.none(), st.integers(0, 9)))
    def somebody_ticks_off(self, data: st.DataObject, count: int | None) -> None:
        if one := self.pick(data, *State):
            self.give("done", one, lambda: model.done(one, model.Given(note="seen", count=count), self.by))

    @rule(data=st.data())
    def the_manager_skips(self, data: st.DataObject) -> None:
        if one := self.pick(data, *State):
            self.give("skip", one, lambda: model.skip(one, "snow", self.by))

    @rule(data=st.data())
    def somebody_reopens(self, data: st.DataObject) -> None:
        if one := self.pick(data, State.DONE, State.SKIPPED):
            ended = one.turns[-1].at
            self.give("reopen", one, lambda: model.reopen(one, "again", POLICY, self.by), self.now - ended <= timedelta(days=7))

    def give(self, command: str, one: Assignment, decide: Any, possible: bool = True) -> None:
        legal = model.legal(one)
        try:
            decision = decide()
        except IllegalTransition:
            assert command not in legal or not possible
        except BadInput:
            assert command == "done" and "count" in one.asked.kinds
        else:
            assert command in legal and possible
            again = self.became(decision)
            assert again.due_at >= one.due_at and len(again.turns) == len(one.turns) + 1

    @invariant()
    def everything_that_was_due_is_on_record_once(self) -> None:
        if not hasattr(self, "plan"):
            return
        expected = self.expected + self.by_now(self.plan.terms)
        assert len(expected) == len(set(expected))
        on_record = {model.id_of("yh", "duty", datetime.fromisoformat(local)) for local in expected}
        assert set(self.kept) <= on_record
        if not self.plan.overdue(self.now):
            assert set(self.kept) == on_record

    @invariant()
    def what_was_opened_keeps_its_terms(self) -> None:
        for name, one in self.kept.items():
            row = self.began[name]
            assert (one.asked, one.title, one.role) == (row.asked, row.title, row.role)
            assert (one.state is State.OPEN) == (not one.turns or one.turns[-1].command == "reopen")


TestDuties = Duties.TestCase
TestDuties.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)
