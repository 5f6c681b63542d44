"""Files whose time has run out: held, asked for, destroyed, and never while somebody needs them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.residents.model import Care, Kind, Person, Role, Sealed, Vehicle, purges
from services.residents.model.people import EmergencyContact
from services.residents.model.purges import Hold, Purge, PurgeState, Report
from services.residents.model.vehicles import Lease
from services.residents.store import HOLDS, PEOPLE, PURGES, VEHICLES
from steward.errors import IllegalTransition
from steward.facts import Decision
from tests.unit.residents.case_desk import DESK, NOON, TODAY, opened
from tests.unit.residents.test_moves import tie, unit

HOLDERS = ("tickets", "notify")
PURGE = Purge("pu1", "yh", "p1", date(2026, 1, 1), 5)
ENDED = replace(tie(Role.OWNER, date(2018, 1, 1)), until=date(2021, 1, 1))


def asked(purge: Purge = PURGE) -> Purge:
    return purges.consider(purge, (), HOLDERS, {"u1": [ENDED]}, NOON).state


def told(decision: Decision[Any]) -> list[str]:
    return [fact.name for fact in decision.facts]


def reported(purge: Purge, kept: int = 0) -> Decision[Purge]:
    for service in HOLDERS:
        purge = purges.heard(purge, purge.round, Report(service, 2, kept, NOON)).state
    return Decision(purge)


def test_those_who_hold_copies_are_told_where_to_look() -> None:
    (fact,) = purges.consider(PURGE, (), HOLDERS, {"u1": [ENDED]}, NOON).facts
    units = [{"unit": "u1", "since": ENDED.since, "until": ENDED.until}]
    assert fact.data == {"purge": "pu1", "person": "p1", "round": 1, "units": units}


def test_the_file_goes_with_the_last_report_and_the_proof_says_what_each_did() -> None:
    one = purges.heard(asked(), 1, Report("tickets", 2, 0, NOON)).state
    assert (one.reported, one.missing) == (False, ("notify",))
    done = purges.conclude(reported(asked()), (), NOON)
    assert done.state.state is PurgeState.DONE
    (fact,) = done.facts
    assert (fact.name, fact.data["rule"], fact.data["years"]) == ("person_purged", "former_owner_years", 5)
    assert [(one["service"], one["forgotten"]) for one in fact.data["reports"]] == [("tickets", 2), ("notify", 2)]


@pytest.mark.parametrize(
    ("holds", "kept", "because"), [(("tied",), 0, ("tied",)), ((), 1, HOLDERS), (("arrears",), 1, ("arrears", *HOLDERS))]
)
def test_who_came_back_or_is_needed_is_kept_and_it_is_said_why(holds: tuple[str, ...], kept: int, because: tuple[str, ...]) -> None:
    decision = purges.conclude(reported(asked(), kept), holds, NOON)
    assert (decision.state.state, set(decision.state.holds)) == (PurgeState.HELD, set(because))
    assert told(decision) == ["purge_held"]


def test_a_hold_is_told_once_however_often_it_is_found_and_ends_by_being_asked_again() -> None:
    held = purges.consider(PURGE, ("case", "arrears"), HOLDERS, {}, NOON)
    assert told(held) == ["purge_held"]
    assert purges.consider(held.state, ("arrears", "case"), HOLDERS, {}, NOON) == Decision(held.state)
    again = purges.consider(held.state, (), HOLDERS, {}, NOON)
    assert (again.state.state, again.state.holds) == (PurgeState.ASKED, ())


def test_reports_of_another_round_or_told_twice_are_no_news() -> None:
    purge = purges.heard(asked(), 1, Report("tickets", 2, 0, NOON)).state
    for turn, service in ((2, "notify"), (1, "tickets"), (1, "clocks")):
        assert purges.heard(purge, turn, Report(service, 9, 9, NOON)).state == purge


def test_nothing_personal_is_left_in_a_file_nor_the_plate_of_a_vehicle() -> None:
    sealed = Sealed("v2.sealed", "print")
    whole = Person(
        "p1", "yh", "key", "v2.sealed", (sealed,), "zh-CN", NOON, sealed, emergency=(EmergencyContact(*["v2.sealed"] * 4),),
        care=Care(7, TODAY), former=("key0",), tokens=("token",), searchable=1,
    )  # fmt: skip
    person = PEOPLE.to_document(purges.purge_person(whole, NOON).state)
    assert not {"sealed", "print", "key0", "token"} & set(str(person).replace("'", " ").replace(".", " ").split())
    assert (person["_id"], person["unfiled_at"]) == ("p1", NOON)
    vehicle = purges.forget_vehicle(Vehicle("v1", "yh", sealed, "p1", "u1", DESK), DESK)
    assert told(vehicle) == ["vehicle_removed"]
    assert "sealed" not in str(VEHICLES.to_document(vehicle.state))
    assert told(purges.forget_vehicle(vehicle.state, DESK)) == []


def test_what_needs_a_file() -> None:
    case, lease = opened(Kind.HANDOVER).state, Lease("c1", "u9", "A-1", TODAY, TODAY + timedelta(days=1))
    car = Vehicle("v1", "yh", Sealed("", ""), "p1", "u1", DESK, leases=(lease,))
    tomorrow, later = TODAY + timedelta(days=1), TODAY + timedelta(days=9)
    assert purges.needs("p1", [unit(ENDED)], [], [], TODAY) == {}
    assert purges.needs("p1", [unit(replace(ENDED, until=None))], [], [car], TODAY) == {"tied": None, "parking": tomorrow}
    assert purges.needs(case.person, [], [case], [replace(car, leases=(replace(lease, until=TODAY),))], TODAY) == {"case": None}
    ending = [unit(replace(ENDED, until=until)) for until in (tomorrow, later)]
    assert purges.needs("p1", ending, [], [], TODAY) == {"tied": later}
    assert purges.needs("p1", [*ending, unit(replace(ENDED, until=None))], [], [], TODAY) == {"tied": None}


def test_a_hold_is_placed_once_released_once_and_may_be_placed_again() -> None:
    fresh = Hold("h1", "yh", "p1", "arrears", DESK)
    placed = purges.place_hold(None, fresh)
    assert told(placed) == ["hold_placed"]
    assert told(purges.place_hold(placed.state, fresh)) == []
    released = purges.release_hold(placed.state, DESK)
    assert told(released) == ["hold_released"]
    with pytest.raises(IllegalTransition):
        purges.release_hold(released.state, DESK)
    assert purges.place_hold(released.state, fresh).state.released is None


class PurgeLife(RuleBasedStateMachine):
    """Days, reports in any order and of any round, people who come back."""

    def __init__(self) -> None:
        super().__init__()
        self.purge, self.needed = PURGE, False

    @rule()
    def day(self) -> None:
        self.keep(purges.consider(self.purge, ("tied",) if self.needed else (), HOLDERS, {}, NOON))

    @rule(needed=st.booleans())
    def comes_and_goes(self, needed: bool) -> None:
        if self.purge.state is not PurgeState.DONE:
            self.needed = needed

    @rule(service=st.sampled_from(HOLDERS), back=st.integers(0, 2), kept=st.integers(0, 1))
    def report(self, service: str, back: int, kept: int) -> None:
        self.keep(purges.heard(self.purge, self.purge.round - back, Report(service, 1, kept, NOON)))

    def keep(self, decision: Decision[Purge]) -> None:
        if decision.state != self.purge and decision.state.reported:
            decision = purges.conclude(decision, ("tied",) if self.needed else (), NOON)
        self.purge = decision.state

    @invariant()
    def nothing_is_destroyed_that_is_needed_or_of_which_copies_are_left(self) -> None:
        if self.purge.state is PurgeState.DONE:
            assert not self.needed
            assert {report.service for report in self.purge.reports if not report.kept} == set(HOLDERS)

    @invariant()
    def what_is_kept_says_why(self) -> None:
        assert self.purge is PURGE or (self.purge.state is PurgeState.HELD) == bool(self.purge.holds)

    @invariant()
    def it_is_kept_and_read_back_as_it_is(self) -> None:
        assert PURGES.from_document(PURGES.to_document(self.purge)) == self.purge
        assert HOLDS.collection == "holds"


TestPurgeLife = PurgeLife.TestCase
