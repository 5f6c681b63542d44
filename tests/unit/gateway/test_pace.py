from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.pace import Pace
from tests.unit.gateway.example import LIMITS

RULES = replace(LIMITS.load, start=16, least=4, most=64, tolerance=2.0, window_s=1.0, remember_s=60.0)
BEST_S = 0.02


def after(pace: Pace, windows: int, seconds: float, served: bool = True, begun: float = 0.0) -> float:
    """The limit after so many windows of requests that all took ``seconds``, with every place taken."""
    for window in range(windows):
        pace.entered(int(pace.limit))
        for number in range(20):
            pace.took("raise", seconds, begun + window + (number + 1) / 19, served)
    return pace.limit


def paced() -> Pace:
    pace = Pace(RULES, 0.0)
    after(pace, 1, BEST_S)
    return pace


def test_while_requests_take_as_long_as_at_their_best_more_are_let_in() -> None:
    assert after(Pace(RULES, 0.0), 30, BEST_S) == RULES.most


def test_when_they_take_far_longer_the_limit_falls_near_its_least_within_seconds() -> None:
    assert after(paced(), 6, BEST_S * 20, begun=1) < 2 * RULES.least


def test_it_comes_to_rest_where_requests_take_a_little_more_than_is_tolerated() -> None:
    pace = paced()
    for window in range(60):
        after(pace, 1, BEST_S * pace.limit / 8, begun=1.0 + window)  # each place beyond 8 only lengthens the queue
    assert 16 < pace.limit < 28


def test_what_is_given_up_after_long_counts_and_what_is_refused_at_once_does_not() -> None:
    assert after(paced(), 6, 1.8, served=False, begun=1) < 2 * RULES.least
    assert after(paced(), 6, 0.001, served=False, begun=1) > RULES.start


def test_operations_that_take_longer_by_nature_do_not_shrink_it() -> None:
    pace = paced()
    for window in range(10):
        pace.entered(int(pace.limit))
        for number in range(20):
            operation, seconds = ("letter", 0.5) if number % 2 else ("raise", BEST_S)
            pace.took(operation, seconds, 1 + window + (number + 1) / 19)
    assert pace.limit > RULES.start


def test_with_few_at_work_nothing_is_concluded() -> None:
    pace = paced()
    before = pace.limit
    for number in range(100):
        pace.entered(1)
        pace.took("raise", BEST_S * 10, 1 + number / 10)
    assert pace.limit == before


def test_a_best_time_is_forgotten_in_the_end() -> None:
    pace = paced()
    assert after(pace, 6, BEST_S * 20, begun=1) < 2 * RULES.least
    assert after(pace, 140, BEST_S * 20, begun=7) == RULES.most


@given(st.lists(st.tuples(st.floats(0, 100), st.booleans(), st.integers(0, 100)), max_size=60))
def test_the_limit_stays_within_its_bounds(requests: list[tuple[float, bool, int]]) -> None:
    pace = Pace(RULES, 0.0)
    for number, (seconds, served, in_flight) in enumerate(requests):
        pace.entered(in_flight)
        pace.took("raise", seconds, number / 4, served)
        assert RULES.least <= pace.limit <= RULES.most


@pytest.mark.parametrize("seconds", [0.0, 1e-9])
def test_an_answer_that_took_no_time_is_no_harm(seconds: float) -> None:
    assert after(Pace(RULES, 0.0), 3, seconds) >= RULES.start
