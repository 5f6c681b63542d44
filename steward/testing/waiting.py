"""Waiting for a condition, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from steward.errors import Transient

T = TypeVar("T")

PATIENCE_S = 60.0
_POLL_S = 0.05


def eventually(look: Callable[[], T], what: str = "", within_s: float = PATIENCE_S) -> T:
    """What ``look`` returns as soon as that is true. Raises AssertionError, naming ``what``, when it never is.

    Whoever is asked may be away for a while: then it is not known yet.
    """
    deadline = time.monotonic() + within_s
    while True:
        away: Transient | None = None
        found: T | None = None
        try:
            found = look()
        except Transient as error:
            away = error
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(
                f"never happened within {within_s} s: {what or look.__doc__ or look}; last seen: {away or found!r}"
            ) from away
        time.sleep(_POLL_S)
