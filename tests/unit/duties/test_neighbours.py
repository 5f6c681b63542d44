"""What duties bring to clocks and notify, read by them as they read their own."""

from __future__ import annotations

from typing import Any

import pytest

from services.clocks.book import shipped as clock_rows
from services.clocks.calendars import Calendars, from_policy
from services.clocks.model.clock import Sighting, new_clock
from services.clocks.rows import parse as parse_clocks
from services.duties import model
from services.duties.model import By
from services.notify.rules import announcements
from services.notify.spec import SPEC as NOTIFY
from services.notify.words import LANGUAGES, Words, spoken
from steward.policy import merge, shipped
from steward.times import parse
from tests.unit.duties.rows import POLICY, site, terms


def told(**said: Any) -> dict[str, Any]:
    """What the event of an opened duty says."""
    plan = model.replan(None, site(digest="d"), "duty", terms(role="security", **said), parse("2026-11-22T12:00:00Z"))
    assert plan is not None
    return dict(model.step(plan.state, By("service:duties", parse("2026-11-23T00:00:00Z")))[0].facts[0].data)


def test_an_assignment_that_is_not_done_goes_up_the_ladder() -> None:
    row = parse_clocks({**clock_rows(), "clocks": POLICY["clocks"]}).rows["duty-done"]
    assert {"duties.opened", "duties.reopened", "duties.done", "duties.skipped"} == set(row.events)
    assert row.appointment in told()
    assert [rung.roles for rung in row.ladder] == [("supervisor",), ("manager",), ("quality",)]


def test_the_duty_s_own_role_is_warned_at_80_percent_and_told_of_the_breach() -> None:
    row = parse_clocks({**clock_rows(), "clocks": POLICY["clocks"]}).rows["duty-done"]
    assert row.warn_at == (0.8,)
    start = Sighting("duties.opened", 1, parse("2026-11-23T00:00:00Z"), told())
    clock = new_clock("d", start, start.at, row, told(), Calendars(from_policy(clock_rows()["calendar"])))
    assert clock is not None
    assert [(step.kind.value, step.audience) for step in clock.terms.steps][:2] == [
        ("warned", ("security",)),
        ("breached", ("security", "supervisor")),
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_duty_that_is_due_soon_is_told_where_policy_says_so(language: str) -> None:
    warned = {"rule": "duty-done", "audience": ["security"], **{name: told()[name] for name in ("number", "kind", "department")}}
    assert list(announcements(shipped(NOTIFY), "clocks.warned", "e", "duties/d", warned)) == []
    loud = merge(shipped(NOTIFY), {"rule": {"duty-warned": {"off": False}}})
    (call,) = announcements(loud, "clocks.warned", "e", "duties/d", warned)
    assert call.audience == "role:security"
    words = spoken({name: warned[name] for name in call.rule.words}, language)
    assert "duty 2026-11-23T08:00" in Words().render("duty-warned", "phone", language, words)
    assert list(announcements(loud, "clocks.warned", "e", "tickets/t", warned | {"rule": "desk-accept"})) == []


def test_what_clocks_repeat_of_any_matter_is_said_of_a_duty_too() -> None:
    assert {"number", "kind", "department"} <= set(clock_rows()["subject"]["carry"]) & set(told())


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_opened_duty_is_announced_to_its_role_where_policy_says_so(language: str) -> None:
    policy = shipped(NOTIFY)
    assert list(announcements(policy, "duties.opened", "e", "duties/d", told())) == []
    loud = merge(policy, {"rule": {"duty-opened": {"off": False}}})
    (call,) = announcements(loud, "duties.opened", "e", "duties/d", told())
    assert call.audience == "role:security"
    words = spoken({name: told()[name] for name in call.rule.words}, language)
    assert "duty 2026-11-23T08:00" in Words().render("duty", "phone", language, words)
    assert list(announcements(loud, "duties.opened", "e", "duties/d", told() | {"caught_up": True})) == []
