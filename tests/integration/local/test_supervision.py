"""The supervisor as ``steward up`` runs it, with broker, store and gateway but no service."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from steward.local.part import Stage
from steward.local.processes import Process, wait_until
from steward.testing.system import System, processes_of, running_system

BACK_S = 60


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(tmp_path_factory.mktemp("small"), services=[]) as running:
        yield running


def steward(system: System, *arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "steward", *arguments]
    return subprocess.run(argv, env=system.environ, capture_output=True, text=True, check=False, timeout=150)


def test_everything_is_ready_and_written_down(small: System) -> None:
    names = [row.name for row in small.roster().rows]
    assert names == ["broker-names", "broker", "store", "sms-operator", "gateway"]
    assert httpx.get(small.url + "/readyz").status_code == 200
    assert (small.place.processes.stat().st_mode & 0o077) == 0


@pytest.mark.parametrize("name", ["gateway", "broker-names", "store", "broker"])
def test_a_killed_part_comes_back_at_the_same_address(small: System, name: str) -> None:
    before, restarts, address = small.pids(name), small.restarts(name), small.rows(name)[0].port
    assert small.kill(name, signal.SIGKILL) == before
    began = time.monotonic()
    small.wait_ready(BACK_S)
    print(f"\n{name} killed: everything ready again after {time.monotonic() - began:.1f} s")
    assert small.pids(name) != before
    assert (small.restarts(name), small.rows(name)[0].port) == (restarts + 1, address)


def test_a_part_that_is_alive_and_deaf_is_killed_and_started_again(small: System) -> None:
    """A stopped process still holds its port; only its silence gives it away."""
    (before,) = small.pids("gateway")
    small.kill("gateway", signal.SIGSTOP)
    assert wait_until(lambda: small.pids("gateway") not in ([before], []), BACK_S)
    small.wait_ready(BACK_S)


def test_a_second_start_in_the_same_folder_is_refused_in_one_line(small: System) -> None:
    done = steward(small, "up")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "already runs" in done.stderr


def test_status_and_doctor_find_it_well(small: System) -> None:
    status, doctor = steward(small, "status"), steward(small, "doctor")
    assert status.returncode == 0 and "gateway-0" in status.stdout
    assert doctor.returncode == 0, doctor.stdout
    assert "WRONG" not in doctor.stdout


def test_an_unknown_service_is_refused_in_one_line(small: System) -> None:
    done = steward(small, "up", "--replicas", "parks=2")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)


def test_stop_leaves_no_process(tmp_path: Path) -> None:
    with running_system(tmp_path, services=[]) as running:
        began = time.monotonic()
        assert steward(running, "stop").returncode == 0
        print(f"\nstopped in {time.monotonic() - began:.1f} s")
        assert wait_until(lambda: not processes_of(tmp_path), 5)
        assert steward(running, "status").returncode == 1


def test_a_killed_supervisor_takes_everything_along_and_the_next_start_works(tmp_path: Path) -> None:
    with running_system(tmp_path, services=[]) as running:
        supervisor = running.roster().supervisor
        assert supervisor is not None and supervisor.send(signal.SIGKILL)
        assert wait_until(lambda: not processes_of(tmp_path), 60)
    with running_system(tmp_path, services=[]) as again:
        assert httpx.get(again.url + "/readyz").status_code == 200


def test_what_an_earlier_start_left_behind_is_ended_first(tmp_path: Path) -> None:
    left = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])
    process = Process.of(left.pid)
    assert process
    row = {
        "name": "tickets", "replica": 0, "process": [process.pid, process.started], "port": 1, "restarts": 0,
        "state": "ready", "stage": Stage.SERVICES.name, "url": "",
    }  # fmt: skip
    stranger = row | {"process": [os.getpid(), 1]}  # the pid of another process by now
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "processes.json").write_text(json.dumps({"processes": [row, stranger]}))
    with running_system(tmp_path, services=[]):
        assert left.wait(5) == -signal.SIGTERM
