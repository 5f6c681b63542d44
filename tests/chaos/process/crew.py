"""Processes of the plug-in that a test runs, kills and replaces itself: at once, where a supervisor would wait longer each time."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from steward.local.part import Health, http_probe
from steward.local.ports import LOOPBACK, free_port
from steward.local.processes import Process, end, spawn
from steward.testing.system import System
from steward.testing.waiting import eventually

START_S = 120.0
HEARTBEAT_S = 3
"""Shorter than in production, so that a test need not wait a minute for what takes two heartbeats."""
_LOOK_S = 0.02


@dataclass(frozen=True)
class Exit:
    """One process that ended. ``code`` is negative after a signal."""

    replica: int
    code: int


@dataclass
class Replica:
    """One place in the crew and the process that has it now."""

    number: int
    port: int
    child: subprocess.Popen[bytes] | None = None
    starts: int = 0

    @property
    def health(self) -> Health:
        """What it says of itself."""
        return http_probe(self.port)() if self.child is not None else Health(False, False)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self.child is not None and self.child.poll() is None:
            self.child.send_signal(number)


class Crew:
    """``count`` processes of ``service``; one that ends is replaced at once. A context manager; ready when entered.

    ``faults`` is the folder in which the plug-in looks for orders.
    """

    def __init__(
        self,
        system: System,
        count: int = 2,
        service: str = "parcels",
        heartbeat_s: int = HEARTBEAT_S,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.faults = system.place.data / "faults"
        self.replicas = [Replica(number, free_port()) for number in range(count)]
        self.exits: list[Exit] = []
        self._service, self._logs = service, system.place.logs
        self._environ = {**system.environ, "PARCELS_FAULTS": str(self.faults), "STEWARD_LOG_LEVEL": "DEBUG", **(env or {})}
        if "STEWARD_AMQP_URI" not in (env or {}):
            self._environ["STEWARD_AMQP_URI"] += f"?heartbeat={heartbeat_s}"
        self._wanted, self._ended = True, threading.Event()
        self._watch = threading.Thread(target=self._keep_running, daemon=True)

    def __enter__(self) -> Crew:
        self.start()
        self.wait_ready()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.end()

    def start(self) -> None:
        """Start all, and wait for none."""
        self.faults.mkdir(exist_ok=True)
        self._watch.start()

    def end(self) -> None:
        """End all for good."""
        self._wanted = False
        self._ended.set()
        self._watch.join()

    def ready(self) -> bool:
        """Whether every process can work."""
        return all(replica.health.ready for replica in self.replicas)

    def wait_ready(self) -> None:
        """Wait until every process can work."""
        eventually(self.ready, f"{self._service} is ready", START_S)

    def log(self, replica: int) -> str:
        """What the processes at one place have written."""
        return self._log(replica).read_text(errors="replace")

    def replace(self, replica: int) -> float:
        """SIGTERM, as in a rolling upgrade, and wait until the successor is ready; how long the old one took to end, in seconds."""
        place, before = self.replicas[replica], len(self.exits)
        started, starts = time.monotonic(), place.starts
        place.send(signal.SIGTERM)
        eventually(lambda: len(self.exits) > before, "it ends")
        took_s = time.monotonic() - started
        eventually(lambda: place.starts > starts and place.health.ready, "its successor is ready", START_S)
        return took_s

    @contextmanager
    def away(self) -> Iterator[None]:
        """All of them are killed and stay so meanwhile; ready again at the end."""
        self._wanted = False
        for replica in self.replicas:
            replica.send(signal.SIGKILL)
        eventually(lambda: all(replica.child is None for replica in self.replicas), "all have ended")
        yield
        self._wanted = True
        self.wait_ready()

    def _log(self, number: int) -> Path:
        return self._logs / f"{self._service}-crew-{number}.log"

    def _keep_running(self) -> None:
        # The one thread that starts processes: they live on the leash of the thread that made them.
        while not self._ended.wait(_LOOK_S):
            for replica in self.replicas:
                self._look_after(replica)
        living = [process for replica in self.replicas if replica.child and (process := Process.of(replica.child.pid))]
        end(living, 20)
        for replica in self.replicas:
            if replica.child is not None:
                replica.child.wait(5)

    def _look_after(self, replica: Replica) -> None:
        code = replica.child.poll() if replica.child is not None else None
        if code is not None:
            replica.child = None
            self.exits.append(Exit(replica.number, code))
        if replica.child is None and self._wanted:
            own = {"STEWARD_HEALTH": f"{LOOPBACK}:{replica.port}", "STEWARD_REPLICA": str(replica.number)}
            argv = [sys.executable, "-m", "steward", "run", self._service]
            replica.child = spawn(argv, self._environ | own, self._log(replica.number))
            replica.starts += 1
