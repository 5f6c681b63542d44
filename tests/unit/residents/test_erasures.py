"""Erasure at somebody's wish: what stands against it, what may go, and that never more goes than was agreed to."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.residents.model import Care, Given, Kind, Person, Preferences, Role, Sealed, Vehicle, erasures, parts, people, purges
from services.residents.model.cases import Case, Record
from services.residents.model.erasures import BadGround, Erasure, ErasureState, Outcome
from services.residents.model.parts import Part
from services.residents.model.people import EmergencyContact
from services.residents.model.purges import PurgeState, Report
from services.residents.spec import SPEC
from services.residents.store import ERASURES, PEOPLE, PURGES
from steward.facts import Decision
from steward.trust.approvals import State
from steward.validation import schema
from tests.unit.residents.case_desk import DESK, NOON, POLICY, TODAY, opened
from tests.unit.residents.test_moves import tie, unit

ROWS = POLICY["erasure"]["grounds"]
SEALED, SECOND = Sealed("v2.one", "print"), Sealed("v2.two", "print2")
PERSON = Person(
    "p1", "yh", "key", "v2.name", (SEALED, SECOND), "zh-CN", NOON, SEALED, Preferences(("letter",)),
    (EmergencyContact("v2.her", "v2.wife", "v2.phone", "print3"),), Care(7, TODAY), ("key0",), ("token",), 1,
)  # fmt: skip
CAR = Vehicle("v1", "yh", SEALED, "p1", "u1", DESK)
SIGNED = (Record("notice", DESK, Given(signature="v2.signed")),)
ALL = set(Part)
OPTIONAL = {Part.EMERGENCY, Part.WISHES, Part.CARE, Part.EARLIER}


def closed(records: tuple[Record, ...] = SIGNED) -> Case:
    return replace(opened(Kind.HANDOVER).state, records=records)


def asked(there: set[Part] = ALL, **needed: date | None) -> Erasure:
    found = erasures.weigh(there, erasures.grounds(ROWS, needed))
    return Erasure("e1", "yh", "p1", "asked at the desk", DESK, found.grounds, found.outcome, found.goes, approval="a1")


def again(there: set[Part] = ALL, **needed: date | None) -> erasures.Weighed:
    return erasures.weigh(there, erasures.grounds(ROWS, needed))


def told(decision: Decision[Any]) -> list[str]:
    for fact in decision.facts:
        contract = schema(SPEC.event(fact.name).schema)
        assert not contract.validate(contract.dump(fact.data))
    return [fact.name for fact in decision.facts]


GOES: dict[tuple[str, ...], set[Part]] = {
    ("tied",): {Part.OTHER_PHONES, *OPTIONAL},
    ("case",): {Part.OTHER_PHONES, Part.COPIES, *OPTIONAL},
    ("parking",): {Part.OTHER_PHONES, Part.ID_NUMBER, Part.COPIES, *OPTIONAL},
    ("former_owner_years",): {Part.OTHER_PHONES, Part.VEHICLES, Part.COPIES, *OPTIONAL},
    ("tickets",): {Part.OTHER_PHONES, Part.ID_NUMBER, Part.VEHICLES, Part.SIGNATURES, Part.COPIES, *OPTIONAL},
    ("arrears",): {Part.VEHICLES, *OPTIONAL},
    ("lawsuit",): {Part.WISHES, Part.CARE},
    ("tickets", "notify"): {Part.OTHER_PHONES, Part.ID_NUMBER, Part.VEHICLES, Part.SIGNATURES, Part.COPIES, *OPTIONAL},
    ("former_owner_years", "arrears"): {Part.VEHICLES, *OPTIONAL},
    ("tied", "lawsuit"): {Part.WISHES, Part.CARE},
}


@pytest.mark.parametrize(("grounds", "goes"), GOES.items(), ids="-".join)
def test_of_a_full_file_that_goes_which_no_ground_needs(grounds: tuple[str, ...], goes: set[Part]) -> None:
    found = asked(ALL, **dict.fromkeys(grounds))
    assert (found.outcome, set(found.goes)) == (Outcome.PARTIAL, goes)
    assert [ground.name for ground in found.grounds] == [*grounds]
    bare = asked({Part.NAME, Part.PHONE}, **dict.fromkeys(grounds))
    assert (bare.outcome, bare.goes) == (Outcome.REFUSED, ())


def test_where_nothing_stands_against_it_all_goes() -> None:
    found = asked()
    assert (found.outcome, set(found.goes), found.grounds) == (Outcome.WHOLE, ALL, ())
    assert erasures.purge_of(found, TODAY).whole


def test_each_ground_says_in_both_languages_what_it_is_and_follows_and_until_when() -> None:
    known = asked(former_owner_years=date(2028, 3, 1), lawsuit=None)
    years, other = known.grounds
    assert (years.until, other.until, other.title) == (date(2028, 3, 1), None, ROWS["other"]["title"])
    assert {*years.title, *years.basis} == {"zh-CN", "en"}
    assert ERASURES.from_document(ERASURES.to_document(known)) == known


def test_what_there_is_of_somebody_is_found_in_the_file_beside_it_and_elsewhere() -> None:
    assert parts.there(PERSON, [CAR], [closed()], 2) == ALL
    bare = replace(PERSON, phones=(), id_number=None, preferences=Preferences(), emergency=(), care=None, former=())
    gone = replace(CAR, plate=Sealed("", ""))
    assert parts.there(bare, [gone], [closed(())], 0) == {Part.NAME}


def test_of_a_file_those_parts_go_alone_and_the_events_name_them_and_not_what_stood_there() -> None:
    kept = people.lessened(PERSON, parts.left(PERSON, GOES["tied",]), "key", ("other",))
    assert (kept.state.phones, kept.state.id_number, kept.state.name) == ((SEALED,), SEALED, "v2.name")
    assert (kept.state.emergency, kept.state.care, kept.state.former, kept.state.preferences) == ((), None, (), Preferences())
    assert told(kept) == ["person_changed", "care_changed"]
    assert kept.facts[0].data["changed"] == ["emergency", "former", "phones", "preferences"]
    assert (kept.facts[0].data["phones_removed"], "v2" in str(kept.facts)) == (1, False)
    assert parts.left(PERSON, {Part.PHONE}) == {"phones": (SECOND,)}
    assert parts.left(PERSON, {Part.PHONE, Part.OTHER_PHONES}) == {"phones": ()}
    assert PEOPLE.from_document(PEOPLE.to_document(kept.state)) == kept.state


def test_what_is_refused_on_its_grounds_is_so_at_once() -> None:
    decision = erasures.ask(replace(asked({Part.NAME, Part.PHONE}, tied=None), approval=None))
    assert (decision.state.state, decision.state.ended_at) == (ErasureState.REFUSED, NOON)
    assert told(decision) == ["erasure_asked", "erasure_decided"]
    waits = erasures.ask(asked(tied=None))
    assert (waits.state.state, told(waits)) == (ErasureState.ASKED, ["erasure_asked"])


def test_whoever_got_a_new_tie_before_the_last_has_agreed_keeps_what_it_needs() -> None:
    less = erasures.agree(asked(), again(tied=None), NOON)
    assert (less.state.outcome, set(less.state.goes), told(less)) == (Outcome.PARTIAL, GOES["tied",], ["erasure_decided"])
    nothing = erasures.agree(asked({Part.NAME, Part.PHONE}), again({Part.NAME, Part.PHONE}, tied=None), NOON)
    assert (nothing.state.state, nothing.state.outcome) == (ErasureState.REFUSED, Outcome.REFUSED)


SOME, PIECES = st.sets(st.sampled_from(sorted(ROWS))), st.sets(st.sampled_from(Part))


@given(SOME, SOME, PIECES, PIECES)
def test_never_more_goes_than_was_agreed_to_nor_than_may_go_now(before: set[str], now: set[str], had: set[Part], has: set[Part]) -> None:
    wish = asked(had | {Part.NAME}, **dict.fromkeys(before))
    if wish.outcome is Outcome.REFUSED:
        return
    after = erasures.agree(wish, again(has | {Part.NAME}, **dict.fromkeys(now)), NOON).state
    if after.outcome is Outcome.WHOLE:
        assert not before | now
        return
    needed = {Part(part) for name in now for part in ROWS[name]["keeps"]}
    assert set(after.goes) <= set(wish.goes) - needed
    assert (after.state is ErasureState.AGREED) == bool(after.goes)
    assert Part.NAME not in after.goes or not before


@pytest.mark.parametrize(
    ("why", "state"),
    [(State.REFUSED, ErasureState.DECLINED), (State.WITHDRAWN, ErasureState.WITHDRAWN), (State.EXPIRED, ErasureState.EXPIRED)],
)
def test_what_is_not_agreed_to_ends_and_says_how(why: State, state: ErasureState) -> None:
    ended = erasures.not_agreed(asked(), why, NOON)
    assert (ended.state.state, ended.state.ended_at, told(ended)) == (state, NOON, ["erasure_decided"])
    assert erasures.not_agreed(ended.state, why, NOON) == Decision(ended.state)
    assert erasures.agree(ended.state, again(), NOON) == Decision(ended.state)


def running(wish: Erasure) -> tuple[Erasure, purges.Purge]:
    agreed = erasures.agree(wish, erasures.Weighed(wish.grounds, wish.outcome, wish.goes), NOON).state
    begun = purges.consider(erasures.purge_of(agreed, TODAY), [one.name for one in wish.grounds], ("tickets", "notify"), {}, NOON)
    assert PURGES.from_document(PURGES.to_document(begun.state)) == begun.state
    return agreed, begun.state


def reported(purge: purges.Purge, kept: int, *holds: str) -> purges.Purge:
    for service in purge.asked:
        purge = purges.heard(purge, purge.round, Report(service, 1, kept, NOON)).state
    return purges.conclude(Decision(purge), holds, NOON).state


def test_a_whole_one_is_a_purge_like_any_other_and_done_with_it() -> None:
    wish, purge = running(asked())
    assert (purge.id, purge.rule, purge.years, purge.asked) == ("e1", "erasure", 0, ("tickets", "notify"))
    done = erasures.follow(wish, reported(purge, 0), NOON)
    assert (done.state.state, told(done)) == (ErasureState.DONE, ["erasure_done"])


def test_what_came_up_elsewhere_is_waited_for_and_what_came_up_here_ends_it() -> None:
    wish, purge = running(asked())
    elsewhere = reported(purge, 1)
    assert (elsewhere.state, erasures.follow(wish, elsewhere, NOON)) == (PurgeState.HELD, Decision(wish))
    here = erasures.follow(wish, reported(purge, 0, "tied"), NOON)
    assert (here.state.state, here.state.outcome, told(here)) == (ErasureState.REFUSED, Outcome.REFUSED, ["erasure_decided"])


def test_the_grounds_that_were_known_hold_nothing_up() -> None:
    wish, purge = running(asked(tickets=None, former_owner_years=date(2028, 3, 1)))
    assert purge.asked == ("tickets", "notify")
    done = reported(replace(purge, despite=(*purge.despite, "notify")), 1, "former_owner_years")
    assert (done.state, erasures.follow(wish, done, NOON).state.state) == (PurgeState.DONE, ErasureState.DONE)
    assert reported(purge, 0, "case").state is PurgeState.HELD


def test_where_copies_stay_nobody_is_asked_for_them() -> None:
    ended = replace(tie(Role.TENANT, date(2018, 1, 1)), until=date(2021, 1, 1))
    assert purges.needs("p1", [unit(ended)], [], [], TODAY) == {}
    _, purge = running(asked(tied=None))
    assert (purge.asked, purge.reported) == ((), True)
    decision = purges.consider(erasures.purge_of(asked(tied=None), TODAY), ("tied",), ("tickets",), {"u1": [ended]}, NOON)
    assert told(decision) == []


def test_once_the_file_is_gone_nothing_is_left_of_why_and_what_still_waited_is_done() -> None:
    waited, over = erasures.file_gone(asked(), NOON), erasures.file_gone(replace(asked(), state=ErasureState.DECLINED), NOON)
    assert (waited.state.state, waited.state.reason, told(waited)) == (ErasureState.DONE, "", ["erasure_done"])
    assert (over.state.state, over.state.reason, told(over)) == (ErasureState.DECLINED, "", [])


@pytest.mark.parametrize(
    ("name", "row", "says"),
    [
        ("tied", {"keeps": ["shoes"]}, "'shoes' is none of"),
        ("tied", {"title": "x"}, "tied.title: expected a text for each"),
        ("tied", {"basis": {"en": "x"}}, "tied.basis: expected a text for each"),
        ("debt", {"title": {"en": "x", "zh-CN": "x"}}, "debt: there is to be title, basis, keeps"),
        ("debt", {**ROWS["tied"], "hours": 3}, "and nothing else"),
    ],
)
def test_a_ground_that_cannot_be_followed_is_told_before_anything_starts(name: str, row: dict[str, Any], says: str) -> None:
    policy = deepcopy(POLICY)
    policy["erasure"]["grounds"][name] = policy["erasure"]["grounds"].get(name, {}) | row
    with pytest.raises(BadGround, match=says):
        erasures.check(policy)
    erasures.check(POLICY)
    with pytest.raises(BadGround, match="other is missing"):
        erasures.check({"erasure": {"grounds": {"tied": ROWS["tied"]}}})
