"""What cases that are complete do to their unit: ties, handover, who lives there (handbook §2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.residents import model
from services.residents.model import Kind, Occupancy, Role, Terms, Tie, Unit, Use, moves
from services.residents.model.cases import Case
from services.residents.spec import SPEC
from services.residents.store import UNITS
from steward.errors import BadInput, IllegalTransition
from steward.facts import Decision
from steward.validation import schema
from tests.unit.residents.case_desk import DESK, NOON, TODAY, opened

OPENING = {"id": "yh", "code": "YH", "name": "英湖", "name_en": "Yinghu", "timezone": "Asia/Shanghai", "company": "acme"}
PROJECT = model.open_project(None, OPENING, NOON).state
TERMS = Terms(Occupancy.OCCUPIED, {"heating": 24})
LATER = NOON + timedelta(days=3)
SOON = TODAY + timedelta(days=7)


def unit(*ties: Tie, **more: object) -> Unit:
    made = model.register_unit("u1", PROJECT, "3-2-501", "3", 88.5, Use.RESIDENTIAL, NOON)
    return replace(made, ties=ties, **more)  # type: ignore[arg-type]


def tie(role: Role, since: date = TODAY, person: str = "p1", share: str | None = None) -> Tie:
    return Tie(f"{role} {person}", person, role, since, share=share)


def settled(before: Unit, decision: Decision[Unit], day: date = TODAY) -> Unit:
    after = model.settled(before, decision, day, "Asia/Shanghai", TERMS)
    for fact in after.facts:
        contract = schema(SPEC.event(fact.name).schema)
        contract.load(contract.dump(fact.data))
    assert UNITS.from_document(UNITS.to_document(after.state)) == after.state
    return after.state


def wrong_field(case: Case, at: Unit) -> str:
    with pytest.raises(BadInput) as error:
        moves.require_fitting(case, at, TODAY)
    field: str = error.value.extra["errors"][0]["field"]
    return field


def test_a_unit_that_is_handed_over_is_occupied_owned_and_in_warranty_from_that_day() -> None:
    empty = unit(stated=Occupancy.VACANT)
    after = settled(empty, moves.hand_over(empty, tie(Role.OWNER), LATER, TERMS, 10))
    assert (after.state, after.handed_over_on, after.moved_in_on) == (Occupancy.OCCUPIED, TODAY, TODAY)
    assert after.liable_until == {"heating": date(2028, 11, 23)}
    assert [(one.person, one.since) for one in after.ties] == [("p1", TODAY)]
    with pytest.raises(IllegalTransition):
        moves.hand_over(after, tie(Role.OWNER, person="p2"), LATER, TERMS, 10)


def test_a_unit_that_is_handed_over_and_not_moved_into_is_vacant_and_nobody_is_to_be_visited() -> None:
    decision = moves.hand_over(unit(), tie(Role.OWNER), None, TERMS, 10)
    after = settled(unit(), decision)
    assert (after.state, after.moved_in_on) == (Occupancy.VACANT, None)
    assert "moved_in" not in [fact.name for fact in decision.facts]


def test_an_owner_that_a_roster_brought_is_not_tied_twice() -> None:
    known = unit(tie(Role.OWNER, date(2024, 1, 1)))
    assert settled(known, moves.hand_over(known, tie(Role.OWNER), LATER, TERMS, 10)).ties == known.ties


def test_at_a_change_of_owner_the_old_tie_ends_on_the_day_on_which_the_new_one_begins() -> None:
    sold = unit(tie(Role.OWNER, date(2020, 1, 1), share="1/1"))
    new = tie(Role.OWNER, SOON, "p2", "1/1")
    after = settled(sold, moves.transfer(sold, ["owner p1"], new, LATER, DESK, TODAY, 10))
    assert [(one.person, one.since, one.until) for one in after.ties] == [("p1", date(2020, 1, 1), SOON), ("p2", SOON, None)]
    assert (after.ties[0].ended, after.moved_in_on) == (DESK, SOON)
    assert settled(sold, moves.transfer(sold, ["owner p1"], new, None, DESK, TODAY, 10)).moved_in_on is None


def test_a_tenant_who_moves_in_lets_the_unit_and_one_who_moves_out_leaves_it_vacant() -> None:
    owned = unit(tie(Role.OWNER, date(2020, 1, 1)))
    let = settled(owned, moves.tenant_in(owned, tie(Role.TENANT, person="p2"), LATER, 10))
    assert (let.state, let.moved_in_on) == (Occupancy.LET, TODAY)
    left = settled(let, moves.move_out(let, ["tenant p2"], "p2", SOON, DESK, TODAY), SOON)
    assert left.state is Occupancy.VACANT


def test_who_lives_there_until_a_day_to_come_still_does_until_then() -> None:
    lived = unit(tie(Role.OWNER, date(2020, 1, 1)), stated=Occupancy.OCCUPIED)
    sold = moves.transfer(lived, ["owner p1"], tie(Role.OWNER, SOON, "p2"), None, DESK, TODAY, 10)
    assert settled(lived, sold).state is Occupancy.OCCUPIED
    assert settled(lived, moves.move_out(lived, [], "p1", SOON, DESK, TODAY)).state is Occupancy.OCCUPIED
    gone = moves.transfer(lived, ["owner p1"], tie(Role.OWNER, TODAY, "p2"), None, DESK, TODAY, 10)
    assert settled(lived, gone).state is Occupancy.VACANT
    assert settled(lived, moves.move_out(lived, [], "p1", TODAY, DESK, TODAY)).state is Occupancy.VACANT


def test_a_unit_in_which_another_tenant_stays_is_let_after_one_moved_out() -> None:
    shared = unit(tie(Role.TENANT, date(2020, 1, 1)), tie(Role.TENANT, date(2020, 1, 1), "p2"))
    assert settled(shared, moves.move_out(shared, ["tenant p2"], "p2", TODAY, DESK, TODAY)).state is Occupancy.LET


def test_a_case_is_opened_only_with_what_its_kind_takes() -> None:
    owned = unit(tie(Role.OWNER, date(2020, 1, 1)), tie(Role.TENANT, date(2020, 1, 1), "p2"))
    transfer = replace(opened(Kind.TRANSFER, on=SOON, leaving=("owner p1",)).state, person="p9")
    moves.require_fitting(transfer, owned, TODAY)
    assert wrong_field(replace(transfer, on=None), owned) == "on"
    assert wrong_field(replace(transfer, leaving=()), owned) == "leaving"
    assert wrong_field(replace(transfer, leaving=("tenant p2",)), owned) == "leaving.0"
    assert wrong_field(replace(transfer, until=SOON), owned) == "until"
    assert wrong_field(opened(Kind.TENANT_IN, until=TODAY).state, owned) == "until"
    assert wrong_field(opened(Kind.HANDOVER, leaving=("owner p1",)).state, owned) == "leaving"


def test_nobody_becomes_what_they_are_already() -> None:
    home = unit(tie(Role.OWNER, date(2020, 1, 1)), tie(Role.TENANT, date(2020, 1, 1)))
    assert wrong_field(opened(Kind.TENANT_IN).state, home) == "person"
    assert wrong_field(opened(Kind.TRANSFER, on=SOON, leaving=("owner p1",)).state, home) == "person"
    past = replace(home, ties=tuple(replace(one, until=TODAY) for one in home.ties))
    moves.require_fitting(opened(Kind.TENANT_IN).state, past, TODAY)


def test_a_move_out_is_of_somebody_who_is_tied_here() -> None:
    let = unit(tie(Role.TENANT, date(2020, 1, 1), "p2"))
    moves.require_fitting(
        opened(Kind.MOVE_OUT, on=SOON, leaving=("tenant p2",)).state, replace(let, ties=(*let.ties, tie(Role.OWNER))), TODAY
    )
    assert wrong_field(opened(Kind.MOVE_OUT, on=SOON).state, let) == "person"


def test_a_unit_that_was_handed_over_is_not_handed_over_again() -> None:
    with pytest.raises(IllegalTransition):
        moves.require_fitting(opened(Kind.HANDOVER).state, unit(handed_over_on=TODAY), TODAY)


def test_a_former_owners_file_is_kept_five_years_after_the_last_tie_and_nobody_elses() -> None:
    sold = replace(tie(Role.OWNER, date(2015, 1, 1)), until=date(2024, 2, 29))
    let = replace(tie(Role.TENANT, date(2024, 3, 1)), until=date(2025, 1, 1))
    assert model.keep_until([sold], TODAY, 5) == date(2029, 2, 28)
    assert model.keep_until([sold, let], TODAY, 5) == date(2030, 1, 1)
    assert model.keep_until([sold, tie(Role.TENANT)], TODAY, 5) is None
    assert model.keep_until([replace(sold, until=SOON)], TODAY, 5) is None
    assert model.keep_until([let], TODAY, 5) is None
    assert model.keep_until([], TODAY, 5) is None
