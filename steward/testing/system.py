"""The whole system, as ``steward up`` runs it, for tests, benchmarks and fault injection.

with running_system(folder, replicas={"tickets": 2}) as system:
    httpx.get(system.url + "/readyz")
    system.kill("tickets", signal.SIGKILL)
    system.wait_ready()
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from steward import settings
from steward.local import logs
from steward.local.attach import environment
from steward.local.part import Stage, http_probe
from steward.local.place import Place
from steward.local.ports import LOOPBACK, free_port
from steward.local.processes import Process, end, spawn, wait_until
from steward.local.roster import Roster, Row
from steward.local.roster import read as read_roster
from steward.settings import Settings

START_S = 180.0
STOP_S = 120.0
LOOK_S = 3.0
LINE = 240
CALM = ('"level": "info"', '"level": "debug"')
"""Marks of lines of a log that explain nothing."""


class SystemFailed(AssertionError):
    """The system did not start, did not recover, or left something behind. The message ends with the tails of its logs."""


class System:
    """One system of its own: own data folder, own ports, own broker and store."""

    def __init__(self, folder: Path, environ: Mapping[str, str], arguments: Iterable[str]) -> None:
        self.place = Place(folder)
        self._given = {**environ, "STEWARD_DATA": str(folder)}
        self._argv = [sys.executable, "-m", "steward", "up", *arguments]
        self._supervisor: subprocess.Popen[bytes] | None = None

    # looking

    @property
    def url(self) -> str:
        """Where the gateway answers, ``http://host:port``."""
        return f"http://{self._given['STEWARD_HTTP']}"

    @property
    def environ(self) -> dict[str, str]:
        """The environment in which a command finds this system: its secrets and the addresses of broker and store too."""
        return environment(self.place, self._given)

    @property
    def settings(self) -> Settings:
        """What a command on this machine would read, with the addresses of broker and store."""
        return Settings.from_env(self.environ)

    def roster(self) -> Roster:
        """What the supervisor has written down last."""
        return read_roster(self.place)

    def rows(self, name: str, replica: int | None = None) -> list[Row]:
        """The processes of ``name``: a service, ``gateway``, ``broker``, ``store`` or ``sms-operator``."""
        return [row for row in self.roster().rows if row.name == name and replica in (None, row.replica)]

    def pids(self, name: str) -> list[int]:
        """The pids of all replicas of ``name`` that run now."""
        return [row.process.pid for row in self.rows(name) if row.process and row.process.lives()]

    def restarts(self, name: str) -> int:
        """How often replicas of ``name`` were started again."""
        return sum(row.restarts for row in self.rows(name))

    def log(self, name: str, replica: int = 0) -> str:
        """All that ``name`` has written; of the supervisor itself with name ``supervisor``."""
        path = self._log("supervisor" if name == "supervisor" else f"{name}-{replica}")
        return path.read_text(errors="replace") if path.exists() else ""

    def ready(self) -> bool:
        """Whether every process runs and says of itself, now, that it can work."""
        found = self.roster()
        if not found.runs() or found.state != "ready":
            return False
        return all(row.state == "ready" and row.process is not None and row.process.lives() for row in found.rows) and all(
            http_probe(row.port)().ready for row in found.rows if row.stage >= Stage.SERVICES
        )

    # acting

    def start(self, within_s: float = START_S) -> None:
        """Start it and wait until it is ready. Raises SystemFailed."""
        self.place.make()
        self._supervisor = spawn(self._argv, self._given, self._log("supervisor"))  # ends with the test run, however that ends
        self.wait_ready(within_s)

    def wait_ready(self, within_s: float = START_S) -> None:
        """Wait until everything is ready, e.g. after :meth:`kill`. Raises SystemFailed."""
        if not wait_until(lambda: self._gone() or self.ready(), within_s, 0.1) or self._gone():
            raise SystemFailed(f"not ready within {within_s:.0f} s\n{self._tails()}")

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL, replica: int | None = None) -> list[int]:
        """Send ``number`` to all replicas of ``name``, or to one; returns their pids. Waits until a SIGKILL has worked."""
        hit = [row.process for row in self.rows(name, replica) if row.process and row.process.send(number)]
        if number is signal.SIGKILL:
            wait_until(lambda: not any(process.lives() for process in hit), 10, 0.005)
        return [process.pid for process in hit]

    def stop(self) -> None:
        """Stop it as ``steward stop`` does. Raises SystemFailed when something is left; that is ended nevertheless."""
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is None:
            return
        supervisor.send_signal(signal.SIGTERM)
        try:
            supervisor.wait(STOP_S)
        except subprocess.TimeoutExpired:
            supervisor.kill()
            supervisor.wait()
        wait_until(lambda: not processes_of(self.place.data), 5)
        if left := processes_of(self.place.data):
            names = [_command(process) for process in left]
            end(left, 5)
            raise SystemFailed(f"left behind: {names}\n{self._tails()}")

    # failing

    def _gone(self) -> bool:
        return self._supervisor is None or self._supervisor.poll() is not None

    def _log(self, label: str) -> Path:
        return self.place.logs / f"{label}.log"

    def account(self) -> str:
        """How every process is, what it says of its health, and the last warnings that it wrote: for who must explain a failure."""
        return "\n".join(line for row in self.roster().rows for line in self._account(row))

    def _account(self, row: Row) -> Iterator[str]:
        yield f"{row.label} {row.state}, {row.restarts} restarts{''.join(_complaints(row))}"
        written = logs.tail(self._log(row.label), 200).splitlines()
        yield from (f"  {line[:LINE]}" for line in [line for line in written if not any(mark in line for mark in CALM)][-3:])

    def _tails(self) -> str:
        files = sorted(self.place.logs.glob("*.log"))
        states = ", ".join(f"{row.label} {row.state}" for row in self.roster().rows)
        return "\n".join([states, *(f"--- {file.name}\n{logs.tail(file)}" for file in files)])


