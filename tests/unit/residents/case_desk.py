"""What tests of cases share: a case of any kind, and what fulfils each of its steps."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from services.residents.model import Comes, Form, Given, Kind, Outcome, Stamp, Step, Use, cases, plans
from services.residents.model.cases import Case
from steward.facts import Decision

POLICY: dict[str, Any] = tomllib.loads((Path(plans.__file__).parents[1] / "policy.toml").read_text(encoding="utf-8"))
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
DESK = Stamp(NOON, "user:desk")


def opened(kind: Kind, use: Use = Use.RESIDENTIAL, comes: Comes = Comes.SELF, **more: Any) -> Decision[Case]:
    agent = "agent" if comes is Comes.AGENT else None
    plan = plans.plan(POLICY, kind, use, comes)
    return cases.open_case(Case("c1", "yh", kind, "u1", "p1", plan, DESK, comes, agent, **more))


def fulfilling(step: Step) -> Given:
    """What makes ``step`` done at once."""
    wants = tuple(want.id for want in step.wants)
    given = {
        Form.TICK: Given(note="seen"),
        Form.PAPERS: Given(papers=wants),
        Form.AGREEMENTS: Given(papers=wants, signature="sealed"),
        Form.IDENTITY: Given(matches=True),
        Form.SIGNATURE: Given(signature="sealed"),
        Form.MONEY: Given(amount_fen=10_000, receipt="R1"),
        Form.SETTLEMENT: Given(owing_fen=0),
        Form.READINGS: Given(readings=dict.fromkeys(wants, "1024.5"), signature="sealed"),
        Form.INSPECTION: Given(opinion="in order", accepted=True),
        Form.ITEMS: Given(items=dict.fromkeys(wants, 2), signature="sealed"),
        Form.RESTORING: Given(outcome=Outcome.RESTORED),
        Form.NUMBER: Given(number="FX-1"),
    }
    return given[step.form]


def taken(case: Case, step: str) -> Case:
    return cases.take(case, step, fulfilling(cases.step_of(case, step)), DESK).state


def ready(case: Case) -> Case:
    """``case`` with every step done, in an order that its rows allow."""
    while legal := cases.legal(case):
        case = taken(case, legal[0])
    return case
