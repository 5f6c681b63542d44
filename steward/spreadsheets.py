"""What CSV files need that people open in a spreadsheet."""

from __future__ import annotations

BYTE_ORDER_MARK = "\ufeff"
"""Begins the file; without it they take UTF-8 for something older."""
_RECKONED = ("=", "+", "-", "@", "\t", "\r", "\n")
"""Begins what they would reckon instead of show."""


def as_text(text: str) -> str:
    """``text``, which nobody takes for a formula any more."""
    return f"'{text}" if text.startswith(_RECKONED) else text
