"""Doing several things at once in one process, so that services need not know what runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from eventlet.greenpool import GreenPool

T = TypeVar("T")


def each(work: Callable[[T], object], things: Iterable[T], at_once: int) -> None:
    """``work`` on each of ``things``, begun in their order, at most ``at_once`` at the same time. Raises what the first that failed did."""
    for _ in GreenPool(at_once).imap(work, things):
        pass
