"""Vacant units are confirmed and counted each month (handbook §2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from services.residents.model import Occupancy, Role, vacancies
from services.residents.spec import SPEC
from services.residents.store import VACANCY_COUNTS
from steward.errors import BadInput
from steward.validation import schema
from tests.unit.residents.case_desk import NOON, TODAY
from tests.unit.residents.test_moves import tie, unit

EMPTY = unit(state=Occupancy.VACANT)


def test_a_vacant_unit_is_confirmed_for_the_month_and_no_other() -> None:
    seen = vacancies.confirm(EMPTY, "units.0", TODAY)
    assert vacancies.is_confirmed(seen.state, TODAY)
    assert not vacancies.is_confirmed(seen.state, date(2026, 12, 1))
    assert not vacancies.is_confirmed(seen.state, date(2027, 11, 23))
    contract = schema(SPEC.event(seen.facts[0].name).schema)
    assert contract.dump(seen.facts[0].data) == {"unit": "u1", "on": "2026-11-23"}


@pytest.mark.parametrize("changed", [{"state": Occupancy.LET}, {"state": None}, {"withdrawn_at": NOON}])
def test_what_is_not_vacant_is_not_confirmed_and_says_which(changed: dict[str, object]) -> None:
    with pytest.raises(BadInput) as error:
        vacancies.confirm(replace(EMPTY, **changed), "units.7", TODAY)  # type: ignore[arg-type]
    assert error.value.extra["errors"][0]["field"] == "units.7"


def test_a_count_tells_sold_ones_from_the_developers() -> None:
    sold = replace(EMPTY, ties=(tie(Role.OWNER),), vacant_seen_on=TODAY)
    decision = vacancies.count("c", "yh", [EMPTY, sold, EMPTY], TODAY, NOON)
    counted = decision.state
    assert (counted.month, counted.vacant, counted.sold, counted.confirmed) == ("2026-11", 3, 1, 1)
    contract = schema(SPEC.event(decision.facts[0].name).schema)
    contract.load(contract.dump(decision.facts[0].data))
    assert VACANCY_COUNTS.from_document(VACANCY_COUNTS.to_document(counted)) == counted
