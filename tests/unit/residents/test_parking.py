"""Parking leases (handbook §2, vehicles and parking)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from services.residents.model import Comes, Given, Kind, Sealed, Use, Vehicle, cases, remove_vehicle, vehicles
from services.residents.model.vehicles import Lease
from services.residents.spec import SPEC
from services.residents.store import VEHICLES
from steward.errors import BadInput, IllegalTransition
from steward.facts import Decision
from steward.validation import schema
from tests.unit.residents.case_desk import DESK, TODAY, fulfilling, opened, ready, taken

CAR = Vehicle("v1", "yh", Sealed("sealed", "print"), "p1", "u1", DESK)
OTHER = replace(CAR, id="v2")
YEAR_END, NEXT = date(2027, 1, 1), date(2028, 1, 1)
LEASE = Lease("c1", "s1", "P-7", TODAY, YEAR_END)


def told(decision: Decision[Vehicle]) -> list[str]:
    for fact in decision.facts:
        contract = schema(SPEC.event(fact.name).schema)
        contract.load(contract.dump(fact.data))
    assert VEHICLES.from_document(VEHICLES.to_document(decision.state)) == decision.state
    return [fact.name for fact in decision.facts]


def test_a_deposit_of_100_yuan_is_asked_for_once_the_contract_is_signed_and_security_ends_it() -> None:
    case = opened(Kind.PARKING, Use.PARKING, vehicle="v1", until=YEAR_END).state
    for step in ("identity", "papers"):
        case = taken(case, step)
    signed = cases.take(case, "contract", fulfilling(cases.step_of(case, "contract")), DESK)
    asked = {fact.data["item"]: fact.data["amount_fen"] for fact in signed.facts if fact.name == "charge_requested"}
    assert asked == {"fee": None, "deposit": 10_000}
    with pytest.raises(BadInput):
        cases.take(signed.state, "deposit", Given(amount_fen=5_000, receipt="R"), DESK)
    assert cases.step_of(case, "security").roles == ("security",)
    assert ready(signed.state).number == "FX-1"


def test_the_owner_of_the_vehicle_comes_in_person() -> None:

    with pytest.raises(BadInput):
        opened(Kind.PARKING, Use.PARKING, Comes.AGENT, vehicle="v1", until=YEAR_END)


def test_a_vehicle_and_a_space_are_let_once_at_a_time_and_for_the_time_after_too() -> None:
    leased = vehicles.lease(CAR, LEASE, [])
    assert told(leased) == ["parking_leased"]
    for vehicle, agreed, others in (
        (leased.state, replace(LEASE, space="s2"), []),
        (OTHER, replace(LEASE, since=date(2026, 12, 31), until=NEXT), [leased.state]),
    ):
        with pytest.raises(IllegalTransition):
            vehicles.lease(vehicle, agreed, others)
    renewed = vehicles.lease(leased.state, replace(LEASE, since=YEAR_END, until=NEXT), []).state
    assert [lease.holds_on(TODAY) for lease in renewed.leases] == [True, False]
    assert told(vehicles.lease(OTHER, replace(LEASE, space="s2"), [leased.state])) == ["parking_leased"]


def test_a_lease_that_ends_early_frees_the_space_and_asks_for_the_deposit_back() -> None:
    leased = vehicles.lease(CAR, LEASE, []).state
    ended = vehicles.end_lease(leased, date(2026, 12, 1))
    assert told(ended) == ["parking_ended", "refund_requested"]
    assert told(vehicles.lease(OTHER, replace(LEASE, since=date(2026, 12, 1)), [ended.state])) == ["parking_leased"]
    with pytest.raises(IllegalTransition):
        vehicles.end_lease(ended.state, date(2026, 12, 1))


def test_the_lease_of_a_vehicle_that_is_gone_ends_with_it() -> None:
    gone = remove_vehicle(vehicles.lease(CAR, LEASE, []).state, DESK, TODAY)
    assert told(gone) == ["parking_ended", "refund_requested", "vehicle_removed"]
    assert told(remove_vehicle(CAR, DESK, TODAY)) == ["vehicle_removed"]
