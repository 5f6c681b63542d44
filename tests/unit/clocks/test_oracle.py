from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from services.clocks import working
from tests.oracle.working import ZONES, run, world

SEED = 2026


@pytest.mark.parametrize("zone", ZONES)
def test_working_time_agrees_with_the_minutes_it_is_made_of(zone: str) -> None:
    for seed in range(SEED, SEED + 2):
        assert world(seed, zone, cases=75).wrong == []


def test_the_oracle_goes_through_every_zone_and_many_leaps() -> None:
    tally = run(cases=250, seed=SEED, processes=1)
    assert (tally.cases, tally.wrong) == (250, [])
    assert len(ZONES) >= 20
    assert sum(world(SEED, zone, cases=1).leaps for zone in ZONES) > 10


@pytest.mark.parametrize("broken", [lambda found: found + 1, lambda found: found - 1])
def test_the_oracle_notices_a_single_millisecond(monkeypatch: pytest.MonkeyPatch, broken: Callable[[float], float]) -> None:
    right = working.elapsed
    millisecond = timedelta(milliseconds=1)
    monkeypatch.setattr(working, "elapsed", lambda *given: broken(right(*given) / millisecond) * millisecond)
    assert len(world(SEED, "Asia/Shanghai", cases=10).wrong) == 10
