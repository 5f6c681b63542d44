"""Waiting for a condition, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE_S = 60.0
_POLL_S = 0.05


def eventually(look: Callable[[], T], what: str = "", within_s: float = PATIENCE_S) -> T:
    """What ``look`` returns as soon as that is true. Raises AssertionError, naming ``what``, when it never is."""
    deadline = time.monotonic() + within_s
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"never happened within {within_s} s: {what or look.__doc__ or look}; last seen: {found!r}")
        time.sleep(_POLL_S)
