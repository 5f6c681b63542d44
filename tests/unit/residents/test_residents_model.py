"""Projects, units and ties: the rules, word by word and under any sequence of commands (handbook §1, §2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.residents import model
from services.residents.model import Project, Role, Tie, Unit, Use
from services.residents.spec import SPEC
from services.residents.store import UNITS
from steward import plugins
from steward.errors import AlreadyExists, BadInput, IllegalTransition
from steward.facts import Decision

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
OPENING = {
    "id": "yinghu",
    "code": "YH",
    "name": "英湖花园",
    "name_en": "Yinghu Gardens",
    "timezone": "Asia/Shanghai",
    "company": "acme",
}


def project() -> Project:
    return model.open_project(None, OPENING, NOON).state


def unit() -> Unit:
    return model.register_unit("u1", project(), "3-2-501", "3", 88.5, Use.RESIDENTIAL, NOON)


def check_contract(decision: Decision[object]) -> None:
    for fact in decision.facts:
        schema = plugins.load(SPEC.event(fact.name).schema)()
        schema.load(schema.dump(fact.data))


def test_an_opened_project_says_so() -> None:
    decision = model.open_project(None, OPENING, NOON)
    check_contract(decision)
    assert decision.facts[0].data["project"] == "yinghu"
    assert decision.facts[0].data["timezone"] == "Asia/Shanghai"


def test_a_project_is_opened_once() -> None:
    with pytest.raises(AlreadyExists):
        model.open_project(project(), OPENING, NOON)


@pytest.mark.parametrize(
    ("field", "value"),
    [("id", "Y"), ("id", "Ying"), ("code", "yh"), ("code", "TOOLONG"), ("timezone", "Asia/Nowhere"), ("id", "yh\n")],
)
def test_a_project_names_its_wrong_field(field: str, value: str) -> None:
    with pytest.raises(BadInput, match=field):
        model.open_project(None, {**OPENING, field: value}, NOON)


def test_units_are_counted_and_their_buildings_listed() -> None:
    second = replace(unit(), id="u2", label="4-501", building="4")
    decision = model.units_registered(project(), [unit(), second])
    check_contract(decision)
    assert (decision.state.units, decision.state.buildings) == (2, ("3", "4"))
    assert model.units_withdrawn(decision.state, [second]).state.units == 1


def test_one_event_lists_at_most_a_hundred_units() -> None:
    decision = model.units_registered(project(), [unit()] * 230)
    assert [len(fact.data["units"]) for fact in decision.facts] == [100, 100, 30]
    assert decision.state.units == 230


def test_a_unit_with_people_cannot_be_withdrawn_and_an_empty_one_takes_nobody_afterwards() -> None:
    tied = model.make_tie(unit(), Tie("t1", "p1", Role.OWNER, TODAY), 10).state
    with pytest.raises(IllegalTransition):
        model.withdraw_unit(tied, TODAY, NOON)
    ended = model.end_tie(tied, "t1", TODAY + timedelta(days=1)).state
    with pytest.raises(IllegalTransition):
        model.withdraw_unit(ended, TODAY, NOON)
    gone = model.withdraw_unit(ended, TODAY + timedelta(days=1), NOON).state
    with pytest.raises(IllegalTransition):
        model.make_tie(gone, Tie("t2", "p2", Role.OWNER, TODAY), 10)


def test_an_unknown_area_is_filled_in_and_a_known_one_is_not_overwritten() -> None:
    unmeasured = replace(unit(), area_m2=None)
    assert model.measure(unmeasured, 90.0).state.area_m2 == 90.0
    with pytest.raises(IllegalTransition):
        model.measure(unit(), 90.0)


def test_the_owner_answers_before_the_tenant_and_a_former_owner_never() -> None:
    state = unit()
    for tie in (
        Tie("t1", "tenant", Role.TENANT, date(2020, 1, 1)),
        Tie("t2", "former", Role.OWNER, date(2015, 1, 1), date(2021, 1, 1)),
        Tie("t3", "owner", Role.OWNER, date(2021, 1, 1)),
        Tie("t4", "next", Role.OWNER, date(2027, 1, 1)),
    ):
        state = model.make_tie(state, tie, 10).state
    asked = model.answering(state, TODAY, ["owner", "resident", "tenant", "agent"])
    assert [tie.person for tie in asked] == ["owner", "tenant"]


def test_a_day_begins_at_midnight_of_the_project() -> None:
    assert model.today(project(), datetime(2026, 11, 22, 15, 59, tzinfo=UTC)) == date(2026, 11, 22)
    assert model.today(project(), datetime(2026, 11, 22, 16, 0, tzinfo=UTC)) == TODAY


days = st.dates(date(2020, 1, 1), date(2020, 3, 1))
people = st.sampled_from(["p1", "p2"])
roles = st.sampled_from(list(Role))


class UnitLife(RuleBasedStateMachine):
    """One unit, any commands in any order."""

    @initialize()
    def register(self) -> None:
        self.unit = unit()
        self.made = 0
        self.ended: set[str] = set()

    @rule(person=people, role=roles, since=days, length=st.none() | st.integers(-2, 30))
    def tie(self, person: str, role: Role, since: date, length: int | None) -> None:
        until = None if length is None else since + timedelta(days=length)
        tie = Tie(f"t{self.made}", person, role, since, until)
        clash = any(
            other.person == person and other.role == role and max(other.since, since) < min(other.until or date.max, until or date.max)
            for other in self.unit.ties
        )
        allowed = self.unit.withdrawn_at is None and (until is None or until > since) and not clash
        try:
            decision = model.make_tie(self.unit, tie, 12)
        except (BadInput, IllegalTransition):
            assert not allowed or len(self.unit.ties) >= 12
            return
        assert allowed
        check_contract(decision)
        self.unit, self.made = decision.state, self.made + 1

    @rule(number=st.integers(0, 12), until=days)
    def end(self, number: int, until: date) -> None:
        name = f"t{number}"
        tie = next((tie for tie in self.unit.ties if tie.id == name), None)
        try:
            decision = model.end_tie(self.unit, name, until)
        except (BadInput, IllegalTransition):
            assert tie is None or tie.until is not None or until <= tie.since
            return
        assert tie is not None
        assert tie.until is None
        assert [fact.name for fact in decision.facts] == ["tie_ended"]
        check_contract(decision)
        self.unit = decision.state

    @rule(today=days)
    def withdraw(self, today: date) -> None:
        free = all(tie.until is not None and tie.until <= today for tie in self.unit.ties)
        try:
            self.unit = model.withdraw_unit(self.unit, today, NOON).state
        except IllegalTransition:
            assert not free or self.unit.withdrawn_at is not None
        else:
            assert free

    @invariant()
    def no_two_ties_of_a_bond_share_a_day(self) -> None:
        if not hasattr(self, "unit"):
            return
        for day in (date(2020, 1, 1) + timedelta(days=n) for n in range(0, 95, 3)):
            bonds = [(tie.person, tie.role) for tie in self.unit.ties_on(day)]
            assert len(bonds) == len(set(bonds))

    @invariant()
    def the_store_gives_back_what_it_was_given(self) -> None:
        if hasattr(self, "unit"):
            assert UNITS.from_document(UNITS.to_document(self.unit)) == self.unit

    @invariant()
    def every_tie_lasts_at_least_a_day(self) -> None:
        if hasattr(self, "unit"):
            assert all(tie.until is None or tie.until > tie.since for tie in self.unit.ties)


UnitLife.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
test_no_sequence_of_commands_makes_ties_overlap = UnitLife.TestCase
