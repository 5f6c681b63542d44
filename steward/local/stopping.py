"""Ending what runs, also what an earlier supervisor left behind."""

from __future__ import annotations

import signal
from collections.abc import Callable

from steward.local import roster
from steward.local.place import Place
from steward.local.processes import Process, end, wait_until

SUPERVISOR_S = 120.0
"""A supervisor stops its parts in order, each with its own grace."""
LEFTOVER_S = 25.0


def stop(place: Place, told: Callable[[str], None] = lambda line: None) -> bool:
    """End the supervisor of ``place`` and every process that it started; True when something ran."""
    found = roster.read(place)
    ran = found.runs()
    if found.supervisor and found.supervisor.send(signal.SIGTERM):
        told("stopping …")
        if not wait_until(lambda: not found.runs(), SUPERVISOR_S):
            told("the supervisor did not stop in time and is killed")
            found.supervisor.send(signal.SIGKILL)
    return bool(end_leftovers(place, told)) or ran


def end_leftovers(place: Place, told: Callable[[str], None] = lambda line: None) -> list[Process]:
    """End the processes that were written down and still run though their supervisor does not; returns them."""
    left = roster.read(place).living()
    if left:
        told(f"ending {len(left)} processes of an earlier start")
        end(left, LEFTOVER_S)
    return left
