"""One supervised process: when it is started, what its health says, when it is started anew. No clock of its own: *now* is passed in."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from enum import StrEnum

from steward.local.part import Health, Part
from steward.local.processes import Process

BACKOFF_FIRST_S, BACKOFF_MOST_S = 0.2, 10.0
SETTLED_S = 30.0
"""After this long in good health the next failure is treated as the first."""

NOT_STARTED = 127

Start = Callable[[Part], "subprocess.Popen[bytes]"]


class State(StrEnum):
    WAITING = "waiting"
    """Not started yet, since it needs parts that are not ready."""
    STARTING = "starting"
    READY = "ready"
    UNREADY = "unready"
    """It was ready and says that it is not now."""
    BACKOFF = "backoff"
    """It ended; it is started again soon."""
    STOPPED = "stopped"


class Child:
    """A part and the process that runs it at present. Times are seconds of one monotonic clock."""

    def __init__(self, part: Part, start: Start) -> None:
        self.part = part
        self.state = State.WAITING
        self.process: Process | None = None
        self.restarts = 0
        self.last_exit: int | None = None
        self.was_ready = False
        self._start = start
        self._popen: subprocess.Popen[bytes] | None = None
        self._backoff_s = BACKOFF_FIRST_S
        self._due_at = 0.0
        self._well_since: float | None = None
        self._red_since: float | None = None
        self._answered = False

    @property
    def running(self) -> bool:
        return self._popen is not None

    def start(self, now: float) -> None:
        """Start the process; when the machine has no room for one, it is tried again later."""
        try:
            self._popen = self._start(self.part)
        except OSError:
            self._ended(NOT_STARTED, now)
            return
        self.process = Process.of(self._popen.pid)
        self.state = State.STARTING
        self._well_since, self._red_since, self._answered = None, now, False

    def tick(self, now: float) -> bool:
        """Notice that the process ended, start it again when that is due; True when something changed."""
        if self._popen is None:
            if self.state is not State.BACKOFF or now < self._due_at:
                return False
            self.restarts += 1
            self.start(now)
            return True
        code = self._popen.poll()
        if code is None:
            return False
        self._ended(code, now)
        return True

    def observe(self, health: Health, now: float) -> bool:
        """Take in what a probe said; True when the state changed. A process that is red too long is killed."""
        if self._popen is None:
            return False
        self._answered = self._answered or health.alive
        patience_s = self.part.patience_s if self._answered else max(self.part.start_s, self.part.patience_s)
        self._red_since = None if health.alive else (now if self._red_since is None else self._red_since)
        self._well_since = (now if self._well_since is None else self._well_since) if health.alive and health.ready else None
        if self._well_since is not None and now - self._well_since >= SETTLED_S:
            self._backoff_s = BACKOFF_FIRST_S
        if self._red_since is not None and now - self._red_since >= patience_s:
            self.send(signal.SIGKILL)
            return True
        return self._enter(self._state_by(health))

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process, if there is one."""
        if self._popen is not None and self._popen.poll() is None:
            self._popen.send_signal(number)

    def ended(self) -> bool:
        """Whether nothing runs any more; while stopping, when nothing is started again."""
        if self._popen is not None and self._popen.poll() is not None:
            self.last_exit, self._popen, self.process = self._popen.returncode, None, None
        if self._popen is None:
            self.state = State.STOPPED
        return self._popen is None

    def _ended(self, code: int, now: float) -> None:
        self.last_exit, self._popen, self.process = code, None, None
        self.state = State.BACKOFF
        self._due_at = now + self._backoff_s
        self._backoff_s = min(self._backoff_s * 2, BACKOFF_MOST_S)

    def _state_by(self, health: Health) -> State:
        if health.ready:
            self.was_ready = True
            return State.READY
        return State.STARTING if self.state is State.STARTING else State.UNREADY

    def _enter(self, state: State) -> bool:
        changed, self.state = self.state is not state, state
        return changed
