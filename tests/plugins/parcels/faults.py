"""Faults to order, for tests of what must hold all the same.

The environment names a folder (``PARCELS_FAULTS``). A test puts an order for a point into it; the first process that
passes that point takes the order away and carries it out. So each order is carried out exactly once, however many
processes pass at the same moment, and the test sees when. An order may say while doing what: a method, or the name of
an event. With ``PARCELS_FAULTS_ANYWHERE`` the points are in whichever service the process runs.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import eventlet
from eventlet import tpool
from eventlet.event import Event
from eventlet.patcher import original
from pymongo.client_session import ClientSession

from steward.bus.intake import Delivery
from steward.bus.postbox import Postbox
from steward.bus.serving import CallDesk
from steward.store.work import Work

FOLDER = os.environ.get("PARCELS_FAULTS", "")

BEFORE_COMMIT = "before-commit"
"""Everything is decided and nothing written."""
WITHIN_COMMIT = "within-commit"
"""Everything is written in a transaction that is open."""
AFTER_COMMIT = "after-commit"
"""The effect is there; the broker has not been told."""
AFTER_ACK = "after-ack"
BEFORE_PUBLISH = "before-publish"
AFTER_PUBLISH = "after-publish"
"""The broker has confirmed the events; the outbox still holds them."""
POINTS = (BEFORE_COMMIT, WITHIN_COMMIT, AFTER_COMMIT, AFTER_ACK, BEFORE_PUBLISH, AFTER_PUBLISH)
LOSE_ANSWER = "lose-answer"
"""The call is carried out, and its answer never sent."""
STUCK = "stuck"
"""The next parcel for the shelf of that name is never done."""
BROKEN = "broken"
"""As long as this order is there, shelves called mendable break."""


def order(folder: Path, point: str, doing: str = "") -> None:
    """Order what belongs to ``point``, once: for the first who passes it while ``doing`` that."""
    (folder / f".{point}").write_text(doing)
    (folder / f".{point}").rename(folder / point)


def mend(folder: Path, point: str) -> None:
    """Take back what was ordered for ``point``."""
    (folder / point).unlink()


def waiting(folder: Path, point: str) -> bool:
    """Whether nobody has passed ``point`` yet."""
    return (folder / point).exists()


def runs(folder: Path) -> list[str]:
    """What handlers and calls have begun on, one line each time: the event's or the call's key."""
    path = folder / "runs"
    return path.read_text().split() if path.exists() else []


def note(key: str) -> None:
    """Somebody begins on ``key``. One write: it is there though the process be killed in the next moment."""
    if FOLDER:
        file = os.open(Path(FOLDER) / "runs", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(file, f"{key}\n".encode())
        os.close(file)


def taken(point: str, doing: str = "") -> bool:
    """Whether there was an order for ``point``, and for who is ``doing`` that, which is ours now."""
    path = Path(FOLDER) / point
    try:
        if path.read_text() not in doing:
            return False
        path.unlink()
    except FileNotFoundError:
        return False
    return True


def pass_by(point: str, doing: str = "") -> None:
    """End this process as a power cut would, if that was ordered for ``point``."""
    if FOLDER and taken(point, doing):
        os.kill(os.getpid(), signal.SIGKILL)


def misbehave(shelf: str) -> None:
    """``busy-3`` keeps the processor, and with it the process, for 3 s; ``aside-3`` does so in a thread; ``slow-3`` only waits."""
    kind, _, seconds = shelf.partition("-")
    if kind == "busy":
        until = time.monotonic() + float(seconds)
        while time.monotonic() < until:
            pass
    if kind == "slow":
        eventlet.sleep(float(seconds))
    if kind == "aside":
        tpool.execute(original("time").sleep, float(seconds))
    if shelf == STUCK and taken(STUCK):
        Event().wait()
    if shelf == "mendable" and (Path(FOLDER) / BROKEN).exists():
        raise ValueError("this shelf is broken at present")


def install() -> None:
    """Put the points into the kit; without a folder, change nothing."""
    if FOLDER:
        Work.__exit__ = _around(Work.__exit__, BEFORE_COMMIT, AFTER_COMMIT, lambda work, kind, *_: kind is None and work.wrote, _waker)  # type: ignore[method-assign]
        ClientSession.commit_transaction = _around(ClientSession.commit_transaction, WITHIN_COMMIT, "")  # type: ignore[method-assign]
        Delivery.ack = _around(Delivery.ack, "", AFTER_ACK)  # type: ignore[method-assign]
        Postbox.send_all = _around(Postbox.send_all, BEFORE_PUBLISH, AFTER_PUBLISH, _events, _told)  # type: ignore[method-assign]
        CallDesk.tell = _unless(CallDesk.tell, LOSE_ANSWER)  # type: ignore[method-assign]


def _always(*_: Any) -> bool:
    return True


def _events(_: Any, messages: Any) -> bool:
    """Whether it is the relay that publishes, not a handler that sends a message around."""
    return any(message.exchange.endswith(".events") for message in messages)


def _nothing(*_: Any) -> str:
    return ""


def _waker(work: Any, *_: Any) -> str:
    return str(work._context.doing)


def _told(_: Any, messages: Any) -> str:
    return " ".join(message.routing_key for message in messages)


def _around(
    method: Callable[..., Any],
    before: str,
    after: str,
    when: Callable[..., bool] = _always,
    doing: Callable[..., str] = _nothing,
) -> Callable[..., Any]:
    @wraps(method)
    def around(*args: Any, **more: Any) -> Any:
        if before and when(*args):
            pass_by(before, doing(*args))
        result = method(*args, **more)
        if after and when(*args):
            pass_by(after, doing(*args))
        return result

    return around


def _unless(method: Callable[..., None], point: str) -> Callable[..., None]:
    @wraps(method)
    def unless(*args: Any, **more: Any) -> None:
        if not taken(point):
            method(*args, **more)

    return unless
