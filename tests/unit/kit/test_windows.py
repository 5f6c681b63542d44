"""Every entry of a span is read once and in order, wherever the milestones stand."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st
from pymongo.collection import Collection

from steward.store.windows import PAGE, pages

MINUTE = 60_000_000
ORDERS = st.one_of(st.integers(0, 300), st.integers(0, 400 * MINUTE), st.integers(0, 2**60))


class Entries:
    """A collection, as far as pages ask it; ``ranges`` are what it was asked for."""

    def __init__(self, orders: list[int]) -> None:
        self._orders, self._found = sorted(orders), list[int]()
        self.ranges: list[tuple[int, int]] = []

    def find(self, query: dict[str, Any], batch_size: int) -> Entries:
        order = query["order"]
        low, high = (order["$eq"] - 1, order["$eq"]) if "$eq" in order else (order["$gt"], order["$lte"])
        self.ranges.append((low, high))
        self._found = [order for order in self._orders if low < order <= high]
        return self

    def sort(self, field: str, direction: int) -> Entries:
        return self

    def limit(self, most: int) -> list[dict[str, int]]:
        return [{"order": order} for order in self._found[: most or None]]


def read(entries: Entries, after: int, until: int, milestones: list[int]) -> list[list[int]]:
    found = pages(cast("Collection[Any]", entries), {"project": "yh"}, after, until, milestones)
    return [[entry["order"] for entry in page] for page in found]


@given(st.lists(ORDERS, max_size=40), st.lists(ORDERS, max_size=10), ORDERS, ORDERS, st.integers(1, 40))
def test_each_is_read_once_in_order_and_no_order_is_divided(
    orders: list[int], milestones: list[int], after: int, until: int, each: int
) -> None:
    every = orders * each
    found = read(Entries(every), after, until, milestones)
    assert [order for page in found for order in page] == sorted(order for order in every if after < order <= until)
    assert all(before[-1] < page[0] for before, page in pairwise(found))


@given(st.integers(1, 3 * PAGE))
def test_entries_of_one_moment_are_one_page(count: int) -> None:
    assert read(Entries([5] * count), 0, 2**60, []) == [[5] * count]


def test_no_range_goes_beyond_the_next_milestone_and_a_silence_is_one_range() -> None:
    year = 365 * 1440 * MINUTE
    entries = Entries([year + number for number in range(300)])
    assert len(read(entries, 0, year + 299, [year + 99, year + 199, year + 299])) == 3
    assert entries.ranges == [(0, year + 99), (year + 99, year + 199), (year + 199, year + 299)]
