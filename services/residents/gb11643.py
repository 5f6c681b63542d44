"""Resident identity numbers 公民身份号码 (GB 11643-1999): 17 digits and a check character."""

from __future__ import annotations

import re
from datetime import date

_SHAPE = re.compile(r"([1-9]\d{5})(\d{4})(\d{2})(\d{2})\d{3}[\dX]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_FIRST_BIRTH = date(1850, 1, 1)
"""Nobody older can be on file; guards against mistyped years."""


def normalised(text: str) -> str:
    """``text`` without spaces, its check character in capitals."""
    return re.sub(r"\s", "", text).upper()


def check_character(first_17: str) -> str:
    """The 18th character that belongs to 17 digits."""
    return _CHECKS[sum(int(digit) * weight for digit, weight in zip(first_17, _WEIGHTS, strict=True)) % 11]


def is_valid(number: str, today: date) -> bool:
    """Whether ``number`` (normalised) is well formed, its holder born by ``today`` and its check character right.

    District codes are not looked up: new districts come every year.
    """
    match = _SHAPE.fullmatch(number) if number.isascii() else None
    if match is None:
        return False
    try:
        born = date(int(match[2]), int(match[3]), int(match[4]))
    except ValueError:
        return False
    return _FIRST_BIRTH <= born <= today and check_character(number[:17]) == number[17]


def masked(number: str) -> str:
    """``number`` with only its first three and last two characters."""
    return number[:3] + "*" * max(len(number) - 5, 0) + number[-2:]
