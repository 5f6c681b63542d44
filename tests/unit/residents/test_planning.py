"""What a roster changes, given what is on file."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from services.residents import model, sealing
from services.residents.model import Role
from services.residents.roster.entries import Entry
from services.residents.roster.planning import Changes, Files, Maker, plan
from services.residents.search import tokens
from services.residents.spec import SPEC
from steward.policy import shipped
from steward.trust.sealing import Sealer
from steward.validation import schema

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
SEALER = Sealer(b"k" * 32)
OPENING = {"id": "yh", "code": "YH", "name": "英湖", "name_en": "Yinghu", "timezone": "Asia/Shanghai", "company": "acme"}
NUMBERS = itertools.count()
MAKE = Maker(
    project=model.open_project(None, OPENING, NOON).state,
    policy=shipped(SPEC),
    now=NOON,
    by="user:desk",
    new_id=lambda: f"id{next(NUMBERS)}",
    seal=lambda text: sealing.sealed(SEALER, text),
    seal_name=SEALER.seal,
    key_of=lambda entry: sealing.person_key(SEALER, *entry.who),
    tokens_of=lambda entry: tokens.of_person(SEALER, "yh", entry.name or "", entry.phones),
)
ROW = Entry(2, "3-2-501", "3", 88.5, "张三", ("13812345678",), Role.OWNER, date(2024, 1, 31), None)


def planned(files: Files, *rows: Entry) -> Changes:
    return plan(rows, files, MAKE, {"area": "面积", "from": "入住日期", "id_number": "身份证", "unit": "房号"})


def codes(changes: Changes) -> list[str]:
    return [problem.code for problem in changes.problems]


def test_a_new_row_files_unit_person_and_tie() -> None:
    files = Files({}, {})
    changes = planned(files, ROW)
    assert (changes.written, changes.new_units) == ([2], ["3-2-501"])
    (unit,), (person,) = changes.units.values(), changes.people.values()
    assert [fact.name for fact in (*unit.facts, *person.facts)] == ["tie_made", "person_registered"]
    assert unit.state.ties[0].person == person.state.id
    assert "张三" not in repr(changes)
    assert "13812345678" not in repr(changes)


def test_the_same_person_in_two_units_is_filed_once() -> None:
    changes = planned(Files({}, {}), ROW, replace(ROW, row=3, label="3-2-502"))
    assert len(changes.people) == 1
    assert len({unit.state.ties[0].person for unit in changes.units.values()}) == 1


def test_another_name_on_the_same_phone_is_another_person() -> None:
    assert len(planned(Files({}, {}), ROW, replace(ROW, row=3, name="李四")).people) == 2


def test_a_row_with_the_phone_from_before_a_change_means_the_same_person() -> None:
    files = Files({}, {})
    planned(files, ROW)
    (person,) = files.people.values()
    changed = replace(person, key="another phone", former=(person.key,))
    again = Files(files.units, dict.fromkeys((changed.key, *changed.former), changed))
    assert (planned(again, ROW).unchanged, planned(again, replace(ROW, label="3-2-502")).people) == ([2], {})


def test_facts_that_were_unknown_are_filled_in_and_known_ones_never_overwritten() -> None:
    files = Files({}, {})
    planned(files, replace(ROW, area_m2=None))
    filled = planned(files, replace(ROW, id_number="11010519491231002X"))
    assert filled.written == [2]
    assert codes(planned(files, replace(ROW, area_m2=90.0))) == ["differs"]
    assert codes(planned(files, replace(ROW, id_number="440524188001010014"))) == ["differs"]
    assert codes(planned(files, replace(ROW, since=date(2024, 2, 1)))) == ["differs"]
    assert codes(planned(files, replace(ROW, building="4"))) == ["differs"]


def test_a_tie_that_has_ended_is_not_revived() -> None:
    files = Files({}, {})
    planned(files, ROW)
    unit = files.units[ROW.label]
    ended = model.end_tie(unit, unit.ties[0].id, date(2025, 1, 1)).state
    files.units[ROW.label] = ended
    assert planned(files, ROW).unchanged == [2]
    assert codes(planned(files, replace(ROW, since=None))) == ["ended"]
    assert codes(planned(files, replace(ROW, since=date(2024, 6, 1)))) == ["overlaps"]
    assert planned(files, replace(ROW, since=date(2026, 1, 1))).written == [2]


def test_a_unit_out_of_use_takes_nobody() -> None:
    files = Files({}, {})
    planned(files, replace(ROW, name=None, phones=()))
    files.units[ROW.label] = model.withdraw_unit(files.units[ROW.label], date(2026, 11, 23), NOON).state
    assert codes(planned(files, ROW)) == ["withdrawn"]


entries = st.builds(
    Entry,
    row=st.integers(2, 99),
    label=st.sampled_from(["1-101", "1-102", "2-101"]),
    building=st.sampled_from(["", "1"]),
    area_m2=st.sampled_from([None, 80.0, 90.0]),
    name=st.sampled_from(["张三", "李四", None]),
    phones=st.sampled_from([(), ("13812345678",), ("13912345678",)]),
    role=st.sampled_from(list(Role)),
    since=st.sampled_from([None, date(2024, 1, 1), date(2025, 1, 1)]),
    id_number=st.sampled_from([None, "11010519491231002X", "440524188001010014"]),
)


@given(st.lists(entries, max_size=12))
def test_the_same_roster_twice_changes_nothing(rows: list[Entry]) -> None:
    files = Files({}, {})
    planned(files, *rows)
    before = (dict(files.units), dict(files.people))
    again = planned(files, *rows)
    assert again.empty
    assert (files.units, files.people) == before


@given(st.lists(entries, max_size=12))
def test_a_wrong_row_leaves_no_trace(rows: list[Entry]) -> None:
    files = Files({}, {})
    for row in rows:
        before = (dict(files.units), dict(files.people))
        changes = planned(files, row)
        if changes.problems:
            assert (changes.units, changes.people, changes.new_units) == ({}, {}, [])
            assert (files.units, files.people) == before


def test_what_a_roster_files_and_its_undoing_are_told_by_the_hundred() -> None:
    changes = planned(Files({}, {}), ROW, replace(ROW, row=3, label="3-2-502"))
    facts = [fact for decision in (*changes.people.values(), *changes.units.values()) for fact in decision.facts]
    (unit, _), (person,) = changes.units.values(), changes.people.values()
    made = model.Made(0, True, frozenset(changes.made_ties))
    struck, _ = model.take_back_unit(unit.state, made, NOON)
    unfiled, _ = model.take_back_person(person.state, made, {}, NOON)
    told = model.told_together((*facts, *struck.facts, *unfiled.facts))
    assert [fact.name for fact in told] == ["people_registered", "ties_made", "ties_struck", "people_unfiled"]
    assert [len(many) for fact in told for many in fact.data.values()] == [1, 2, 1, 1]
    for fact in told:
        contract = schema(SPEC.event(fact.name).schema)
        assert contract.validate(contract.dump(fact.data)) == {}


def test_a_unit_that_was_taken_back_is_in_use_again_under_its_id() -> None:
    files = Files({}, {})
    planned(files, replace(ROW, name=None, phones=()))
    before = files.units[ROW.label]
    files.units[ROW.label] = model.take_back_unit(before, model.Made(0, True), NOON)[0].state
    changes = planned(files, replace(ROW, area_m2=90.0))
    assert (changes.written, changes.new_units) == ([2], [ROW.label])
    unit = changes.units[ROW.label].state
    assert (unit.id, unit.area_m2, unit.withdrawn_at, unit.taken_back) == (before.id, 90.0, None, False)
