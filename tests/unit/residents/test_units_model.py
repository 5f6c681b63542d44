"""Facts of a unit, who lives in it, and what its owners own, under any sequence of commands (handbook §1, §2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.residents import model
from services.residents.model import Occupancy, Role, Stamp, Terms, Tie, Unit, Use
from services.residents.spec import SPEC
from services.residents.store import UNITS
from steward.errors import BadInput, IllegalTransition
from steward.facts import Decision
from steward.validation import schema

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
SHANGHAI = "Asia/Shanghai"
TERMS = Terms(Occupancy.OCCUPIED, {"heating": 24, "waterproofing": 60})
OPENING = {"id": "yh", "code": "YH", "name": "英湖", "name_en": "Yinghu", "timezone": SHANGHAI, "company": "acme"}
PROJECT = model.open_project(None, OPENING, NOON).state
TOLD = ("area_m2", "use", "building", "handed_over_on", "state")


def unit(*ties: Tie, **more: object) -> Unit:
    made = model.register_unit("u1", PROJECT, "3-2-501", "3", 88.5, Use.RESIDENTIAL, NOON)
    return replace(made, ties=ties, **more)  # type: ignore[arg-type]


def tie(role: Role, since: date = TODAY, until: date | None = None, share: str | None = None, id: str = "t1") -> Tie:
    return Tie(id, f"person of {id}", role, since, until, share)


def settled(before: Unit | None, decision: Decision[Unit], today: date = TODAY) -> Decision[Unit]:
    return model.settled(before, decision, today, SHANGHAI, TERMS)


def wrong_field(error: pytest.ExceptionInfo[BadInput]) -> str:
    field: str = error.value.extra["errors"][0]["field"]
    return field


def test_ties_win_where_they_tell_who_lives_there() -> None:
    stated = {"stated": Occupancy.VACANT}
    assert model.occupancy(unit(tie(Role.TENANT), tie(Role.RESIDENT, id="t2"), **stated), TODAY, TERMS) is Occupancy.LET
    assert model.occupancy(unit(tie(Role.RESIDENT), **stated), TODAY, TERMS) is Occupancy.OCCUPIED


def test_where_only_the_owner_is_known_what_was_stated_holds_and_else_the_terms() -> None:
    assert model.occupancy(unit(tie(Role.OWNER), stated=Occupancy.VACANT), TODAY, TERMS) is Occupancy.VACANT
    assert model.occupancy(unit(tie(Role.OWNER)), TODAY, TERMS) is Occupancy.OCCUPIED
    assert model.occupancy(unit(tie(Role.OWNER)), TODAY, replace(TERMS, owner_only=Occupancy.VACANT)) is Occupancy.VACANT


def test_where_nobody_is_known_a_unit_is_vacant_unless_something_else_was_stated() -> None:
    assert model.occupancy(unit(tie(Role.TENANT, until=TODAY, since=date(2020, 1, 1))), TODAY, TERMS) is Occupancy.VACANT
    assert model.occupancy(unit(stated=Occupancy.OCCUPIED), TODAY, TERMS) is Occupancy.OCCUPIED


def test_a_unit_turns_at_midnight_of_its_project_when_a_tie_begins_or_ends() -> None:
    let = unit(tie(Role.TENANT, since=date(2020, 1, 1), until=date(2026, 12, 1)))
    state = settled(None, Decision(let)).state
    assert (state.state, state.turns_at) == (Occupancy.LET, datetime(2026, 11, 30, 16, 0, tzinfo=UTC))
    turned = settled(state, Decision(state), date(2026, 12, 1))
    assert (turned.state.state, turned.state.turns_at) == (Occupancy.VACANT, None)
    assert [(fact.name, fact.data["changed"]) for fact in turned.facts] == [("unit_changed", ["state"])]


def test_who_lives_in_a_unit_filed_before_that_was_kept_is_worked_out_and_not_told() -> None:
    decision = settled(unit(tie(Role.OWNER)), Decision(unit(tie(Role.OWNER))))
    assert (decision.state.state, decision.facts) == (Occupancy.OCCUPIED, ())


def test_liability_for_defects_runs_from_the_day_of_handover() -> None:
    changed = model.change_unit(unit(), {"handed_over_on": date(2024, 2, 29)}, TODAY, TERMS).state
    assert changed.liable_until == {"heating": date(2026, 2, 28), "waterproofing": date(2029, 2, 28)}
    assert model.change_unit(changed, {"handed_over_on": None}, TODAY, TERMS).state.liable_until == {}


def test_new_terms_of_liability_leave_units_alone_that_were_handed_over_before() -> None:
    changed = model.change_unit(unit(), {"handed_over_on": date(2024, 2, 28)}, TODAY, TERMS).state
    assert model.change_unit(changed, {"area_m2": 90.0}, TODAY, Terms(Occupancy.VACANT, {})).state.liable_until == changed.liable_until


@pytest.mark.parametrize(("field", "value"), [("area_m2", 0.0), ("handed_over_on", TODAY + timedelta(days=1))])
def test_a_wrong_fact_names_its_field(field: str, value: object) -> None:
    with pytest.raises(BadInput) as error:
        model.change_unit(unit(), {field: value}, TODAY, TERMS)
    assert wrong_field(error) == field


def test_a_withdrawn_unit_is_not_changed_and_turns_no_more() -> None:
    gone = model.withdraw_unit(unit(), TODAY, NOON).state
    assert settled(unit(), Decision(gone)).state.turns_at is None
    with pytest.raises(IllegalTransition):
        model.change_unit(gone, {"area_m2": 90.0}, TODAY, TERMS)


@pytest.mark.parametrize("share", ["0/3", "4/3", "1/0", "half", "-1/2"])
def test_a_share_is_a_fraction_of_the_whole(share: str) -> None:
    with pytest.raises(BadInput) as error:
        model.make_tie(unit(), tie(Role.OWNER, share=share), 10)
    assert wrong_field(error) == "share"


def test_only_owners_own_a_share_and_together_at_most_the_whole() -> None:
    half = model.make_tie(unit(), tie(Role.OWNER, share="2/4"), 10).state
    assert half.ties[0].share == "1/2"
    for wrong in (tie(Role.OWNER, share="2/3", id="t2"), tie(Role.TENANT, share="1/9", id="t2")):
        with pytest.raises(BadInput) as error:
            model.make_tie(half, wrong, 10)
        assert wrong_field(error) == "share"
    full = model.make_tie(half, tie(Role.OWNER, share="1/2", id="t2"), 10).state
    with pytest.raises(BadInput):
        model.set_share(full, "t1", "3/5")
    assert model.set_share(full, "t1", None).state.ties[0].share is None


def test_a_share_that_was_sold_may_be_owned_by_the_next_owner_from_that_day_on() -> None:
    sold = model.make_tie(unit(), tie(Role.OWNER, date(2020, 1, 1), TODAY, share="1/1"), 10).state
    assert model.make_tie(sold, tie(Role.OWNER, TODAY, share="1/1", id="t2"), 10)
    with pytest.raises(BadInput):
        model.make_tie(sold, tie(Role.OWNER, TODAY - timedelta(days=1), share="1/1", id="t2"), 10)


def test_a_tie_remembers_who_made_it_and_who_ended_it() -> None:
    made = model.make_tie(unit(), replace(tie(Role.OWNER), made=Stamp(NOON, "user:li")), 10).state
    ended = model.end_tie(made, "t1", TODAY + timedelta(days=1), Stamp(NOON, "user:wang")).state.ties[0]
    assert (ended.made, ended.ended) == (Stamp(NOON, "user:li"), Stamp(NOON, "user:wang"))


@settings(deadline=None)
@given(st.dates(date(1990, 1, 1), date(2026, 11, 23)), st.integers(1, 120))
def test_liability_ends_so_many_months_on_or_at_that_months_end(day: date, months: int) -> None:
    ends = model.change_unit(unit(), {"handed_over_on": day}, TODAY, Terms(Occupancy.VACANT, {"x": months})).state.liable_until["x"]
    assert (ends.year * 12 + ends.month) - (day.year * 12 + day.month) == months
    assert ends.day == day.day or (ends.day < day.day and (ends + timedelta(days=1)).day == 1)


days = st.dates(date(2020, 1, 1), date(2020, 3, 1))
shares = st.none() | st.sampled_from(["1/1", "1/2", "1/3", "2/3", "3/7", "6/7"])


class UnitFile(RuleBasedStateMachine):
    """One unit, any commands on any days, days going on."""

    @initialize(first=days)
    def register(self, first: date) -> None:
        self.today, self.made = first, 0
        self.unit = model.settled(None, Decision(unit()), first, SHANGHAI, TERMS).state

    def take(self, decision: Decision[Unit]) -> None:
        before = self.unit
        after = model.settled(before, decision, self.today, SHANGHAI, TERMS)
        for fact in after.facts:
            contract = schema(SPEC.event(fact.name).schema)
            contract.load(contract.dump(fact.data))
        told = [fact.data["changed"] for fact in after.facts if fact.name == "unit_changed"]
        changed = [name for name in TOLD if getattr(before, name) != getattr(after.state, name)]
        assert told == ([changed] if changed else [])
        self.unit = after.state

    @rule(role=st.sampled_from(list(Role)), since=days, length=st.none() | st.integers(1, 40), share=shares)
    def tie(self, role: Role, since: date, length: int | None, share: str | None) -> None:
        until = None if length is None else since + timedelta(days=length)
        made = Tie(f"t{self.made}", f"p{self.made}", role, since, until, share)
        try:
            self.take(model.make_tie(self.unit, made, 12))
        except BadInput:
            assert share is not None or len(self.unit.ties) >= 12
        self.made += 1

    @rule(number=st.integers(0, 12), until=days)
    def end(self, number: int, until: date) -> None:
        try:
            self.take(model.end_tie(self.unit, f"t{number}", until))
        except (BadInput, IllegalTransition):
            return

    @rule(number=st.integers(0, 12), share=shares)
    def share(self, number: int, share: str | None) -> None:
        try:
            self.take(model.set_share(self.unit, f"t{number}", share))
        except (BadInput, IllegalTransition):
            return

    @rule(area=st.none() | st.floats(1, 500), use=st.sampled_from(list(Use)), stated=st.none() | st.sampled_from(list(Occupancy)))
    def change(self, area: float | None, use: Use, stated: Occupancy | None) -> None:
        self.take(model.change_unit(self.unit, {"area_m2": area, "use": use, "stated": stated}, self.today, TERMS))

    @rule(count=st.integers(1, 20))
    def days_pass(self, count: int) -> None:
        """The sweep comes by when something is due, and only then."""
        self.today += timedelta(days=count)
        now = datetime.combine(self.today, datetime.min.time(), ZoneInfo(SHANGHAI))
        if self.unit.turns_at and self.unit.turns_at <= now:
            self.take(Decision(self.unit))

    @invariant()
    def who_lives_there_is_what_its_ties_of_today_say(self) -> None:
        if hasattr(self, "unit"):
            assert self.unit.state is model.occupancy(self.unit, self.today, TERMS)

    @invariant()
    def nobody_owns_more_than_the_whole_on_any_day(self) -> None:
        if hasattr(self, "unit"):
            for day in (date(2020, 1, 1) + timedelta(days=n) for n in range(0, 120, 2)):
                assert sum((one.part for one in self.unit.ties_on(day)), Fraction(0)) <= 1

    @invariant()
    def the_store_gives_back_what_it_was_given(self) -> None:
        if hasattr(self, "unit"):
            assert UNITS.from_document(UNITS.to_document(self.unit)) == self.unit


UnitFile.TestCase.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
test_no_sequence_of_commands_and_days_makes_a_unit_tell_wrong = UnitFile.TestCase
