"""Running work again when another writer was first, and knowing when it has been done already."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

import eventlet

from steward.errors import Conflict, Unavailable
from steward.store.work import AlreadyDone

T = TypeVar("T")

IMMEDIATE = 6
_FIRST_PAUSE_S = 0.005


def attempt(work: Callable[[], T], recorded: Callable[[], AlreadyDone | None]) -> T:
    """What ``work`` returns, run up to 6 times while it meets a Conflict.

    A failure of work whose key is recorded already is no failure: raises AlreadyDone then. So a model need not
    be idempotent: that its state has moved on is just what a second delivery finds.
    """
    for turn in range(IMMEDIATE):
        try:
            return work()
        except Conflict:
            if turn == IMMEDIATE - 1:
                raise
            eventlet.sleep(random.uniform(0, _FIRST_PAUSE_S * 2**turn))
        except (AlreadyDone, Unavailable):
            raise
        except Exception as error:
            done = recorded()
            if done is not None:
                raise done from error
            raise
    raise AssertionError("unreachable")
