"""Running work again at once: when another writer was first, an event is just on its way, or something failed that may pass.

And knowing when it has been done already.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

import eventlet

from steward.bus.failures import hopeless
from steward.context import WAITED_FOR, Tries
from steward.errors import Conflict, OutOfOrder, Unavailable
from steward.store.committing import AlreadyDone

T = TypeVar("T")

CONFLICT_S = 0.005
"""The first pause after a conflict, at most; it doubles each time."""
ORDER_S = 0.02
"""The first pause when an earlier event is missing: with several replicas it is often being handled next door."""
FAILURE_S = 0.05
"""The first pause after an unexpected failure."""


def attempt(work: Callable[[], T], recorded: Callable[[], AlreadyDone | None], tries: Tries = WAITED_FOR) -> T:
    """What ``work`` returns.

    It is run up to ``tries.conflicts`` times while it meets a Conflict or an event before it is missing, and up to
    ``tries.immediate`` times when it fails in a way that is not known to be final. A failure of work whose key is
    recorded already is no failure: raises AlreadyDone then. So a model need not be idempotent: that its state has
    moved on is just what a second delivery finds.
    """
    blocked = failed = 0
    while True:
        try:
            return work()
        except (Conflict, OutOfOrder) as error:
            blocked += 1
            if blocked >= tries.conflicts:
                _unless_done(recorded, error)
                raise
            eventlet.sleep(_pause_s(error, blocked))
        except (AlreadyDone, Unavailable):
            raise
        except Exception as error:
            _unless_done(recorded, error)
            failed += 1
            if failed >= tries.immediate or hopeless(error):
                raise
            eventlet.sleep(random.uniform(0, FAILURE_S * 2**failed))


def _unless_done(recorded: Callable[[], AlreadyDone | None], error: Exception) -> None:
    done = recorded()
    if done is not None:
        raise done from error


def _pause_s(error: Conflict | OutOfOrder, blocked: int) -> float:
    doubled: int = 2 ** (blocked - 1)
    return ORDER_S * doubled if isinstance(error, OutOfOrder) else random.uniform(0, CONFLICT_S * doubled)
