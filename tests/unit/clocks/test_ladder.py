"""Who is told: every role ends at somebody who is there, or at nobody because there is nobody (handbook §3 ladder, §5)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clocks import model, ways
from services.clocks.book import shipped, standing_event
from services.clocks.model.ladder import Away, Person, named
from services.clocks.refusals import BadRule
from services.clocks.schemas import Breached
from services.clocks.staff import STAFF, person_of
from services.clocks.ways import Ways
from steward.bus.envelope import Envelope
from steward.facts import Decision, Fact
from tests.unit.clocks.clock_desk import Desk, rules_of

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
WAYS = ways.from_policy(shipped()["escalation"])
ROLES = [*WAYS.up, WAYS.end, "courier"]


def person(name: str, *roles: str, project: str = "yh", active: bool = True, away: tuple[float, float] | None = None) -> Person:
    leave = (Away(NOON + away[0] * HOUR, NOON + away[1] * HOUR),) if away else ()
    return Person(name, 1, active, {project: roles}, leave)


def told(role: str, *staff: Person, at: datetime = NOON, clock: str = "c") -> tuple[str, str] | None:
    found = named(role, "yh", clock, staff, WAYS, at)
    return (found.person, found.held) if found else None


def test_the_way_up_is_that_of_the_handbook_and_ends_at_quality() -> None:
    assert list(WAYS.chain("engineer")) == ["engineer", "supervisor", "manager", "quality"]
    assert list(WAYS.chain("cashier")) == ["cashier", "finance", "manager", "quality"]
    assert list(WAYS.chain("quality")) == ["quality"]
    assert list(WAYS.chain("courier")) == ["courier", "quality"]


def test_who_is_away_shut_out_or_elsewhere_is_passed_over_for_the_next_role_up() -> None:
    manager = person("m", "manager")
    assert told("supervisor", person("s", "supervisor"), manager) == ("s", "supervisor")
    assert told("supervisor", person("s", "supervisor", away=(-1, 1)), manager) == ("m", "manager")
    assert told("supervisor", person("s", "supervisor", active=False), manager) == ("m", "manager")
    assert told("supervisor", person("s", "supervisor", project="xh"), manager) == ("m", "manager")
    assert told("supervisor", person("s", "supervisor", project="*"), manager) == ("s", "supervisor")
    assert told("supervisor", person("d", "desk", "admin"), person("q", "quality", project="*")) == ("q", "quality")
    assert told("supervisor", person("d", "desk")) is None
    assert told("supervisor") is None


def test_a_leave_begins_and_ends_at_exact_moments() -> None:
    staff = person("s", "supervisor", away=(0, 2)), person("m", "manager")
    millisecond = timedelta(milliseconds=1)
    found = [told("supervisor", *staff, at=at) for at in (NOON - millisecond, NOON, NOON + 2 * HOUR - millisecond, NOON + 2 * HOUR)]
    assert found == [("s", "supervisor"), ("m", "manager"), ("m", "manager"), ("s", "supervisor")]


roles = st.lists(st.sampled_from(ROLES), max_size=3).map(tuple)
absences = st.lists(st.tuples(st.integers(-3, 3), st.integers(1, 3)), max_size=2)
people = st.builds(
    lambda name, active, grants, spells: Person(
        f"u{name}", 1, active, grants, tuple(Away(NOON + begins * HOUR, NOON + (begins + hours) * HOUR) for begins, hours in spells)
    ),
    st.integers(0, 30),
    st.booleans(),
    st.dictionaries(st.sampled_from(["yh", "xh", "*"]), roles, max_size=3),
    absences,
)
staffs = st.lists(people, max_size=8, unique_by=lambda one: one.id)


@given(staffs, st.sampled_from(ROLES), st.text(max_size=5), st.integers(-4, 7), st.randoms())
def test_for_every_staff_somebody_present_is_told_or_nobody_is_there_up_to_the_end(
    staff: list[Person], role: str, clock: str, hour: int, chance: object
) -> None:
    at = NOON + hour * HOUR
    found = named(role, "yh", clock, staff, WAYS, at)
    here = {held: [one.id for one in staff if one.present(held, "yh", at)] for held in WAYS.chain(role)}
    if found is None:
        assert not any(here.values())
        return
    assert found.person in here[found.held]
    below = list(WAYS.chain(role))[: list(WAYS.chain(role)).index(found.held)]
    assert not any(here[lower] for lower in below)
    shuffled = list(staff)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert named(role, "yh", clock, shuffled, WAYS, at) == found
    others = [one for one in staff if one.id == found.person or one.id not in here[found.held]]
    assert named(role, "yh", clock, others, WAYS, at) == found


@given(people, st.integers(-4, 7))
def test_presence_is_that_of_an_account_of_its_own(one: Person, hour: int) -> None:
    at = NOON + hour * HOUR
    held = {role for project, granted in one.grants.items() if project in ("yh", "*") for role in granted}
    hours = {NOON + n * HOUR for leave in one.away for n in range(-9, 20) if leave.begins <= NOON + n * HOUR < leave.until}
    assert {role for role in ROLES if one.present(role, "yh", at)} == (held if one.active and at not in hours else set())


def test_clocks_are_spread_over_those_who_are_there_and_who_goes_moves_no_other_clock() -> None:
    staff = [person(name, "desk") for name in ("a", "b", "c", "d")]
    chosen = {f"c{n}": told("desk", *staff, clock=f"c{n}") for n in range(400)}
    assert all(60 <= count <= 140 for count in Counter(chosen.values()).values())
    left = {clock: told("desk", *staff[:3], clock=clock) for clock in chosen}
    assert all(left[clock] == before for clock, before in chosen.items() if before != ("d", "desk"))


def test_the_facts_of_a_step_name_a_person_for_each_role_and_the_others_stay_as_they_are() -> None:
    desk = Desk(rules_of(shut={"start": ["door.opened"], "stop": ["door.shut"], "limit_s": 100, "responsible": ["desk"]}))
    desk.happens("door.opened")
    decision = model.fire(desk.watch, desk.now + 150 * timedelta(seconds=1), desk.rules.carry)
    assert decision is not None and model.tells(decision)
    staff = [person("d", "desk", away=(-9, 9)), person("s", "supervisor"), person("m", "manager")]
    facts = model.addressed(decision, staff, WAYS, NOON).facts
    named = [[(one.role, one.person, one.held) for one in fact.data["persons"]] for fact in facts]
    assert named == [
        [("desk", "s", "supervisor")],
        [("desk", "s", "supervisor"), ("supervisor", "s", "supervisor")],
        [("manager", "m", "manager")],
    ]
    assert not any(fact.data["nobody"] for fact in facts)
    dumped = Breached().dump(facts[1].data)
    assert dumped["persons"][0] == {"role": "desk", "person": "s", "as": "supervisor"} and Breached().load(dumped)
    started = Decision(desk.watch, (Fact("started", {"clock": "c"}),))
    assert not model.tells(started) and model.addressed(started, staff, WAYS, NOON) == started


def test_where_nobody_is_left_the_event_says_so_and_is_counted() -> None:
    desk = Desk(rules_of(shut={"start": ["door.opened"], "stop": ["door.shut"], "limit_s": 100, "responsible": ["courier"]}))
    desk.happens("door.opened")
    decision = model.fire(desk.watch, desk.now + 100 * timedelta(seconds=1), desk.rules.carry)
    assert decision is not None
    nobody = model.addressed(decision, [], WAYS, NOON)
    assert [(fact.data["persons"], fact.data["nobody"]) for fact in nobody.facts] == [([], True), ([], True)]
    some = model.addressed(decision, [person("s", "supervisor")], WAYS, NOON)
    assert [(len(fact.data["persons"]), fact.data["nobody"]) for fact in some.facts] == [(0, True), (1, True)]
    assert (model.unheard(nobody), model.unheard(some), model.unheard(decision)) == (2, 2, 0)


def standing(version: int, **changes: object) -> Envelope:
    away = [{"from": "2026-11-23T04:00:00+00:00", "until": "2026-11-23T06:00:00Z"}]
    data = {"user": "u1", "active": True, "grants": {"yh": ["desk"], "*": ["quality"]}, "away": away, **changes}
    about = "identity/u1"
    return Envelope("e", "identity.standing_changed", about, NOON, data, "*", about, version, "user:a", "c")


def test_a_standing_is_read_by_the_names_that_policy_has_for_its_fields() -> None:
    event, says = standing_event()
    assert event == "identity.standing_changed"
    read = person_of(standing(7), says)
    assert (read.id, read.told, read.grants, read.away) == (
        "u1",
        7,
        {"yh": ("desk",), "*": ("quality",)},
        (Away(NOON, NOON + 2 * HOUR),),
    )
    document = STAFF.to_document(read)
    assert document["places"] == ["*", "yh"]
    assert STAFF.from_document(document) == read
    renamed = {**says, "person": "who"}
    assert person_of(replace(standing(1), data={**standing(1).data, "who": "w"}), renamed).id == "w"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"up": {"desk": "manager", "manager": "desk"}, "end": "quality"}, "escalation.up: goes round: desk → manager → desk"),
        ({"up": {"a": "b", "b": "c", "c": "b"}, "end": "quality"}, "escalation.up: goes round: a → b → c → b"),
        ({"up": {"desk": "desk"}, "end": "quality"}, "escalation.up: goes round: desk → desk"),
        (
            {"up": {"desk": "mannager", "manager": "quality"}, "end": "quality"},
            "escalation.up.desk: nobody is above 'mannager'",
        ),
        ({"up": {"desk": 5}, "end": "quality"}, "escalation.up.desk: nobody is above 5"),
        ({"up": {"quality": "manager"}, "end": "quality"}, "escalation.up.quality: is the end of every way"),
        ({"up": {}, "end": ""}, "escalation.end: '' is not a role"),
        ({"up": {}}, "escalation.end: None is not a role"),
        ({"end": "quality"}, "escalation.up: is not a table"),
        ({"up": {}, "end": "quality", "ups": {}}, "escalation.ups: unknown (did you mean up?)"),
    ],
)
def test_ways_that_go_round_or_lead_nowhere_are_refused(table: dict[str, object], said: str) -> None:
    with pytest.raises(BadRule) as caught:
        ways.from_policy(table)
    assert str(caught.value).startswith(said)


@given(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("abcdefz"), max_size=6))
def test_every_way_that_is_accepted_ends(up: dict[str, str]) -> None:
    try:
        accepted: Ways = ways.from_policy({"up": up, "end": "z"})
    except BadRule:
        return
    for role in "abcdefz":
        chain = list(accepted.chain(role))
        assert chain[-1] == "z" and len(set(chain)) == len(chain)
