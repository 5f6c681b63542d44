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
from steward.errors import IllegalTransition
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
    return replace(erasures.asked("e1", "yh", "p1", "asked at the desk", DESK, again(there, **needed)), approval="a1")


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


@pytest.mark.parametrize("there", [ALL, {Part.NAME, Part.PHONE}], ids=["some of it may go", "nothing may go"])
def test_others_are_asked_to_agree_whether_or_not_anything_may_go_at_once(there: set[Part]) -> None:
    waits = erasures.ask(asked(there, tied=None), "a2")
    assert (waits.state.state, waits.state.approval, told(waits)) == (ErasureState.ASKED, "a2", ["erasure_asked"])
    assert {*waits.state.goes, *waits.state.keeps} == there


def test_whoever_got_a_new_tie_before_the_last_has_agreed_keeps_what_it_needs() -> None:
    less = erasures.agree(asked(), again(tied=None), NOON)
    assert (less.state.outcome, set(less.state.goes), told(less)) == (Outcome.PARTIAL, GOES["tied",], ["erasure_decided"])
    nothing = erasures.agree(asked({Part.NAME, Part.PHONE}), again({Part.NAME, Part.PHONE}, tied=None), NOON)
    assert (nothing.state.state, nothing.state.outcome, nothing.state.ended_at) == (ErasureState.KEPT, Outcome.REFUSED, None)
    assert (set(nothing.state.keeps), told(nothing)) == ({Part.NAME, Part.PHONE}, ["erasure_decided", "erasure_kept"])


def test_what_came_up_after_it_was_asked_for_goes_with_the_rest() -> None:
    ended = erasures.agree(asked({Part.NAME, Part.PHONE, Part.CARE}, tied=None), again(), NOON).state
    assert (ended.outcome, ended.goes, set(ended.keeps)) == (Outcome.PARTIAL, (Part.CARE,), ALL - {Part.CARE})


SOME, PIECES = st.sets(st.sampled_from(sorted(ROWS))), st.sets(st.sampled_from(Part))


@given(SOME, SOME, PIECES, PIECES)
def test_never_more_goes_than_was_agreed_to_nor_than_may_go_now(before: set[str], now: set[str], had: set[Part], has: set[Part]) -> None:
    wish = asked(had | {Part.NAME}, **dict.fromkeys(before))
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
    agreed = erasures.agree(wish, erasures.Weighed(wish.grounds, wish.outcome, wish.goes, wish.keeps), NOON).state
    begun = purges.consider(erasures.purge_of(agreed, TODAY), [one.name for one in wish.grounds], ("tickets", "notify"), {}, NOON)
    assert PURGES.from_document(PURGES.to_document(begun.state)) == begun.state
    return agreed, begun.state


def reported(purge: purges.Purge, kept: int, *holds: str) -> purges.Purge:
    for service in purge.asked:
        purge = purges.heard(purge, purge.round, Report(service, 1, kept, NOON)).state
    return purges.conclude(Decision(purge), holds, NOON).state


def follow(wish: Erasure, purge: purges.Purge) -> Decision[Erasure]:
    return erasures.follow(wish, purge, ROWS, NOON)


def test_a_whole_one_is_a_purge_like_any_other_and_done_with_it() -> None:
    wish, purge = running(asked())
    assert (purge.wish, purge.rule, purge.years, purge.asked) == ("e1", "erasure", 0, ("tickets", "notify"))
    done = follow(wish, reported(purge, 0))
    assert (done.state.state, done.state.erased_at, set(done.state.gone), told(done)) == (ErasureState.DONE, NOON, ALL, ["erasure_done"])


@pytest.mark.parametrize(("kept", "holds", "ground"), [(1, (), "notify"), (0, ("tied",), "tied")], ids=["elsewhere", "here"])
def test_what_came_up_meanwhile_is_told_as_a_ground_and_holds_up_all(kept: int, holds: tuple[str, ...], ground: str) -> None:
    wish, purge = running(asked())
    held = follow(wish, reported(purge, kept, *holds))
    assert (held.state.state, held.state.outcome, set(held.state.keeps)) == (ErasureState.KEPT, Outcome.REFUSED, ALL)
    assert (held.state.grounds[0].name, told(held)) == (ground, ["erasure_kept"])
    assert ERASURES.from_document(ERASURES.to_document(held.state)) == held.state


FIVE_YEARS = date(2028, 3, 1)


def kept(**needed: date | None) -> Erasure:
    """A wish of which some has gone, and the rest is kept."""
    wish, purge = running(asked(**needed))
    return follow(wish, reported(purge, 0)).state


def found(**needed: date | None) -> tuple[erasures.Ground, ...]:
    return erasures.grounds(ROWS, needed)


