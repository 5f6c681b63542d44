"""GB 11643: the check character, the date of birth, the shape."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.residents import gb11643

TODAY = date(2026, 11, 23)


def number(born: date, rest: str = "001", district: str = "110105") -> str:
    first = f"{district}{born:%Y%m%d}{rest}"
    return first + gb11643.check_character(first)


@pytest.mark.parametrize("valid", ["11010519491231002X", "440524188001010014"])
def test_the_examples_of_the_standard_are_valid(valid: str) -> None:
    assert gb11643.is_valid(valid, TODAY)


@pytest.mark.parametrize(
    "wrong",
    ["", "110105194912310021", "1101051949123100", "11010519491331002X", "01010519491231002X", "１１010519491231002X", "x" * 18],
)
def test_what_is_malformed_is_not(wrong: str) -> None:
    assert not gb11643.is_valid(wrong, TODAY)


def test_nobody_is_born_after_today_or_in_the_year_2099() -> None:
    assert gb11643.is_valid(number(TODAY), TODAY)
    assert not gb11643.is_valid(number(date(2026, 11, 24)), TODAY)
    assert not gb11643.is_valid(number(date(2099, 1, 1)), TODAY)


def test_new_districts_are_accepted() -> None:
    assert gb11643.is_valid(number(date(1990, 5, 1), district="130671"), TODAY)


@given(st.dates(date(1900, 1, 1), TODAY), st.integers(0, 999), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(born: date, rest: int, place: int, shift: int) -> None:
    good = number(born, f"{rest:03d}")
    digit = str((int(good[place]) + shift) % 10)
    assert gb11643.is_valid(good, TODAY)
    assert not gb11643.is_valid(good[:place] + digit + good[place + 1 :], TODAY)


def test_the_mask_hides_the_birthday() -> None:
    assert gb11643.masked("11010519491231002X") == "110*************2X"
