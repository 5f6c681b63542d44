"""Processes of ours: known by pid *and* start time, so that a reused pid is never taken for one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LEASH = Path(__file__).with_name("leash.py")
_STATE, _STARTED = 0, 19
"""Fields of /proc/PID/stat, counted behind the command's name."""


@dataclass(frozen=True, slots=True)
class Process:
    """One process. ``started`` is in clock ticks since boot, as in ``/proc/PID/stat``."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> Process | None:
        """The process that has ``pid`` now, None if there is none (a zombie is none)."""
        fields = _stat(pid)
        return cls(pid, int(fields[_STARTED])) if fields and fields[_STATE] not in "ZX" else None

    def lives(self) -> bool:
        """Whether this very process still runs."""
        return Process.of(self.pid) == self

    def send(self, number: signal.Signals) -> bool:
        """Send it a signal; False when it has ended."""
        if not self.lives():
            return False
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return False
        return True

    def rss_bytes(self) -> int:
        """Its resident memory in bytes, 0 when it has ended."""
        try:
            pages = Path(f"/proc/{self.pid}/statm").read_text().split()[1]
        except (OSError, IndexError):
            return 0
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _stat(pid: int) -> list[str]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def spawn(argv: Sequence[str], environ: Mapping[str, str], log: Path, folder: Path | None = None) -> subprocess.Popen[bytes]:
    """Start ``argv`` in a process group of its own, on the leash of this process, its output appended to ``log``.

    Its own group: Ctrl-C at the terminal reaches the supervisor alone, which then stops the parts in order. Raises OSError.
    """
    command = [sys.executable, "-S", "-E", str(LEASH), str(os.getpid()), *argv]
    with log.open("ab") as output:
        return subprocess.Popen(
            command, env=dict(environ), cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output, process_group=0
        )


def wait_until(condition: Callable[[], bool], within_s: float, every_s: float = 0.05) -> bool:
    """Whether ``condition`` came true within ``within_s`` seconds."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every_s)
    return True


def end(processes: Iterable[Process], grace_s: float) -> list[Process]:
    """SIGTERM to all, after ``grace_s`` seconds SIGKILL to those left. Returns those that had to be killed."""
    mine = list(processes)
    for process in mine:
        process.send(signal.SIGTERM)
    wait_until(lambda: not any(process.lives() for process in mine), grace_s)
    killed = [process for process in mine if process.send(signal.SIGKILL)]
    wait_until(lambda: not any(process.lives() for process in killed), 5)
    return killed