def test_what_a_ground_keeps_is_told_with_until_when_and_goes_with_the_last_of_them() -> None:
    wish, purge = running(asked(former_owner_years=FIVE_YEARS))
    part = follow(wish, reported(purge, 0))
    assert told(part) == ["erasure_done", "erasure_kept"]
    assert (part.state.state, part.state.outcome, part.state.kept_until) == (ErasureState.KEPT, Outcome.PARTIAL, FIVE_YEARS)
    assert (part.state.gone, {*part.state.gone, *part.state.keeps}, part.state.erased_at) == (wish.goes, ALL, None)
    assert part.facts[0].data["outcome"] is wish.outcome
    rest = erasures.look(part.state, ())
    assert (rest.state.state, rest.state.outcome, rest.state.goes) == (ErasureState.AGREED, Outcome.WHOLE, part.state.keeps)
    last = erasures.purge_of(rest.state, TODAY)
    assert (last.whole, last.wish, last.id == erasures.purge_of(rest.state, TODAY).id) == (True, "e1", True)
    assert len({last.id, purge.id, wish.id}) == 3
    begun = purges.consider(last, (), ("tickets",), {}, NOON).state
    done = follow(rest.state, reported(begun, 0))
    assert (done.state.state, set(done.state.gone), done.state.keeps, done.state.erased_at) == (ErasureState.DONE, ALL, (), NOON)
    assert (told(done), set(done.facts[0].data["parts"])) == (["erasure_done"], {*part.state.keeps})


def test_while_the_same_grounds_keep_it_nothing_is_told_and_another_one_is() -> None:
    wish = kept(tied=None)
    assert erasures.look(wish, found(tied=None)) == Decision(wish)
    later = erasures.look(wish, found(former_owner_years=FIVE_YEARS))
    assert (told(later), later.state.kept_until, later.state.keeps) == (["erasure_kept"], FIVE_YEARS, wish.keeps)
    both = erasures.look(later.state, found(former_owner_years=FIVE_YEARS, lawsuit=None)).state
    assert (both.kept_until, [ground.name for ground in both.grounds]) == (None, ["former_owner_years", "lawsuit"])
    assert erasures.look(wish, found(tied=date(2027, 1, 1))).state.kept_until == date(2027, 1, 1)


def test_a_purge_of_the_rest_that_is_held_again_goes_on_under_its_name() -> None:
    wish = erasures.look(kept(tied=None), ()).state
    first = erasures.purge_of(wish, TODAY)
    held = reported(purges.consider(first, (), ("tickets",), {}, NOON).state, 1)
    again_kept = follow(wish, held)
    assert (again_kept.state.state, again_kept.state.outcome, told(again_kept)) == (ErasureState.KEPT, Outcome.PARTIAL, ["erasure_kept"])
    next_day = erasures.look(again_kept.state, ()).state
    second = purges.resumed(erasures.purge_of(next_day, TODAY), held)
    assert (second.id, second.round, second.version, second.parts) == (first.id, 1, held.version, ())
    begun = purges.consider(second, (), ("tickets",), {}, NOON).state
    assert (begun.state, begun.round) == (PurgeState.ASKED, 2)
    assert told(follow(next_day, reported(begun, 1))) == [], "the same ground is told once"


def test_a_purge_that_is_held_is_dropped_and_none_that_is_under_way_or_done() -> None:
    _, purge = running(asked())
    held = reported(purge, 1)
    assert (purges.drop(held).state.state, purges.drop(held).state.holds) == (PurgeState.DROPPED, ())
    assert [purges.drop(one).state.state for one in (purge, reported(purge, 0))] == [PurgeState.ASKED, PurgeState.DONE]


def test_what_is_kept_stays_when_they_want_it_no_longer_gone() -> None:
    wish = kept(tied=None)
    stays = erasures.withdraw(wish, NOON)
    assert (stays.state.state, stays.state.ended_at, told(stays)) == (ErasureState.WITHDRAWN, NOON, ["erasure_decided"])
    for state in set(ErasureState) - {ErasureState.KEPT}:
        with pytest.raises(IllegalTransition):
            erasures.withdraw(replace(wish, state=state), NOON)


def test_whatever_else_ends_the_file_ends_a_wish_that_is_kept() -> None:
    over = erasures.file_gone(kept(former_owner_years=FIVE_YEARS), NOON)
    assert (over.state.state, over.state.reason, over.state.keeps, told(over)) == (ErasureState.DONE, "", (), ["erasure_done"])


def test_the_grounds_that_were_known_hold_nothing_up() -> None:
    wish, purge = running(asked(tickets=None, former_owner_years=date(2028, 3, 1)))
    assert purge.asked == ("tickets", "notify")
    done = reported(replace(purge, despite=(*purge.despite, "notify")), 1, "former_owner_years")
    assert (done.state, follow(wish, done).state.state) == (PurgeState.DONE, ErasureState.KEPT)
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
