"""What goes wrong in the code of handlers and calls, by the name of the shelf."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import eventlet
import greenlet

from parcels import faults

RAISED = {"timeout": eventlet.Timeout, "exit": greenlet.GreenletExit}
"""Not even Exceptions: who catches only those never settles the message."""
UNWRITABLE: dict[str, Any] = {"object": object(), "bytes": b"\xff", "set": {1}, "key": {(1, 2): 3}, "deep": None}
"""Answers that JSON cannot hold."""
DEADLY = "deadly"
"""As long as this order is there, a parcel for the shelf of that name kills whoever takes it."""
SHUT = "shut"
"""As long as this order is there, parcels for shelves whose name begins so wait."""
_LOOK_S = 0.02


def happen(shelf: str) -> None:
    """What belongs to ``shelf``."""
    if shelf in RAISED:
        raise RAISED[shelf]()
    if shelf == DEADLY and _ordered(DEADLY):
        os.kill(os.getpid(), signal.SIGKILL)
    while shelf.startswith(SHUT) and _ordered(SHUT):
        eventlet.sleep(_LOOK_S)


def answer(kind: str) -> Any:
    """What a call answers that went wrong in the way of ``kind``."""
    happen(kind)
    if kind == "deep":
        deep: list[Any] = []
        for _ in range(100_000):
            deep = [deep]
        return deep
    return UNWRITABLE[kind]


def _ordered(point: str) -> bool:
    return bool(faults.FOLDER) and (Path(faults.FOLDER) / point).exists()
