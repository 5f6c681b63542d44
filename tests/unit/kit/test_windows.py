"""Every entry of a span is read once and in order, wherever the milestones stand."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, cast

from bson import encode
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from hypothesis import given
from hypothesis import strategies as st
from pymongo.collection import Collection

from steward.store.windows import MOST_BYTES, PAGE, Members, Walk

MINUTE = 60_000_000
SIZES = st.sampled_from([0, MOST_BYTES // 3])
ORDERS = st.one_of(st.integers(0, 300), st.integers(0, 400 * MINUTE), st.integers(0, 2**60))


class Entries:
    """A collection, as far as a walk asks it; ``ranges`` are what it was asked for. Each entry has so many bytes and some more."""

    codec_options: CodecOptions[dict[str, Any]] = CodecOptions()

    def __init__(self, orders: list[int], size: int = 0) -> None:
        self._orders, self._found, self._size = sorted(orders), list[int](), size
        self.ranges: list[tuple[int, int]] = []
        self.closed = 0

    def with_options(self, codec_options: CodecOptions[Any]) -> Entries:
        return self

    def find(self, query: dict[str, Any], members: Members, batch_size: int) -> Entries:
        order = query["order"]
        low, high = (order["$eq"] - 1, order["$eq"]) if "$eq" in order else (order["$gt"], order["$lte"])
        self.ranges.append((low, high))
        self._found = [order for order in self._orders if low < order <= high]
        return self

    def sort(self, field: str, direction: int) -> Entries:
        return self

    def limit(self, most: int) -> Entries:
        self._found = self._found[: most or None]
        return self

    def __iter__(self) -> Iterator[RawBSONDocument]:
        return (RawBSONDocument(encode({"order": order, "text": "x" * self._size})) for order in self._found)

    def close(self) -> None:
        self.closed += 1


def read(entries: Entries, after: int, until: int, milestones: list[int]) -> list[list[int]]:
    found = Walk(cast("Collection[Any]", entries), {"project": "yh"}).pieces(after, until, milestones)
    return [[entry["order"] for entry in piece.entries] for piece in found]


@given(st.lists(ORDERS, max_size=40), st.lists(ORDERS, max_size=10), ORDERS, ORDERS, st.integers(1, 40), SIZES)
def test_each_is_read_once_in_order_and_no_order_is_divided(
    orders: list[int], milestones: list[int], after: int, until: int, each: int, size: int
) -> None:
    every = orders * each
    found = read(Entries(every, size), after, until, milestones)
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


def test_large_entries_come_a_few_at_a_time() -> None:
    entries = Entries(list(range(1, 31)), size=MOST_BYTES // 10)
    found = read(entries, 0, 30, [])
    assert [order for page in found for order in page] == list(range(1, 31))
    assert max(len(page) for page in found) <= 10
    assert entries.closed == len(entries.ranges)
