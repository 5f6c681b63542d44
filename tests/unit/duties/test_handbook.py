"""Every recurring obligation of the handbook is a row of policy, with its days; and rows that nobody can follow are refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from services.duties import model
from services.duties.book import Book, check
from services.duties.model import BadDuty, Terms, parse
from services.duties.spec import SPEC
from steward.policy import Policies, PolicyError, Rules, merge
from tests.unit.duties.rows import POLICY, SHANGHAI, row

HANDBOOK = {
    "patrol": ("§5", 730, "01-01 08:00", "01-01 12:00"),
    "cleanliness": ("§10", 730, "01-01 09:00", "01-01 12:00"),
    "public-area": ("§10", 2190, "01-01 08:30", "01-01 09:30"),
    "site-round": ("§1", 365, "01-01 08:00", "01-01 18:00"),
    "building-round": ("§5", 365, "01-01 08:00", "01-01 18:00"),
    "decoration-round": ("§7", 365, "01-01 08:00", "01-01 18:00"),
    "findings-rechecked": ("§10", 365, "01-01 08:00", "01-01 18:00"),
    "fault-notices-collected": ("§3", 365, "01-01 17:30", "01-01 18:30"),
    "fault-notices-handed": ("§3", 365, "01-01 08:00", "01-01 12:00"),
    "orders-back": ("§3", 365, "01-01 16:00", "01-01 17:00"),
    "unfinished-list": ("§3", 365, "01-01 08:00", "01-01 18:00"),
    "callbacks-daily": ("§3", 365, "01-01 08:00", "01-01 18:00"),
    "daily-report": ("§3", 365, "01-01 17:00", "01-01 20:00"),
    "cash-handed-over": ("§6", 365, "01-01 16:30", "01-01 19:00"),
    "cash-confirmed": ("§6", 365, "01-01 16:30", "01-01 20:00"),
    "collection-daily": ("§6", 365, "01-01 08:00", "01-01 18:00"),
    "shift-handover": ("§10", 730, "01-01 07:55", "01-01 08:10"),
    "duty-log-signed": ("§10", 365, "01-01 08:00", "01-01 18:00"),
    "laundry-run": ("§10", 730, "01-01 09:30", "01-01 10:30"),
    "vacant-inside": ("§2", 52, "01-04 08:00", "01-10 18:00"),
    "move-ins-counted": ("§2", 53, "01-01 08:00", "01-01 18:00"),
    "complaint-analysis": ("§3", 52, "01-04 08:00", "01-04 18:00"),
    "bank-debit-list": ("§6", 52, "01-05 08:00", "01-05 18:00"),
    "collection-weekly": ("§6", 52, "01-04 08:00", "01-04 18:00"),
    "night-check": ("§10", 48, "01-04 22:00", "01-05 06:00"),
    "contacts-living-in": ("§2", 24, "01-01 08:00", "01-15 18:00"),
    "vacant-cleaned-unsold": ("§2", 24, "01-01 08:00", "01-15 18:00"),
    "ticket-books": ("§6", 24, "01-15 08:00", "01-15 18:00"),
    "contacts-living-away": ("§2", 12, "01-01 08:00", "01-31 18:00"),
    "care-visits": ("§2", 12, "01-01 08:00", "01-31 18:00"),
    "vacant-list": ("§2", 12, "01-01 08:00", "01-31 18:00"),
    "vacant-cleaned-sold": ("§2", 12, "01-01 08:00", "01-31 18:00"),
    "vacant-inspected": ("§2", 12, "01-01 08:00", "01-20 18:00"),
    "vacant-counted": ("§2", 12, "01-31 08:00", "01-31 18:00"),
    "keys-counted": ("§5", 12, "01-01 08:00", "01-31 18:00"),
    "callbacks-rechecked": ("§3", 12, "01-01 08:00", "01-31 18:00"),
    "complaint-figures": ("§3", 12, "01-01 08:00", "01-05 18:00"),
    "statistics": ("§3", 12, "01-26 08:00", "01-26 18:00"),
    "plaster-round": ("§3", 12, "01-01 08:00", "01-31 18:00"),
    "steps-and-aprons": ("§10", 12, "01-01 08:00", "01-31 18:00"),
    "corridor-lamps": ("§10", 12, "01-01 08:00", "01-31 18:00"),
    "store-checked": ("§10", 12, "01-01 08:00", "01-31 18:00"),
    "meters-read": ("§6", 12, "01-01 08:00", "01-05 18:00"),
    "dunning-calls": ("§6", 12, "01-08 08:00", "01-14 18:00"),
    "dunning-sms": ("§6", 12, "01-15 08:00", "01-21 18:00"),
    "dunning-calls-again": ("§6", 12, "01-22 08:00", "01-27 18:00"),
    "statements": ("§5", 12, "01-28 08:00", "01-30 18:00"),
    "statements-delivered": ("§6", 12, "01-28 08:00", "01-30 20:00"),
    "passes-collected": ("§10", 12, "01-01 08:00", "01-05 18:00"),
    "scored-inspection": ("§10", 12, "01-20 08:00", "01-31 18:00"),
    "board-material": ("§10", 12, "01-20 08:00", "01-30 18:00"),
    "contractors-meeting": ("§10", 12, "01-01 08:00", "01-31 18:00"),
    "service-report": ("§10", 12, "01-01 08:00", "01-10 18:00"),
    "targets-monthly": ("§10", 12, "01-01 08:00", "01-05 18:00"),
    "repeats-analysed": ("§3", 4, "03-20 08:00", "03-31 18:00"),
    "repeats-filed": ("§3", 4, "01-01 08:00", "01-10 18:00"),
    "callback-analysis": ("§3", 4, "03-20 08:00", "03-31 18:00"),
    "scored-inspection-quarter": ("§10", 4, "03-20 08:00", "03-31 18:00"),
    "visits-zone-manager": ("§10", 4, "01-01 08:00", "03-31 18:00"),
    "visits-manager": ("§10", 2, "01-01 08:00", "06-30 18:00"),
    "residents-meeting": ("§10", 2, "01-01 08:00", "06-30 18:00"),
    "accounts-published": ("§5", 2, "01-01 08:00", "01-31 18:00"),
    "utilities-reported": ("§10", 2, "01-01 08:00", "01-31 18:00"),
    "interest-survey": ("§10", 2, "06-01 08:00", "06-10 18:00"),
    "community-plan": ("§10", 1, "12-01 08:00", "12-15 18:00"),
    "community-plan-adjusted": ("§10", 1, "06-01 08:00", "06-15 18:00"),
    "satisfaction-survey": ("§5", 1, "12-01 08:00", "12-31 18:00"),
    "lightning-protection": ("§5", 1, "03-01 08:00", "03-31 18:00"),
    "safety-survey": ("§10", 1, "10-01 08:00", "10-31 18:00"),
    "yearly-counts": ("§3", 1, "12-20 08:00", "12-31 18:00"),
    "targets-yearly": ("§10", 1, "12-01 08:00", "12-31 18:00"),
}
"""Each with its section, how often it opens in 2027, and when it first opens and is due there."""


def windows(terms: Terms) -> list[model.Occurrence]:
    """Every turn of 2027."""
    first, last = (model.moment_of(datetime(year, 12, 31, 23, 59), SHANGHAI) for year in (2026, 2027))
    return list(model.upcoming(terms, SHANGHAI, first, last, 5000))


def short(moment: datetime) -> str:
    return f"{model.local_of(moment, SHANGHAI):%m-%d %H:%M}"


def test_every_recurring_obligation_has_a_row_and_every_row_is_one(policy: Rules) -> None:
    assert set(policy["duties"]) == set(HANDBOOK)


@pytest.mark.parametrize("name", HANDBOOK)
def test_an_obligation_opens_and_is_due_when_the_handbook_says(name: str, policy: Rules) -> None:
    section, often, opens, due = HANDBOOK[name]
    terms = parse(merge(policy, {"duties": {name: {"enabled": True}}}))[name]
    turns = windows(terms)
    assert (len(turns), short(turns[0].opens_at), short(turns[0].due_at)) == (often, opens, due)
    assert section in terms.handbook and set(terms.title) == {"en", "zh-CN"}
    assert all(turn.opens_at < turn.due_at for turn in turns)


def test_no_duty_is_due_after_its_next_turn_has_opened(rows: Mapping[str, Terms]) -> None:
    for name, terms in rows.items():
        turns = windows(terms)
        assert all(one.due_at <= other.opens_at for one, other in pairwise(turns)), name


def test_what_is_switched_off_for_a_project_is_no_duty_there(rows: Mapping[str, Terms]) -> None:
    assert "patrol" in rows and "laundry-run" not in rows
    there = parse(merge(POLICY, {"duties": {"patrol": {"enabled": False}, "laundry-run": {"enabled": True}}}))
    assert "patrol" not in there and "laundry-run" in there


def test_a_company_changes_the_day_and_nothing_else(rows: Mapping[str, Terms]) -> None:
    there = parse(merge(POLICY, {"duties": {"statistics": {"rule": "FREQ=MONTHLY;BYMONTHDAY=2"}}}))["statistics"]
    assert windows(there)[0].name == "2027-01-02T08:00" and there.asked == rows["statistics"].asked
    assert model.digest(rows) != model.digest({**rows, "statistics": there}) == model.digest({**rows, "statistics": there})


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"rule": "FREQ=HOURLY;INTERVAL=0"}, r"duties.duty: INTERVAL=0 is not understood"),
        ({"due": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "never comes"),
        ({"due": "FREQ=DAILY", "due_s": 60}, "due, due_s: exactly one"),
        ({"due_s": -1}, "more than 0"),
        ({"late_s": 0}, "more than 0"),
        ({"role": "gardener"}, "role: 'gardener' is none of desk"),
        ({"handbook": ""}, "cite the rule"),
        ({"evidence": ["smell"]}, "'smell' is not a valid Kind"),
        ({"evidence": ["figures"]}, "figures: names a set"),
        ({"evidence": ["figures"], "figures": "nothing"}, "figures: names a set"),
        ({"figures": "keys"}, "figures: names a set"),
        ({"catch_up": "forget"}, "'forget' is not a valid CatchUp"),
        ({"opens": "8 o'clock"}, "duties.duty"),
        ({"rules": "FREQ=DAILY"}, "unknown rules"),
        ({"title": 5}, "duties.duty"),
    ],
)
def test_a_row_that_nobody_can_follow_is_refused_with_its_place(said: dict[str, Any], why: str) -> None:
    with pytest.raises(BadDuty, match=why):
        parse(row(**said))


def test_a_row_without_a_rule_is_refused_with_its_place() -> None:
    policy = row()
    del policy["duties"]["duty"]["rule"]
    with pytest.raises(BadDuty, match=r"duties\.duty\.rule: is missing"):
        parse(policy)


def test_a_set_of_figures_that_nobody_can_follow_is_refused_with_its_place() -> None:
    asked: dict[str, Any] = {"evidence": ["figures"], "figures": "own"}
    wrongs: tuple[dict[str, Any], ...] = {"Own": {}}, {"own": {"unit": "m"}}
    for wrong in wrongs:
        with pytest.raises(BadDuty, match=r"figures\.own"):
            parse(merge(row(**asked), {"figures": {"own": wrong}}))


def test_rules_that_strike_every_few_seconds_need_a_company_that_wants_them() -> None:
    often = row(rule="FREQ=SECONDLY;INTERVAL=5", due_s=1)
    assert parse(often)["duty"].rule
    with pytest.raises(BadDuty, match="more often than every 900 s"):
        parse(often | {"limits": POLICY["limits"]})


def test_the_service_does_not_start_with_a_wrong_row_and_says_where_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "duties.toml"
    file.write_text('[project.yh.duties.patrol]\nrole = "gardener"\n')
    with pytest.raises(PolicyError, match=rf"{file} \[project.yh\]: duties.patrol: role"):
        check(tmp_path)


def test_rows_are_known_by_project() -> None:
    book = Book(Policies(SPEC, None))
    assert book.rows("yh") is book.rows("yh") and book.digest("yh") == book.digest("other")
