"""What runs, written down by the supervisor for everybody else: ``run/processes.json``."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO, Any

from steward.local.child import Child
from steward.local.errors import AlreadyRunning
from steward.local.part import Stage
from steward.local.place import Place, read_json, write_private
from steward.local.processes import Process


@dataclass(frozen=True, slots=True)
class Row:
    """One process as it was last written down. ``process`` is None while it does not run."""

    name: str
    replica: int
    process: Process | None
    port: int
    restarts: int
    state: str
    stage: Stage
    url: str = ""

    @property
    def label(self) -> str:
        return f"{self.name}-{self.replica}"


@dataclass(frozen=True, slots=True)
class Roster:
    """All that was written down. ``state``: starting, ready or stopping; "" when there is nothing."""

    supervisor: Process | None
    state: str
    url: str
    rows: tuple[Row, ...]

    def living(self) -> list[Process]:
        """The processes, other than the supervisor, that still run."""
        return [row.process for row in self.rows if row.process and row.process.lives()]

    def runs(self) -> bool:
        """Whether the supervisor still runs."""
        return self.supervisor is not None and self.supervisor.lives()

    def get(self, name: str, replica: int = 0) -> Row | None:
        """The row of one process."""
        return next((row for row in self.rows if (row.name, row.replica) == (name, replica)), None)


def read(place: Place) -> Roster:
    """What was written down last; empty when there is nothing."""
    found = read_json(place.processes)
    return Roster(
        _process(found.get("supervisor")),
        found.get("state", ""),
        found.get("url", ""),
        tuple(_row(row) for row in found.get("processes", ())),
    )


def write(place: Place, state: str, url: str, children: Iterable[Child]) -> None:
    """Write down what runs now. Raises OSError."""
    document = {
        "supervisor": _pair(Process.of(os.getpid())),
        "state": state,
        "url": url,
        "processes": [_document(child) for child in children],
    }
    write_private(place.processes, json.dumps(document, indent=1))


def hold(place: Place) -> IO[str]:
    """Take the folder for this supervisor; keep the file open as long as it works. Raises AlreadyRunning."""
    file = place.lock.open("a", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise AlreadyRunning(f"Steward already runs from {place.data}: see `steward status`, end it with `steward stop`") from None
    return file


def _document(child: Child) -> dict[str, Any]:
    part = child.part
    return {
        "name": part.name, "replica": part.replica, "process": _pair(child.process), "port": part.port,
        "restarts": child.restarts, "state": str(child.state), "stage": part.stage.name, "url": part.url,
    }  # fmt: skip


def _row(row: dict[str, Any]) -> Row:
    process, stage = _process(row["process"]), Stage[row["stage"]]
    return Row(row["name"], row["replica"], process, row["port"], row["restarts"], row["state"], stage, row["url"])


def _pair(process: Process | None) -> list[int] | None:
    return [process.pid, process.started] if process else None


def _process(pair: list[int] | None) -> Process | None:
    return Process(*pair) if pair else None
