"""``steward replay`` of a made-up day: each usable row one ticket, however often it is repeated or broken off."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo import MongoClient

from steward.ids import new_id
from steward.testing.days import write_day
from steward.testing.system import System, running_system
from steward.testing.waiting import eventually

pytestmark = pytest.mark.timeout(600)

ROWS, UNUSABLE = 40, 10
PATIENCE_S = 300
PLUGINS = Path(__file__).parents[2] / "plugins"
SETTLED = {"lost": "0", "duplicated": "0", "unexpected": "0", "not yet published": "0", "requests refused": "0"}


class Replay:
    """Replays of one generated file into a project of its own."""

    def __init__(self, system: System, folder: Path) -> None:
        self.system, self.project = system, f"r{new_id()}"
        self.file = folder / "day.csv"
        write_day(self.file, ROWS, seed=11, unusable=UNUSABLE)

    def start(self, *options: str) -> subprocess.Popen[str]:
        argv = [sys.executable, "-m", "steward", "replay", str(self.file), "--project", self.project, *options]
        environ = self.system.environ | {"COLUMNS": "200"}
        return subprocess.Popen(argv, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def run(self, *options: str) -> tuple[int, Mapping[str, str], str]:
        """Exit code, the table, and all that was printed."""
        process = self.start(*options)
        try:
            printed, _ = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
        cells = re.findall(r"^│ (.+?) +│ (.+?) +│$", printed, re.MULTILINE)
        return process.returncode, dict(cells), printed

    def tickets(self) -> int:
        """How many there are in the store itself."""
        with MongoClient[dict[str, object]](self.system.settings.mongo_uri) as client:
            return client["steward_tickets"]["tickets"].count_documents({"project": self.project})

    def clocks_of_tickets(self) -> int:
        """How many were started but for offers: how many of those are made while all hands are full is a matter of the moment."""
        with MongoClient[dict[str, Any]](self.system.settings.mongo_uri) as client:
            entries = list(client["steward_clocks"]["journal"].find({"project": self.project}))
        started = [event for entry in entries for event in entry["events"] if event["type"] == "clocks.started"]
        return sum(event["data"]["subject"].startswith("tickets/") for event in started)

    def recorded(self) -> int:
        """How many outcomes the replay has written down."""
        files = (self.system.settings.data / "replay").glob(f"{self.project}-*.jsonl")
        return sum(len(file.read_text().splitlines()) for file in files)


@pytest.fixture
def replay(system: System, tmp_path: Path) -> Replay:
    system.wait_ready()
    return Replay(system, tmp_path)


def assert_all_raised(table: Mapping[str, str], code: int, printed: str) -> None:
    assert code == 0, printed
    assert table.items() >= SETTLED.items(), printed
    for counted in ("acknowledged (201)", "raised", "dispatched"):
        assert table[counted] == str(ROWS), printed
    assert table["rows of no use"] == str(UNUSABLE)


def test_a_replay_raises_each_usable_row_once_and_a_second_one_raises_nothing(replay: Replay) -> None:
    code, first, printed = replay.run()
    assert_all_raised(first, code, printed)
    assert printed.count(" is not used: ") == UNUSABLE
    assert replay.tickets() == ROWS
    code, second, printed = replay.run()
    assert_all_raised(second, code, printed)
    assert replay.tickets() == ROWS
    assert second["messages queued"] == first["messages queued"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_replay_that_was_broken_off_goes_on_where_it_was(replay: Replay, how: signal.Signals) -> None:
    process = replay.start("--rate", "10", "--callers", "3")
    try:
        eventually(lambda: replay.recorded() >= 8, "some are raised")
        process.send_signal(how)
        process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
    assert process.returncode != 0
    assert 0 < replay.tickets() < ROWS
    code, table, printed = replay.run()
    assert_all_raised(table, code, printed)
    assert replay.tickets() == ROWS


def test_another_file_and_another_project_do_not_disturb_each_other(replay: Replay, tmp_path: Path) -> None:
    code, table, printed = replay.run()
    assert_all_raised(table, code, printed)
    write_day(replay.file, ROWS, seed=12, unusable=UNUSABLE)
    code, table, printed = replay.run()
    assert_all_raised(table, code, printed)
    assert replay.tickets() == 2 * ROWS


def each_gateway_has_answered(system: System) -> bool:
    """Asks once more, on a connection of its own."""
    httpx.get(f"{system.url}/healthz")
    rows = system.rows("gateway")
    told = [httpx.get(f"http://127.0.0.1:{row.port}/metrics").text for row in rows]
    return len(rows) == 2 and all("steward_http_request_seconds_count" in text for text in told)


def test_two_replicas_of_everything_come_to_the_same_result(replay: Replay, tmp_path: Path) -> None:
    _, alone, _ = replay.run()
    with running_system(tmp_path / "two", replicas={"all": 2}, env={"PYTHONPATH": str(PLUGINS)}) as system:
        twin = Replay(system, tmp_path)
        code, table, printed = twin.run()
        assert_all_raised(table, code, printed)
        assert twin.tickets() == ROWS
        eventually(lambda: each_gateway_has_answered(system), "the kernel gives connections to both gateways")
        wanted = replay.clocks_of_tickets()
        eventually(lambda: twin.clocks_of_tickets() == wanted, f"{wanted} clocks run")
    for counted in ("raised", "dispatched", "messages queued"):
        assert table[counted] == alone[counted], counted
