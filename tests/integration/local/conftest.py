from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from steward.local.part import Part
from steward.local.place import Place
from steward.local.processes import Process, end, spawn, wait_until

Run = Callable[[Sequence[Part]], list[Process]]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place(tmp_path)
    found.make()
    return found


@pytest.fixture
def run(place: Place) -> Iterator[Run]:
    """Starts parts, one after the other, each when the one before is ready."""
    started: list[tuple[subprocess.Popen[bytes], Process]] = []

    def start(parts: Sequence[Part]) -> list[Process]:
        processes = []
        for part in parts:
            child = spawn(part.argv, part.environ, place.logs / f"{part.label}.log", part.folder)
            process = Process.of(child.pid)
            assert process
            started.append((child, process))
            processes.append(process)
            assert wait_until(lambda part=part: part.probe().ready, 90, 0.1), f"{part.label} is not ready"
        return processes

    yield start
    for child, process in reversed(started):
        end([process], 30)
        child.wait(5)
