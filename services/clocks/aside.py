"""Watches that cannot be fired: set aside for longer and longer, so that they cost the others nothing."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from services.clocks.store import UNFIREABLE, WATCHES
from steward.ids import new_id
from steward.store.provider import StoreOf

log = logging.getLogger(__name__)

FIELD = "next_at"


class Failed(NamedTuple):
    """A watch, in the ``version`` that was read, whose step could not be told."""

    watch: str
    subject: str
    version: int | None
    error: Exception


def failed(document: Mapping[str, Any], error: Exception) -> Failed:
    """Of a kept ``document`` that is no watch."""
    return Failed(document["_id"], str(document.get("subject", "?")), document.get("version"), error)


def set_aside(store: StoreOf, what: Failed, now: datetime, delays_s: list[float]) -> None:
    """Not to be tried before the next of ``delays_s`` has passed, the last of them again and again. Logged each time."""
    known = store.read.plain(UNFIREABLE.name, what.watch) or {"failures": 0, "since": now}
    failures = known["failures"] + 1
    until = now + timedelta(seconds=delays_s[min(failures, len(delays_s)) - 1])
    if not store.put_off(WATCHES, FIELD, what.watch, what.version, until):
        return  # something else has happened to it meanwhile
    log.error("clocks of %s cannot be fired (%d), set aside until %s", what.subject, failures, until, exc_info=what.error)
    with store.work(key=f"aside:{new_id()}", lenient=True) as work:
        told = {"subject": what.subject, "error": type(what.error).__name__, "failures": failures, "until": until}
        work.keep(UNFIREABLE.name, {"_id": what.watch, "since": known["since"], **told})


def still_aside(store: StoreOf, now: datetime, trial: timedelta) -> int:
    """How many are set aside; those that have been fired, or need not be any more, are forgotten.

    What may be tried again since less than ``trial`` may be on its way to being set aside anew.
    """
    waiting = {one["_id"]: one["until"] for one in store.read.plain_where(UNFIREABLE.name, {})}
    found = {one["_id"]: one.get(FIELD) for one in store.read.plain_where(WATCHES.collection, {"_id": {"$in": list(waiting)}})}
    # Once somebody has saved it, it is due when one of its clocks is.
    kept = {watch for watch, due_at in found.items() if due_at == waiting[watch] or now - trial < waiting[watch] <= now}
    if gone := waiting.keys() - kept:
        with store.work(key=f"aside:{new_id()}", lenient=True) as work:
            for watch in gone:
                work.drop(UNFIREABLE.name, watch)
    return len(kept)