@contextmanager
def running_system(
    folder: Path,
    replicas: Mapping[str, int] | None = None,
    services: Iterable[str] | None = None,
    env: Mapping[str, str] | None = None,
    within_s: float = START_S,
) -> Iterator[System]:
    """A system that is ready, stopped at the end; its data stays in ``folder``, so the same folder starts with the same data.

    ``services``: only these beside the gateway (all by default, none for an empty one); ``env``: more settings.
    Raises SystemFailed when it does not become ready ``within_s`` seconds or leaves a process behind.
    """
    environ = {name: value for name, value in settings.inherited().items() if not name.startswith("STEWARD_")}
    environ |= {"STEWARD_HTTP": f"{LOOPBACK}:{free_port()}", **(env or {})}
    arguments = [f"--replicas={name}={count}" for name, count in (replicas or {}).items()]
    if services is not None:
        arguments += [f"--only={name}" for name in (*services, "none")]
    system = System(folder, environ, arguments)
    try:
        system.start(within_s)
        yield system
    finally:
        system.stop()


def processes_of(folder: Path) -> list[Process]:
    """Every process, whoever started it, whose environment names ``folder`` as its data or the broker's home."""
    marks = (f"STEWARD_DATA={folder}\0".encode(), f"HOME={folder}/".encode())
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            environ = (entry / "environ").read_bytes()
        except OSError:
            continue
        if any(mark in environ for mark in marks) and (process := Process.of(int(entry.name))):
            found.append(process)
    return found


def _complaints(row: Row) -> Iterator[str]:
    """What a process that answers HTTP says is not well; that it does not answer, if it does not."""
    if row.stage < Stage.SERVICES:
        return
    for path in ("/healthz", "/readyz"):
        try:
            with urlopen(f"http://{LOOPBACK}:{row.port}{path}", timeout=LOOK_S):  # the address is our own
                continue
        except HTTPError as answer:
            yield f"; {path}: {answer.read(LINE).decode(errors='replace')}"
        except OSError as error:
            yield f"; {path}: {error}"


def _command(process: Process) -> str:
    try:
        return Path(f"/proc/{process.pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:120]
    except OSError:
        return str(process.pid)
