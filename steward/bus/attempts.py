"""Running work again when another writer was first, and knowing when it has been done already."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

import eventlet

from steward.errors import Conflict, OutOfOrder, Unavailable
from steward.store.work import AlreadyDone

T = TypeVar("T")

IMMEDIATE = 6
CONFLICT_S = 0.005
"""The first pause after a conflict, at most; it doubles each time."""
ORDER_S = 0.02
"""The first pause when an earlier event is missing: with several replicas it is often being handled next door."""


def attempt(work: Callable[[], T], recorded: Callable[[], AlreadyDone | None]) -> T:
    """What ``work`` returns, run up to 6 times while it meets a Conflict or an event before it is missing.

    A failure of work whose key is recorded already is no failure: raises AlreadyDone then. So a model need not
    be idempotent: that its state has moved on is just what a second delivery finds.
    """
    for turn in range(IMMEDIATE):
        try:
            return work()
        except Conflict:
            if turn == IMMEDIATE - 1:
                raise
            eventlet.sleep(random.uniform(0, CONFLICT_S * 2**turn))
        except OutOfOrder:
            if turn == IMMEDIATE - 1:
                raise
            eventlet.sleep(ORDER_S * 2**turn)
        except (AlreadyDone, Unavailable):
            raise
        except Exception as error:
            done = recorded()
            if done is not None:
                raise done from error
            raise
    raise AssertionError("unreachable")
