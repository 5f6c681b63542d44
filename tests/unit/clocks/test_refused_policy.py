"""What is wrong in a policy is refused before anything runs, with the file, the table and the key."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.clocks import book
from services.clocks.book import Layer, check, merged, published, shipped
from services.clocks.refusals import BadCalendar, BadPolicy, BadRule
from services.clocks.rows import Published, parse
from services.clocks.spec import SPEC
from steward.policy import Policies, PolicyError
from tests.unit.clocks.clock_desk import Desk, rules_of

GOOD = {"handbook": "§3", "start": ["door.opened"], "stop": ["door.shut"], "limit_s": 60}
DOOR = {key: value for key, value in GOOD.items() if key != "handbook"}
KNOWN = Published(frozenset({"door.opened", "door.shut", "door.held"}))


def refused(row: str, known: Published | None = None) -> str:
    with pytest.raises(BadRule) as caught:
        parse({"clocks": {"shut": {**GOOD, **tomllib.loads(row)}}}, known)
    return str(caught.value)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("limit_s = -5", "clocks.shut.limit_s: -5 is not a number more than 0"),
        ("limit_s = 0", "clocks.shut.limit_s: 0 is not a number more than 0"),
        ("limit_s = 1.5", "clocks.shut.limit_s: 1.5 is not a whole number"),
        ("limit_s = true", "clocks.shut.limit_s: True is not a number"),
        ("limit_s = '5 min'", "clocks.shut.limit_s: '5 min' is not a number"),
        ("limit_s = nan", "clocks.shut.limit_s: nan is not a number"),
        ("limit_s = 99_999_999_999", "at most 316,224,000"),
        ("limit_months = 1", "clocks.shut.limit_s, limit_months: a row has exactly one limit"),
        ("warn_at = [0.8, 0.5]", "clocks.shut.warn_at: [0.8, 0.5]: each later than the one before"),
        ("warn_at = [0.5, 0.5]", "each later than the one before"),
        ("warn_at = [0.5, 1.0]", "more than 0 and less than 1"),
        ("warn_at = -1", "more than 0 and less than 1"),
        (
            "ladder = [{after = 0.5, roles = ['manager']}, {after = 0.5, roles = ['quality']}]",
            "clocks.shut.ladder: each rung comes later than the one before",
        ),
        ("ladder = [{after = 1, roles = ['manager']}, {after = 0, roles = ['quality']}]", "each rung comes later"),
        ("ladder = [{after = 0, roles = ['manager']}, {after = 1, roles = ['manager']}]", "goes round: manager is told twice"),
        ("ladder = [{after = 0.5, roles = ['a']}, {after_s = 5, roles = ['b']}]", "each rung comes later"),
        ("ladder = [{after_s = 5, roles = ['a']}, {after = 0.5, roles = ['b']}]", "not both"),
        ("ladder = [{after = 0, after_s = 5, roles = ['a']}]", "a rung needs"),
        ("ladder = [{after = 0, roles = 'manager'}]", "clocks.shut.ladder.roles: 'manager' is not a list"),
        ("calendar = 'workin'", "clocks.shut.calendar: unknown calendar 'workin' (did you mean working?)"),
        ("stop = []", "clocks.shut.stop, cancel: names no event: the clock could never end"),
        ("stop = ['door.shut']\ncancel = ['door.shut']", "door.shut would do two things at once"),
        ("pause = ['door.held']", "clocks.shut.pause, resume: neither goes without the other"),
        ("start = [{event = 'door.opened', wehn = {a = 1}}]", "clocks.shut.start"),
        ("start = [{event = 'door.opened', when = {a = {over = 1}}}]", "clocks.shut.start: a: over is none of"),
        ("when = 'always'", "clocks.shut.when: a table of fields"),
        ("stat = []", "clocks.shut.stat: unknown (did you mean start?)"),
        ("title = {}\nresponsible = 'desk'", "clocks.shut.responsible: 'desk' is not a list of texts"),
        ("appointment = 5", "clocks.shut.appointment: 5 is not a text"),
    ],
)
def test_a_wrong_value_is_refused_by_table_and_key(row: str, said: str) -> None:
    assert said in refused(row)


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("by = '25:00'", "clocks.shut.by: '25:00' is not HH:MM"),
        ("by = '17:00'\nby_days = -1", "clocks.shut.by_days: -1 is not a number"),
        ("by = '17:00'\nby_days = 1\nby_on = 'last_day'", "clocks.shut.by_days, by_on: one of them"),
        ("same_day = 1", "clocks.shut.same_day: is true, or left out"),
        ("ahead_of = 'begins_at'", "clocks.shut.ahead_s, ahead_months: how long before"),
        ("ahead_of = 'begins_at'\nahead_s = -1", "clocks.shut.ahead_s: -1 is not a number"),
        ("limit_days = 1", "clocks.shut.limit_days: counts working days, and calendar is not working"),
        ("limit_months = 200", "at most 120"),
        ("same_day = true\ncounts_from = 'door.held'", "clocks.shut.counts_from: goes with limit_s or limit_days"),
        ("", "a row has exactly one limit"),
    ],
)
def test_a_wrong_limit_is_refused_by_table_and_key(limit: str, said: str) -> None:
    row = {key: value for key, value in GOOD.items() if key != "limit_s"}
    with pytest.raises(BadRule) as caught:
        parse({"clocks": {"shut": {**row, **tomllib.loads(limit)}}})
    assert said in str(caught.value)


def test_an_event_that_nobody_publishes_is_refused_with_the_one_that_was_meant() -> None:
    assert refused("stop = ['door.shot']", KNOWN) == "clocks.shut.stop: nobody publishes door.shot (did you mean door.shut?)"
    said = refused("start = ['tickts.raised']\noutside = ['door.shut']", published())
    assert said == "clocks.shut.start: nobody publishes tickts.raised (did you mean tickets.raised?)"


def test_an_event_from_outside_or_of_a_service_whose_spec_cannot_be_read_is_believed() -> None:
    assert "shut" in parse({"clocks": {"shut": {**GOOD, "stop": ["erp.paid"], "outside": ["erp.paid"]}}}, KNOWN).rows
    torn = Published(KNOWN.events, frozenset({"erp"}))
    assert "erp.paid" in parse({"clocks": {"shut": {**GOOD, "stop": ["erp.paid"]}}}, torn).heard


@pytest.mark.parametrize(
    ("company", "error", "said"),
    [
        ("[clocks.desk-accept]\nlimit_s = -1", BadRule, "{file}: clocks.desk-accept.limit_s: -1 is not"),
        ("[project.yh.clocks.desk-accept]\nlimit_s = -1", BadRule, "{file} [project.yh]: clocks.desk-accept.limit_s: -1 is not"),
        ("[clocks.desk-accept]\nstop = ['tickets.acepted']", BadRule, "{file}: clocks.desk-accept.stop: nobody publishes tickets.acepted"),
        ("[calendar]\ntable = 'chine'", BadCalendar, "{file}: calendar.table: unknown calendar 'chine' (did you mean china?)"),
        ("[calendar]\nhours = ['08:00-12:00', '11:30-18:00']", BadCalendar, "{file}: calendar.hours: must be in order, apart"),
        ("[calendar]\nzone = 'Asia/Beijing'", BadCalendar, "{file}: calendar.zone: 'Asia/Beijing' is no time zone"),
        ("[project.yh.calendar.closures.x]\nfrom = 2026-01-02\nto = 2026-01-01", BadCalendar, "{file} [project.yh]: calendar.closures.x"),
        ("[calendar.years.2027]\nstatus = 'maybe'", BadCalendar, "{file}: calendar.years.2027.status: 'maybe' is neither"),
        ("profile = 'S3/11x'", BadRule, "{file}: profile: there is no profile 'S3/11x' (did you mean S3/11?)"),
        ("[escalation.up]\nsupervisor = 'desk'", BadRule, "{file}: escalation.up: goes round: desk → supervisor → desk"),
        ("[project.yh.escalation.up]\ndesk = 'boss'", BadRule, "{file} [project.yh]: escalation.up.desk: nobody is above 'boss'"),
        ("[clocks]\ndesk-accept = 5", BadRule, "{file}: clocks.desk-accept: is not a table"),
    ],
)
def test_what_a_company_gets_wrong_stops_the_start_and_says_in_which_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, company: str, error: type[BadPolicy], said: str
) -> None:
    file = tmp_path / "clocks.toml"
    file.write_text(company, encoding="utf-8")
    monkeypatch.setattr(book.settings, "read", lambda name: tmp_path)
    with pytest.raises(error) as caught:
        book.heard_events()
    assert str(caught.value).startswith(said.replace("{file}", str(file)))
    assert isinstance(caught.value, PolicyError)


# ---- profiles ----------------------------------------------------------------------------------------------------


def layers(company: dict[str, Any], project: dict[str, Any] | None = None) -> list[Layer]:
    return [Layer("policy.toml", shipped()), Layer("clocks.toml", company), Layer("clocks.toml [project.yh]", project or {})]


def test_every_profile_can_be_picked_alone_and_all_together() -> None:
    for name in shipped()["profiles"]:
        assert check(layers({"profile": name})).rows
    assert check(layers({"profile": sorted(shipped()["profiles"])})).rows


def test_a_profile_says_a_limit_in_its_own_way_and_the_company_has_the_last_word() -> None:
    picked = check(layers({"profile": "S1/009"})).rows["callback-repair"]
    assert (picked.limit.days, picked.limit.seconds, picked.working) == (3, None, True)
    own = {"profile": ["S1/009", "S3/10"], "clocks": {"arrival-other": {"limit_s": 60}}}
    rules = check(layers(own))
    assert rules.rows["arrival-other"].limit.seconds == 60
    assert rules.rows["arrival-urgent"].limit.seconds == 600
    again = {"clocks": {"callback-repair": {"limit_s": 60, "calendar": "plain"}}}
    assert check(layers({"profile": "S1/009"}, again)).rows["callback-repair"].limit.seconds == 60


def test_a_project_picks_a_profile_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "clocks.toml").write_text("profile = 'S3/10'\n[project.yh]\nprofile = ['S3/11']\n", encoding="utf-8")
    of = book.Book(Policies(SPEC, tmp_path))
    assert of.rules("elsewhere").rows["arrival-other"].limit.seconds == 1_200
    assert of.rules("yh").rows["arrival-other"].limit.seconds == 1_500
    assert of.rules("yh").rows["arrival-urgent"].limit.seconds == 600


def test_layers_leave_each_other_untouched() -> None:
    before = merged(layers({}))
    merged(layers({"profile": "S1/009", "clocks": {"desk-accept": {"limit_s": 1}}}))
    assert merged(layers({})) == before


# ---- warnings, ladders, channels ---------------------------------------------------------------------------------


def test_several_warnings_are_told_one_after_the_other_with_their_number() -> None:
    desk = Desk(rules_of(shut={**DOOR, "warn_at": [0.25, 0.5, 0.75], "ladder": []}))
    desk.happens("door.opened")
    told = desk.sweeps(59)
    assert [(fact.name, fact.data["step"]) for fact in told] == [("warned", 1), ("warned", 2), ("warned", 3)]
    assert [fact.name for fact in desk.sweeps(1)] == ["breached"]


def test_a_ladder_may_climb_by_the_clock_and_tell_each_rung_through_channels_of_its_own() -> None:
    ladder = [
        {"after": 0, "roles": ["supervisor"], "channels": ["phone"]},
        {"after_s": 600, "roles": ["manager"], "channels": ["sms", "phone"]},
        {"after_s": 3_600, "roles": ["quality"]},
    ]
    desk = Desk(rules_of(shut={**DOOR, "responsible": ["desk"], "channels": ["in_app"], "ladder": ladder}))
    desk.happens("door.opened")
    told = desk.sweeps(60 + 3_600)
    assert [(fact.name, fact.data["audience"], fact.data["channels"]) for fact in told] == [
        ("warned", ("desk",), ("in_app",)),
        ("breached", ("desk", "supervisor"), ("in_app", "phone")),
        ("escalated", ("manager",), ("sms", "phone")),
        ("escalated", ("quality",), ()),
    ]
    assert desk.clock("shut").moments[-1] == desk.now
    assert desk.clock("shut").due_at == desk.now - timedelta(hours=1)


def test_conditions_compare_numbers_and_ask_whether_something_is_given() -> None:
    rules = parse(
        {
            "clocks": {
                "dear": {**GOOD, "when": {"fen": {"above": 100, "at_most": 200}}},
                "cheap": {**GOOD, "when": {"fen": {"below": 101, "at_least": 1}}},
                "named": {**GOOD, "when": {"name": {"given": True}}},
                "nameless": {**GOOD, "when": {"name": {"given": False}}},
            }
        }
    )

    def started(**data: object) -> set[str]:
        return {row.id for row in rules.starting("door.opened", data)}

    assert started(fen=100, name="x") == {"cheap", "named"}
    assert started(fen=101, name=None) == {"dear", "nameless"}
    assert started(fen=201) == started(fen="150") == started(fen=None) == started() == set()
