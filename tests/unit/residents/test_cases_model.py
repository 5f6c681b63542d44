"""Handovers, changes of owner, tenancies and move-outs, by the shipped rows (handbook §2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.residents.model import Comes, Form, Given, Kind, Outcome, Use, cases, forms
from services.residents.model.cases import CancelReason, Case, Stands, State
from services.residents.model.forms import Defect
from services.residents.spec import SPEC
from services.residents.store import CASES
from steward.errors import BadInput, IllegalTransition, NotFound
from steward.facts import Decision
from steward.validation import schema
from tests.unit.residents.case_desk import DESK, TODAY, fulfilling, opened, ready, taken


def names(decision: Decision[Case]) -> list[str]:
    return [fact.name for fact in decision.facts]


def wrong_field(error: pytest.ExceptionInfo[BadInput]) -> str:
    field: str = error.value.extra["errors"][0]["field"]
    return field


def wants(case: Case, step: str) -> set[str]:
    return {want.id for want in cases.step_of(case, step).wants}


def refused(case: Case, step: str, given: Given) -> IllegalTransition:
    with pytest.raises(IllegalTransition) as error:
        cases.take(case, step, given, DESK)
    return error.value


def test_papers_agreements_and_meters_go_by_the_use_of_the_unit_and_by_who_comes() -> None:
    home, shop = opened(Kind.HANDOVER).state, opened(Kind.HANDOVER, Use.SHOP).state
    space = opened(Kind.HANDOVER, Use.PARKING).state
    by_agent = opened(Kind.HANDOVER, comes=Comes.AGENT).state
    assert wants(home, "agreements") == {"service_agreement", "interim_covenant", "fire_safety"}
    assert wants(shop, "agreements") == {"shop_agreement", "shop_covenant", "fire_safety"}
    assert wants(space, "agreements") == {"parking_agreement"}
    assert wants(home, "meters") == {"electricity", "water", "gas"}
    assert wants(shop, "meters") == {"electricity", "water"}
    assert "meters" not in [step.id for step in space.plan]
    assert wants(by_agent, "papers") - wants(home, "papers") == {"authorisation", "agent_identity_card"}


def test_a_handover_that_lacks_a_paper_says_which() -> None:
    case = opened(Kind.HANDOVER, comes=Comes.AGENT).state
    case = cases.take(case, "papers", Given(papers=("handover_notice", "identity_card", "purchase_contract")), DESK).state
    with pytest.raises(IllegalTransition) as error:
        cases.complete(case, TODAY, DESK)
    missing = {row["step"]: row["wants"] for row in error.value.extra["missing"]}
    assert missing["papers"] == ["authorisation", "agent_identity_card"]
    assert list(missing) == ["identity", "papers", "prepayment", "agreements", "meters", "inspection", "keys"]


def test_three_months_of_fees_are_asked_for_once_identity_and_papers_are_seen() -> None:
    decision = opened(Kind.HANDOVER)
    assert names(decision) == ["case_opened"]
    seen = taken(decision.state, "identity")
    asked = cases.take(seen, "papers", fulfilling(cases.step_of(seen, "papers")), DESK)
    assert names(asked) == ["case_step_taken", "prepayment_requested"]
    assert asked.facts[1].data["months"] == 3
    assert names(cases.take(asked.state, "agreements", fulfilling(cases.step_of(seen, "agreements")), DESK)) == ["case_step_taken"]


def test_each_defect_of_an_inspection_is_told_without_its_words() -> None:
    case = taken(taken(taken(opened(Kind.HANDOVER).state, "identity"), "papers"), "agreements")
    found = Given(
        opinion="two defects", accepted=True, defects=(Defect("d1", "door_window", "张三丰's window"), Defect("d2", "pipe", "drips"))
    )
    decision = cases.take(case, "inspection", found, DESK)
    assert [fact.data["defect"] for fact in decision.facts if fact.name == "defect_found"] == ["d1", "d2"]
    assert "张三丰" not in repr(decision.facts)
    assert cases.defect_of(decision.state, "d2").what == "drips"
    with pytest.raises(NotFound):
        cases.defect_of(decision.state, "d3")


def test_an_inspection_that_is_not_accepted_is_made_again() -> None:
    case = taken(taken(taken(opened(Kind.HANDOVER).state, "identity"), "papers"), "agreements")
    case = cases.take(case, "inspection", Given(opinion="no water", accepted=False), DESK).state
    assert case.stands(cases.step_of(case, "inspection")) is Stands.READY
    assert taken(case, "inspection").stands(cases.step_of(case, "inspection")) is Stands.DONE


def test_what_is_unpaid_is_shown_at_a_change_of_owner_and_holds_nothing_up() -> None:
    decision = opened(Kind.TRANSFER, on=TODAY)
    assert names(decision) == ["case_opened", "settlement_requested"]
    case = cases.take(decision.state, "settlement", Given(owing_fen=123_400), DESK).state
    for step in ("notice", "identity", "papers", "agreements"):
        case = taken(case, step)
    assert case.owing_fen == 123_400
    assert cases.complete(case, TODAY, DESK).state.state is State.COMPLETE


def test_a_move_out_gets_no_exit_pass_while_fees_are_unpaid_and_is_told_why() -> None:
    case = taken(taken(opened(Kind.MOVE_OUT, on=TODAY).state, "application"), "owner_signs")
    case = cases.take(case, "settlement", Given(owing_fen=50_000), DESK).state
    error = refused(case, "exit_pass", Given(number="FX-1"))
    assert (error.extra["owing_fen"], error.extra["waits_for"], error.extra["legal"]) == (50_000, ["settlement"], ["settlement"])
    assert "fees are unpaid" in error.detail
    case = cases.take(case, "settlement", Given(owing_fen=0), DESK).state
    assert cases.legal(case) == ["exit_pass"]


def test_what_is_owed_may_be_said_anew_and_then_holds_the_pass_up_again() -> None:
    case = taken(taken(taken(opened(Kind.MOVE_OUT, on=TODAY).state, "application"), "owner_signs"), "settlement")
    case = cases.take(case, "settlement", Given(owing_fen=100), DESK).state
    assert refused(case, "exit_pass", Given(number="FX-1")).extra["owing_fen"] == 100


def test_the_steps_of_a_move_out_follow_one_after_the_other() -> None:
    case, order = opened(Kind.MOVE_OUT, on=TODAY).state, []
    while legal := cases.legal(case):
        assert len(legal) == 1
        order += legal
        case = taken(case, legal[0])
    assert order == [
        "application", "owner_signs", "settlement", "exit_pass", "restoring", "keys_back", "inspection", "desk_signs", "deposits",
        "owner_signs_again",
    ]  # fmt: skip
    assert cases.missing(case) == []


def test_a_step_that_is_done_is_not_taken_again() -> None:
    case = taken(opened(Kind.TENANT_IN).state, "application")
    assert refused(case, "application", Given(signature="sealed")).extra["state"] == "done"


@pytest.mark.parametrize(
    ("kind", "steps", "step", "said", "field"),
    [
        (Kind.HANDOVER, [], "identity", Given(), "id_number"),
        (Kind.HANDOVER, [], "identity", Given(matches=False), "id_number"),
        (Kind.HANDOVER, [], "papers", Given(papers=("identity_card", "passport")), "papers.1"),
        (Kind.HANDOVER, [], "papers", Given(papers=("identity_card",), number="1"), "number"),
        (Kind.HANDOVER, ["identity", "papers"], "prepayment", Given(amount_fen=1), "receipt"),
        (Kind.HANDOVER, ["identity", "papers"], "agreements", Given(papers=("fire_safety",)), "signature"),
        (
            Kind.HANDOVER,
            ["identity", "papers", "agreements"],
            "meters",
            Given(readings={"gas": "1"}, signature="s"),
            "readings.electricity",
        ),
        (Kind.HANDOVER, ["identity", "papers", "agreements"], "meters", Given(readings={"heat": "1"}, signature="s"), "readings.heat"),
        (Kind.HANDOVER, ["identity", "papers", "agreements"], "inspection", Given(opinion="fine"), "accepted"),
        (Kind.TENANT_IN, [], "application", Given(signature="s", matches=False), "id_number"),
        (
            Kind.MOVE_OUT,
            ["application", "owner_signs", "settlement", "exit_pass"],
            "restoring",
            Given(outcome=Outcome.DAMAGES_PAID),
            "amount_fen",
        ),
        (
            Kind.MOVE_OUT,
            ["application", "owner_signs", "settlement", "exit_pass"],
            "restoring",
            Given(outcome=Outcome.RESTORED, amount_fen=1),
            "amount_fen",
        ),
    ],
)
def test_what_a_step_does_not_take_names_its_field(kind: Kind, steps: list[str], step: str, said: Given, field: str) -> None:
    case = opened(kind, on=TODAY).state
    for before in steps:
        case = taken(case, before)
    with pytest.raises(BadInput) as error:
        cases.take(case, step, said, DESK)
    assert wrong_field(error) == field


def test_what_was_recorded_wrongly_is_struck_kept_and_taken_anew() -> None:
    case = taken(taken(opened(Kind.MOVE_OUT, on=TODAY).state, "application"), "owner_signs")
    case = cases.take(case, "settlement", Given(owing_fen=0), DESK).state
    case = cases.take(case, "exit_pass", Given(number="FX-1"), DESK).state
    struck = cases.strike(case, "exit_pass", "another one's number", DESK)
    assert names(struck) == ["case_step_struck"]
    assert (cases.legal(struck.state), struck.state.number) == (["exit_pass"], "")
    again = cases.take(struck.state, "exit_pass", Given(number="FX-2"), DESK)
    assert names(again) == ["case_step_taken"]
    assert ([record.given.number for record in again.state.records][-2:], again.state.number) == (["FX-1", "FX-2"], "FX-2")
    with pytest.raises(IllegalTransition):
        cases.strike(case, "restoring", "nothing yet", DESK)
    unpaid = cases.strike(again.state, "settlement", "not paid", DESK).state
    assert unpaid.owing_fen is None and cases.missing(unpaid)[0]["step"] == "settlement"


def test_what_other_services_were_asked_for_is_not_asked_again_when_a_step_is_struck() -> None:
    case = ready(opened(Kind.HANDOVER).state)
    case = cases.strike(cases.strike(case, "papers", "a copy", DESK).state, "prepayment", "wrong receipt", DESK).state
    assert names(cases.take(case, "papers", fulfilling(cases.step_of(case, "papers")), DESK)) == ["case_step_taken"]


def test_what_was_received_is_to_be_paid_back_when_a_case_is_given_up() -> None:
    gone = cases.cancel(ready(opened(Kind.HANDOVER).state), CancelReason.WITHDRAWN, DESK)
    assert names(gone) == ["case_cancelled", "refund_requested"]
    assert (gone.facts[1].data["item"], gone.facts[1].data["amount_fen"]) == ("prepayment", 10_000)
    assert names(cases.cancel(ready(opened(Kind.MOVE_OUT, on=TODAY).state), CancelReason.WITHDRAWN, DESK)) == ["case_cancelled"]


def test_an_agent_comes_by_name_and_is_somebody_else() -> None:
    case = opened(Kind.TENANT_IN).state
    for wrong in ({"comes": Comes.AGENT}, {"agent": "a"}, {"comes": Comes.AGENT, "agent": "p1"}):
        with pytest.raises(BadInput) as error:
            cases.open_case(replace(case, **wrong))  # type: ignore[arg-type]
        assert wrong_field(error) == "agent"
    assert opened(Kind.TENANT_IN, comes=Comes.AGENT).state.comer == "agent"


def test_a_step_that_is_struck_and_taken_anew_asks_for_nothing_again() -> None:
    case = opened(Kind.HANDOVER).state
    for name in ("identity", "papers"):
        case = cases.take(case, name, fulfilling(cases.step_of(case, name)), DESK).state
    assert case.asked == ("prepayment",)
    case = cases.strike(case, "papers", "wrong", DESK).state
    again = cases.take(case, "papers", fulfilling(cases.step_of(case, "papers")), DESK)
    assert [fact.name for fact in again.facts] == ["case_step_taken"]


def test_a_case_that_is_over_takes_no_more_steps() -> None:
    gone = cases.cancel(opened(Kind.TENANT_IN).state, CancelReason.WITHDRAWN, DESK)
    assert gone.facts[0].data["reason_code"] == "withdrawn"
    assert refused(gone.state, "application", Given(signature="s")).extra["state"] == "cancelled"
    assert cases.legal(gone.state) == []
    with pytest.raises(IllegalTransition):
        cases.complete(gone.state, TODAY, DESK)
    with pytest.raises(NotFound):
        cases.take(gone.state, "dance", Given(), DESK)


def test_a_case_without_a_day_holds_from_the_day_of_completion_and_one_with_a_day_from_that() -> None:
    assert cases.complete(ready(opened(Kind.TENANT_IN).state), TODAY, DESK).state.on == TODAY
    later = TODAY + timedelta(days=9)
    assert cases.complete(ready(opened(Kind.TENANT_IN, on=later).state), TODAY, DESK).state.on == later


def test_every_form_says_what_it_takes() -> None:
    assert set(forms.FORMS) == set(Form)


@given(st.sampled_from([kind for kind in Kind if kind is not Kind.PARKING]), st.sampled_from(Use), st.sampled_from(Comes))
def test_every_shipped_case_can_be_completed_and_is_the_same_when_it_comes_back_from_the_store(kind: Kind, use: Use, comes: Comes) -> None:
    case = ready(opened(kind, use, comes, on=date(2026, 12, 1)).state)
    assert cases.missing(case) == []
    assert CASES.from_document(CASES.to_document(case)) == case


class CaseMachine(RuleBasedStateMachine):
    """Steps in any order, with what fulfils them and what does not: a case is complete exactly when nothing is missing."""

    @initialize(kind=st.sampled_from([Kind.HANDOVER, Kind.TRANSFER, Kind.TENANT_IN, Kind.MOVE_OUT]), comes=st.sampled_from(Comes))
    def open(self, kind: Kind, comes: Comes) -> None:
        self.asked: list[Any] = []
        self.case = self._told(opened(kind, comes=comes, on=TODAY))

    @rule(data=st.data())
    def take(self, data: st.DataObject) -> None:
        step = data.draw(st.sampled_from(self.case.plan))
        stands = self.case.stands(step)
        given = data.draw(st.sampled_from([fulfilling(step), Given(owing_fen=5), Given(opinion="no", accepted=False)]))
        try:
            self.case = self._told(cases.take(self.case, step.id, given, DESK))
        except BadInput:
            assert given != fulfilling(step)
        except IllegalTransition:
            assert self.case.state is not State.OPEN or stands is not Stands.READY

    @rule(data=st.data())
    def strike(self, data: st.DataObject) -> None:
        step = data.draw(st.sampled_from(self.case.plan))
        holds = self.case.state is State.OPEN and bool(self.case.given(step.id))
        try:
            self.case = self._told(cases.strike(self.case, step.id, "wrong", DESK))
            assert holds
        except IllegalTransition:
            assert not holds

    @rule()
    def complete(self) -> None:
        lacking = cases.missing(self.case)
        try:
            self.case = self._told(cases.complete(self.case, TODAY, DESK))
            assert not lacking
        except IllegalTransition:
            assert lacking or self.case.state is State.COMPLETE

    @invariant()
    def nothing_is_asked_for_twice(self) -> None:
        assert len(self.asked) == len(set(self.asked))

    @invariant()
    def what_waits_was_not_recorded(self) -> None:
        if any(record.struck for record in self.case.records):
            return
        for step in self.case.plan:
            if self.case.stands(step) is Stands.WAITS and step.form is not Form.SETTLEMENT and "settlement" not in step.after:
                assert not self.case.given(step.id)

    def _told(self, decision: Decision[Case]) -> Case:
        for fact in decision.facts:
            contract = schema(SPEC.event(fact.name).schema)
            contract.load(contract.dump(fact.data))
        self.asked += [fact.data["step"] for fact in decision.facts if fact.name.endswith("_requested")]
        return decision.state


CaseMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestCaseMachine = CaseMachine.TestCase
