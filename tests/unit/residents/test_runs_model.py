"""How far an import may go, and what of it can be taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.residents import model
from services.residents.desk import Desk
from services.residents.model import Counts, Made, Options, Person, Role, Run, RunState, Sealed, Stamp, Stay, TakenBack, Tie, Unit, Use
from services.residents.roster.importing import batch_rows
from steward.errors import IllegalTransition
from steward.facts import Decision, Fact

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
STAMP = Stamp(NOON, "user:supervisor")
RUN = Run("r1", "yh", STAMP, "a.csv", "digest", Options())
TIE = Tie("t1", "p1", Role.OWNER, date(2024, 1, 31), made=STAMP)
UNIT = Unit("u1", "yh", "3-2-501", "3", 80.0, Use.RESIDENTIAL, NOON, ties=(TIE,), version=1)
PERSON = Person("p1", "yh", "key", "sealed", (Sealed("x", "y"),), "zh-CN", NOON, tokens=("token",), version=1)
NEW = Made(1, True, frozenset({"t1"}))


def working(rows: int = 10) -> Run:
    return model.begin_run(RUN, rows, Counts(), (), 25).state


def ended() -> Run:
    return model.end_run(model.progress_run(working(), Counts(imported=10)).state, NOON).state


def test_a_run_tells_how_many_of_its_rows_have_been_gone_over() -> None:
    run = model.begin_run(RUN, 10, Counts(wrong=2, problems=3), ("备注",), 25).state
    run = model.progress_run(run, Counts(imported=3, unchanged=1, wrong=1, problems=1)).state
    assert (run.rows, run.done, run.pieces) == (10, 7, 1)
    assert run.counts == Counts(3, 1, 3, 4)
    assert model.end_run(run, NOON).state.done == 10


def test_only_what_goes_on_is_under_way() -> None:
    assert [RUN.under_way, working().under_way, ended().under_way] == [True, True, False]


@pytest.mark.parametrize("run", [RUN, working()], ids=["waiting", "working"])
def test_what_has_not_ended_cannot_be_undone(run: Run) -> None:
    with pytest.raises(IllegalTransition):
        model.undo_run(run, STAMP)


def test_a_run_that_wrote_nothing_cannot_be_undone() -> None:
    with pytest.raises(IllegalTransition, match="nothing was written"):
        model.undo_run(model.end_run(working(), NOON).state, STAMP)


def test_undoing_is_asked_for_once_and_again_and_is_the_same() -> None:
    undoing = model.undo_run(ended(), STAMP).state
    assert (undoing.state, undoing.ended_at) == (RunState.UNDOING, None)
    undone = model.end_undoing(model.undo_step(undoing, TakenBack(ties=2, stay=1)).state, NOON).state
    assert (undone.state, undone.taken_back, undone.steps) == (RunState.UNDONE, TakenBack(ties=2, stay=1), 1)
    assert model.undo_run(undone, Stamp(NOON, "user:other")).state == undone


def test_a_run_that_failed_half_way_can_be_undone() -> None:
    half = model.progress_run(working(), Counts(imported=5)).state
    assert model.undo_run(model.fail_run(half, "failed", NOON).state, STAMP).state.state is RunState.UNDOING


def test_a_unit_that_nobody_has_touched_loses_its_ties_and_goes_out_of_use() -> None:
    decision, stays = model.take_back_unit(UNIT, NEW, NOON)
    assert stays is None
    assert (decision.state.ties, decision.state.withdrawn_at, decision.state.taken_back) == ((), NOON, True)
    assert decision.facts == (Fact("tie_struck", {"tie": "t1", "unit": "u1", "person": "p1"}),)
    assert model.take_back_unit(decision.state, NEW, NOON)[0].facts == ()


@pytest.mark.parametrize(
    ("unit", "made", "left", "why"),
    [
        pytest.param(replace(UNIT, version=2), NEW, (), Stay.CHANGED, id="its facts were changed"),
        pytest.param(replace(UNIT, ties=(TIE, replace(TIE, id="t2"))), NEW, ("t2",), Stay.TIED, id="somebody else was tied to it"),
        pytest.param(replace(UNIT, ties=(replace(TIE, share="1/2"),)), NEW, ("t1",), Stay.CHANGED, id="the owner's share was said"),
        pytest.param(replace(UNIT, ties=(replace(TIE, until=date(2026, 1, 1)),)), NEW, ("t1",), Stay.CHANGED, id="the tie has ended"),
        pytest.param(replace(UNIT, version=7), replace(NEW, new=False), (), None, id="it was on file before"),
        pytest.param(replace(UNIT, withdrawn_at=NOON), NEW, ("t1",), Stay.CHANGED, id="staff took it out of use"),
    ],
)
def test_what_somebody_has_changed_since_stays(unit: Unit, made: Made, left: tuple[str, ...], why: Stay | None) -> None:
    decision, stays = model.take_back_unit(unit, made, NOON)
    assert (tuple(tie.id for tie in decision.state.ties), stays) == (left, why)
    assert not decision.state.taken_back


def test_nothing_personal_is_left_of_a_person_who_is_unfiled() -> None:
    decision, stays = model.take_back_person(PERSON, NEW, {}, NOON)
    assert stays is None
    person = decision.state
    assert (person.name, person.phones, person.id_number, person.tokens, person.key) == ("", (), None, (), "unfiled:p1")
    assert decision.facts == (Fact("person_unfiled", {"person": "p1"}),)
    assert model.take_back_person(person, NEW, {}, NOON)[0].facts == ()


@pytest.mark.parametrize(
    ("person", "made", "holds", "why"),
    [
        (PERSON, NEW, {Stay.TIED: ["p1"]}, Stay.TIED),
        (PERSON, NEW, {Stay.TIED: [], Stay.VEHICLE: ["p1"]}, Stay.VEHICLE),
        (PERSON, NEW, {Stay.NEEDED: {"p1"}}, Stay.NEEDED),
        (replace(PERSON, version=2), NEW, {}, Stay.CHANGED),
        (PERSON, replace(NEW, new=False), {}, None),
    ],
)
def test_a_person_whom_something_needs_stays(person: Person, made: Made, holds: dict[Stay, list[str]], why: Stay | None) -> None:
    decision, stays = model.take_back_person(person, made, holds, NOON)
    assert (decision.state, decision.facts, stays) == (person, (), why)


def test_a_unit_of_which_there_is_a_card_or_a_case_stays_whole() -> None:
    assert model.take_back_unit(UNIT, NEW, NOON, needed=True) == (Decision(UNIT), Stay.NEEDED)


def test_what_one_run_made_of_a_unit_in_two_commits_is_one() -> None:
    assert Made(1, True, frozenset({"t1"})).then(Made(2, False, frozenset({"t2"}))) == Made(2, True, frozenset({"t1", "t2"}))


@given(st.integers(0, 350), st.integers(0, 350))
def test_whatever_is_told_by_the_hundred_is_told_once_and_whole(people: int, ties: int) -> None:
    facts = [Fact("person_registered", {"person": f"p{n}"}) for n in range(people)] + [Fact("tie_made", {"tie": n}) for n in range(ties)]
    told = model.told_together(facts)
    assert all(0 < len(fact.data[field]) <= 100 for fact in told for field in fact.data)
    assert [one for fact in told if fact.name == "people_registered" for one in fact.data["people"]] == [f"p{n}" for n in range(people)]
    assert [one["tie"] for fact in told if fact.name == "ties_made" for one in fact.data["ties"]] == list(range(ties))


class Numbers:
    """Says the policy's numbers as they are by now."""

    def policy(self, project: str) -> dict[str, dict[str, int]]:
        return {"roster": {"batch_rows": 7}}


def test_a_run_goes_on_in_commits_of_the_size_that_it_began_with_whatever_the_policy_says_by_now() -> None:
    assert batch_rows(cast(Desk, Numbers()), working()) == 25
    assert batch_rows(cast(Desk, Numbers()), model.undo_run(ended(), STAMP).state) == 25


def test_a_run_that_began_before_sizes_were_kept_goes_on_as_the_policy_says() -> None:
    assert batch_rows(cast(Desk, Numbers()), RUN) == 7
