"""Who is told of what, when: the shipped rules, the quiet hours, and one matter, one message (handbook §9)."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.rules import Announcement, Quiet, Rule, Terms, announcements, heard, message_id, rules
from services.notify.spec import SPEC
from services.notify.words import LANGUAGES, Words, spoken
from steward.ids import derived_id, new_id, time_of
from steward.policy import merge

POLICY = tomllib.loads(files("services.notify").joinpath("policy.toml").read_text(encoding="utf-8"))
SHANGHAI = ZoneInfo("Asia/Shanghai")
QUIET = Terms.of(POLICY).quiet
TICKET = {"number": "YH-2611-00042", "kind": "repair_home", "urgency": "normal", "has_phone": True, "unit": "u"}


def told(event: str, known: dict[str, object], event_id: str = "e", matter: str = "tickets/t") -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for call in announcements(POLICY, event, event_id, matter, known):
        found[call.rule.id] = (*found.get(call.rule.id, ()), call.audience)
    return found


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 23, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


@pytest.mark.parametrize("rule", list(rules(POLICY)), ids=lambda rule: rule.id)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_has_its_template_in_every_language_and_channel(rule: Rule, language: str) -> None:
    words = spoken(dict.fromkeys(rule.words, ""), language)
    for channel in rule.channels:
        assert Words().render(rule.template, channel, language, words)


@pytest.mark.parametrize("rule", list(rules(POLICY)), ids=lambda rule: rule.id)
def test_every_sms_template_has_the_operators_number(rule: Rule) -> None:
    if "sms" in rule.channels:
        assert all(f"{rule.template}.{language}" in POLICY["channel"]["sms"]["codes"] for language in LANGUAGES)


@pytest.mark.parametrize("row", POLICY["rule"].items(), ids=lambda row: row[0])
def test_every_rule_cites_the_handbook(row: tuple[str, dict[str, object]]) -> None:
    assert str(row[1]["handbook"]).startswith("§")


def test_the_service_hears_exactly_what_its_rules_name() -> None:
    assert SPEC.handler("on_event").events == heard(POLICY)


def test_a_raised_ticket_is_acknowledged() -> None:
    assert told("tickets.raised", TICKET) == {"ticket-acknowledged": ("caller",)}


def test_a_complaint_is_acknowledged_in_writing_too() -> None:
    told_of = told("tickets.raised", TICKET | {"kind": "complaint"})
    assert told_of == {"ticket-acknowledged": ("caller",), "complaint-acknowledged": ("caller",)}


def test_a_breached_clock_is_told_to_each_role_of_its_audience() -> None:
    told_of = told("clocks.breached", {"clock": "desk-accept", "audience": ["desk", "supervisor"]})
    assert told_of == {"clock-breached": ("role:desk", "role:supervisor")}


def test_who_can_decide_is_told_once_an_approval_and_the_next_in_order_when_it_is_their_turn() -> None:
    def calls(event: str, approval: str, *waits_for: str) -> dict[str, str]:
        known = {"approval": approval, "kind": "staff_card", "waits_for": list(waits_for)}
        return {call.audience: call.id for call in announcements(POLICY, event, new_id(), "residents/c", known)}

    asked, first = new_id(), new_id()
    both = calls("residents.approval_asked", asked, "supervisor", "manager")
    assert list(both) == ["role:supervisor", "role:manager"]
    assert calls("residents.approval_voted", asked, "manager") == {"role:manager": both["role:manager"]}
    in_order = calls("residents.approval_asked", first, "supervisor") | calls("residents.approval_voted", first, "manager")
    assert list(in_order) == ["role:supervisor", "role:manager"] and not set(in_order.values()) & set(both.values())


def test_a_rule_that_is_off_tells_nobody() -> None:
    off = merge(POLICY, {"rule": {"ticket-acknowledged": {"off": True}}})
    assert list(announcements(off, "tickets.raised", "e", "tickets/t", TICKET)) == []


def test_unless_holds_back() -> None:
    rule = Rule("r", ("a.b",), "caller", ("sms",), "t", quiet=False, unless={"channel": ["patrol"], "kind": "praise"})
    assert rule.applies("a.b", {"channel": "phone", "kind": "help"})
    assert not rule.applies("a.b", {"channel": "patrol", "kind": "help"})
    assert not rule.applies("a.b", {"channel": "phone", "kind": "praise"})


def test_the_same_matter_has_one_message_a_rule_however_often_it_is_called_for() -> None:
    first = [call.id for call in announcements(POLICY, "tickets.taken", "e1", "tickets/t", TICKET)]
    second = [call.id for call in announcements(POLICY, "tickets.taken", "e2", "tickets/t", TICKET)]
    assert first == second
    assert len(first) == 1


def test_each_breach_is_a_message_of_its_own_but_its_redelivery_is_not() -> None:
    known = {"audience": ["desk"]}
    ids = [next(announcements(POLICY, "clocks.breached", event, "tickets/t", known)).id for event in ("e1", "e2", "e2")]
    assert ids[0] != ids[1] == ids[2]


def named(**persons: tuple[str, str]) -> list[dict[str, str]]:
    return [{"role": role, "person": person, "as": held} for role, (person, held) in persons.items()]


def calls_for(known: dict[str, object], event: str = "e") -> list[Announcement]:
    return list(announcements(POLICY, "clocks.breached", event, "tickets/t", known))


def test_a_task_is_for_the_person_whom_the_event_names_and_for_the_role_where_it_names_none() -> None:
    known = {"audience": ["desk", "supervisor"], "persons": named(desk=("li", "desk"))}
    assert [(call.audience, call.person) for call in calls_for(known)] == [("role:desk", "li"), ("role:supervisor", None)]


def test_who_stands_in_for_one_role_and_holds_another_gets_one_task_as_what_they_are() -> None:
    known = {"audience": ["desk", "supervisor"], "persons": named(desk=("wu", "supervisor"), supervisor=("wu", "supervisor"))}
    assert [(call.audience, call.person) for call in calls_for(known)] == [("role:supervisor", "wu")]
    stands_in = {"audience": ["desk", "supervisor"], "persons": named(desk=("ma", "manager"), supervisor=("ma", "manager"))}
    assert [(call.audience, call.person) for call in calls_for(stands_in)] == [("role:desk", "ma")]


def test_the_id_of_a_message_to_a_role_is_made_as_ever_and_tells_persons_apart() -> None:
    (to_role,) = calls_for({"audience": ["desk"]})
    assert to_role.id == message_id("clock-breached", "tickets/t", "role:desk", "e") == next(iter(calls_for({"audience": ["desk"]}))).id
    to_persons = [calls_for({"audience": ["desk"], "persons": named(desk=(who, "desk"))})[0].id for who in ("li", "wu", "li")]
    assert to_persons[0] == to_persons[2] and len({to_role.id, *to_persons}) == 3


def test_only_rules_for_the_roles_of_an_event_follow_its_persons_and_channels() -> None:
    known = {"audience": ["desk"], "persons": named(desk=("li", "desk")), "channels": ["sms", "phone"]}
    follows = Rule("r", ("a.b",), "roles", ("phone", "letter"), "t", quiet=False)
    assert follows.ways(known) == ("sms", "phone", "letter")
    assert follows.ways({"channels": []}) == follows.ways({}) == ("phone", "letter")
    for audience in ("caller", ("desk",)):
        own = replace(follows, audience=audience)
        assert own.ways(known) == ("phone", "letter")
        assert [to.person for to in own.addressees(known)] == [None]


def test_breaches_that_an_outage_delayed_are_one_message_an_hour_for_each_role() -> None:
    known = {"audience": ["desk", "manager"], "told_late": True, "project": "yh"}
    soon = [derived_id(at(9, minute), "e", str(minute)) for minute in (1, 59)]
    matters = [(event, f"tickets/{ticket}") for event in soon for ticket in "ab"]
    calls = [call for event, matter in matters for call in announcements(POLICY, "clocks.breached", event, matter, known)]
    assert {call.rule.id for call in calls} == {"clocks-breached-late"}
    assert len({call.id for call in calls}) == 2
    (later, _) = announcements(POLICY, "clocks.breached", derived_id(at(10), "e"), "tickets/a", known)
    (elsewhere, _) = announcements(POLICY, "clocks.breached", soon[0], "tickets/a", known | {"project": "hy"})
    assert not {later.id, elsewhere.id} & {call.id for call in calls}


def test_ids_of_messages_are_in_the_order_of_their_matters() -> None:
    matter = new_id()
    assert time_of(message_id("r", f"tickets/{matter}", "caller")) == time_of(matter)
    assert len(message_id("r", "keys/no-time-in-it", "caller")) == 26


@pytest.mark.parametrize(
    ("moment", "allowed"),
    [
        (at(10), at(10)),
        (at(12), at(14)),
        (at(13, 59), at(14)),
        (at(14), at(14)),
        (at(20, 59), at(20, 59)),
        (at(21), at(8) + timedelta(days=1)),
        (at(0, 30), at(8)),
        (at(8), at(8)),
    ],
)
def test_sms_keeps_the_quiet_hours_of_the_project(moment: datetime, allowed: datetime) -> None:
    assert QUIET.allowed_from("sms", moment) == allowed
    assert QUIET.allowed_from("letter", moment) == moment


def test_quiet_hours_that_touch_are_waited_out_together() -> None:
    hours = ((time(12), time(14)), (time(14), time(15)))
    assert Quiet(hours, SHANGHAI, frozenset({"sms"})).allowed_from("sms", at(13)) == at(15)


@given(st.integers(0, 2 * 24 * 60))
def test_a_message_is_never_allowed_within_quiet_hours_and_never_held_longer_than_they_last(minutes: int) -> None:
    moment = at(0) + timedelta(minutes=minutes)
    allowed = QUIET.allowed_from("sms", moment)
    assert moment <= allowed <= moment + timedelta(hours=11)
    assert QUIET.allowed_from("sms", allowed) == allowed


def test_words_are_spoken_in_the_language_of_the_reader() -> None:
    assert spoken({"kind": "repair_home"}, "zh-CN") == {"kind": "居家维修"}
    assert spoken({"kind": "repair_home"}, "en") == {"kind": "home repair"}
    assert spoken({"kind": "something_new", "urgency": ""}, "en") == {"kind": "something_new", "urgency": "(unknown)"}
