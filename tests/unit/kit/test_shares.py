from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from steward.bus.shares import fair_shares

WANTED = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 40), min_size=1)


@given(WANTED, st.integers(1, 100))
def test_all_shares_together_are_no_more_than_the_workers_and_each_has_one(wanted: dict[str, int], workers: int) -> None:
    shares = fair_shares(wanted, workers)
    assert shares.keys() == wanted.keys()
    assert all(1 <= shares[name] <= wanted[name] for name in wanted)
    assert sum(shares.values()) <= max(workers, len(wanted))


@given(WANTED, st.integers(1, 100))
def test_nobody_who_wants_more_has_less_than_another_but_for_the_odd_worker(wanted: dict[str, int], workers: int) -> None:
    shares = fair_shares(wanted, workers)
    short = [name for name in wanted if shares[name] < wanted[name]]
    assert all(shares[name] + 1 >= share for name in short for share in shares.values())


def test_who_wants_little_gets_it_and_a_greedy_one_gets_what_is_left() -> None:
    assert fair_shares({"greedy": 500, "modest": 4, "other": 8}, 32) == {"modest": 4, "other": 8, "greedy": 20}
    assert fair_shares({"a": 8, "b": 8}, 32) == {"a": 8, "b": 8}
    assert fair_shares({"a": 8, "b": 8, "c": 8}, 2) == {"a": 1, "b": 1, "c": 1}
