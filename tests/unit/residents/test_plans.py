"""Rows of cases: what a company may say, and what is refused at the start."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.residents import policies
from services.residents.model import Comes, Kind, Use, cases, plans
from steward.errors import BadInput
from steward.policy import PolicyError, merge
from tests.unit.residents.case_desk import POLICY, TODAY, opened


def said(**steps: Any) -> dict[str, Any]:
    return merge(POLICY, {"cases": {"transfer": {"steps": steps}}})


def refused(policy: dict[str, Any]) -> str:
    with pytest.raises(plans.BadPlan) as error:
        plans.check(policy)
    return str(error.value)


def test_the_shipped_rows_can_be_followed() -> None:
    plans.check(POLICY)


def test_a_step_that_is_taken_out_holds_up_no_other() -> None:
    policy = said(identity={"enabled": False})
    plans.check(policy)
    steps = {step.id: step.after for step in plans.plan(policy, Kind.TRANSFER, Use.RESIDENTIAL, Comes.SELF)}
    assert "identity" not in steps and steps["agreements"] == ()


def test_a_step_of_a_company_of_its_own_may_ask_for_a_charge() -> None:
    policy = said(fee={"form": "money", "asks": "charge", "amount_fen": 20_000, "roles": ["cashier"]})
    plans.check(policy)
    case = opened(Kind.TRANSFER, on=TODAY).state
    charged = cases.open_case(replace(case, plan=plans.plan(policy, Kind.TRANSFER, Use.RESIDENTIAL, Comes.SELF)))
    (asked,) = [fact.data for fact in charged.facts if fact.name == "charge_requested"]
    assert (asked["item"], asked["amount_fen"], asked["months"]) == ("fee", 20_000, None)


def test_a_kind_of_case_without_rows_is_not_opened() -> None:
    plan = plans.plan({"cases": {}}, Kind.TRANSFER, Use.RESIDENTIAL, Comes.SELF)
    with pytest.raises(BadInput):
        cases.open_case(replace(opened(Kind.TRANSFER, on=TODAY).state, plan=plan))


def test_a_step_that_wants_nothing_here_is_none() -> None:
    space = {step.id: step for step in plans.plan(POLICY, Kind.HANDOVER, Use.PARKING, Comes.SELF)}
    assert "meters" not in space and space["keys"].after == ("prepayment", "inspection")


@pytest.mark.parametrize(
    ("policy", "where"),
    [
        (said(notice={"form": "dance"}), "cases.transfer.steps.notice"),
        (said(notice={"roles": []}), "cases.transfer.steps.notice.roles"),
        (said(notice={"after": ["nothing"]}), "cases.transfer.steps.notice.after"),
        (said(notice={"uses": ["castle"]}), "cases.transfer.steps.notice.uses"),
        (said(notice={"colour": "red"}), "cases.transfer.steps.notice.colour"),
        (said(identity={"after": ["agreements"]}), "wait for each other"),
        (merge(POLICY, {"cases": {"party": {"steps": {}}}}), "cases.party"),
        (merge(POLICY, {"cases": {"transfer": {"wants": {"dance": {}}}}}), "cases.transfer.wants.dance"),
    ],
)
def test_what_cannot_be_followed_says_where(policy: dict[str, Any], where: str) -> None:
    assert where in refused(policy)


def test_a_folder_with_such_a_row_stops_the_start_and_names_the_file(tmp_path: Path) -> None:
    policies.check(tmp_path)
    (tmp_path / "residents.toml").write_text('[project.yh.cases.transfer.steps]\nnotice = { after = ["nothing"] }\n')
    with pytest.raises(PolicyError, match=r"residents\.toml \[project\.yh\]: cases\.transfer\.steps\.notice\.after"):
        policies.check(tmp_path)
