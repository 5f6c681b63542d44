"""Who is to be asked again, and who is to be visited, and when (handbook §2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.residents.model import Care, Limits, Occupancy, Person, Role, Tie, Unit, care_for, contacts
from services.residents.model.contacts import Living, Rhythm, Why
from services.residents.spec import SPEC
from services.residents.store import PEOPLE, UNITS
from steward.validation import schema
from tests.unit.residents.case_desk import NOON, TODAY
from tests.unit.residents.test_moves import tie, unit

RHYTHMS = {Living.IN: Rhythm(days=15), Living.ELSEWHERE: Rhythm(months=1)}
LONG_AGO = date(2026, 1, 31)
PERSON = Person("p1", "yh", "key", "sealed", (), "zh-CN", NOON)


def due(at: Unit, people: dict[str, date] | None = None, household: date | None = None) -> dict[str, tuple[Living, date]]:
    return {row.person: (row.living, row.due_on) for row in contacts.contacts_due(at, TODAY, people or {}, household, RHYTHMS)}


def test_those_who_live_in_are_asked_every_half_month_and_those_elsewhere_every_month() -> None:
    let = unit(tie(Role.OWNER, LONG_AGO), tie(Role.TENANT, LONG_AGO, "p2"), state=Occupancy.LET)
    spoken = {"p1": date(2026, 10, 31), "p2": date(2026, 11, 20)}
    assert due(let, spoken) == {"p1": (Living.ELSEWHERE, date(2026, 11, 30)), "p2": (Living.IN, date(2026, 12, 5))}


def test_who_was_never_reached_is_to_be_since_the_tie_began() -> None:
    assert due(unit(tie(Role.OWNER, LONG_AGO), state=Occupancy.OCCUPIED)) == {"p1": (Living.IN, date(2026, 2, 15))}


def test_a_ticket_counts_for_those_who_live_there_and_where_nobody_does_for_the_owner() -> None:
    ties = (tie(Role.OWNER, LONG_AGO), tie(Role.TENANT, LONG_AGO, "p2"))
    assert due(unit(*ties, state=Occupancy.LET), household=TODAY) == {
        "p1": (Living.ELSEWHERE, date(2026, 2, 28)),
        "p2": (Living.IN, TODAY + timedelta(days=15)),
    }
    assert due(unit(ties[0], state=Occupancy.VACANT), household=TODAY)["p1"] == (Living.ELSEWHERE, date(2026, 12, 23))


def test_agents_and_former_people_are_not_asked() -> None:
    gone = replace(tie(Role.TENANT, LONG_AGO), until=TODAY)
    assert due(unit(gone, tie(Role.AGENT, LONG_AGO, "p2"), state=Occupancy.VACANT)) == {}


@given(st.dates(date(2020, 1, 1), TODAY), st.dates(date(2020, 1, 1), TODAY))
def test_a_later_contact_never_makes_anybody_due_earlier(one: date, other: date) -> None:
    at = unit(tie(Role.OWNER, LONG_AGO), state=Occupancy.OCCUPIED)
    earlier, later = sorted((one, other))
    assert due(at, {"p1": earlier})["p1"][1] <= due(at, {"p1": later})["p1"][1]
    assert due(at, {"p1": one}, other) == due(at, {"p1": later})


def test_the_first_visit_is_due_within_three_days_of_moving_in_and_any_visit_since_is_it() -> None:
    assert contacts.first_visit(unit(visited_on=TODAY), Rhythm(days=3)) is None
    assert not contacts.awaits_first_visit(unit())
    moved = unit(moved_in_on=TODAY, visited_on=LONG_AGO)
    visit = contacts.first_visit(moved, Rhythm(days=3))
    assert visit and (visit.why, visit.due_on) == (Why.MOVED_IN, TODAY + timedelta(days=3))
    assert UNITS.to_document(moved)["unvisited"] is True
    decision = contacts.visited(moved, "p1", TODAY)
    (fact,) = decision.facts
    assert schema(SPEC.event(fact.name).schema).dump(fact.data)["first"] is True
    assert contacts.visited(decision.state, None, TODAY).facts[0].data["first"] is False
    assert "unvisited" not in UNITS.to_document(decision.state)


def test_a_household_that_needs_care_is_visited_again_so_many_days_after_the_last_visit() -> None:
    assert contacts.care_visit(PERSON) is None
    cared = replace(PERSON, care=Care(7, TODAY))
    visit = contacts.care_visit(cared)
    assert visit and (visit.why, visit.person, visit.due_on) == (Why.CARE, "p1", TODAY + timedelta(days=7))
    after = contacts.care_visited(cared, TODAY + timedelta(days=5)).state
    again = contacts.care_visit(after)
    assert again and again.due_on == TODAY + timedelta(days=12)
    assert PEOPLE.from_document(PEOPLE.to_document(after)) == after


def test_a_household_keeps_its_last_visit_when_its_rhythm_changes() -> None:
    cared = replace(PERSON, care=Care(7, LONG_AGO, TODAY))
    changed = care_for(cared, 30, TODAY, Limits(5, 3, (), (1, 90))).state
    assert changed.care == Care(30, LONG_AGO, TODAY)


def test_a_tie_of_the_future_is_nobodys_yet() -> None:
    assert due(unit(Tie("t", "p1", Role.OWNER, TODAY + timedelta(days=1)))) == {}
