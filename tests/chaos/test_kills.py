"""SIGKILL of any one process, under load: every acknowledged ticket is dispatched, clocked and announced once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from steward.testing.chaos import Plan, run

PLUGINS = Path(__file__).parents[1] / "plugins"
PARTS = {
    "broker", "broker-names", "store", "sms-operator", "gateway",
    "tickets", "dispatch", "clocks", "duties", "notify", "residents", "identity", "parcels",
}  # fmt: skip


def storm(folder: Path, plan: Plan) -> Mapping[str, list[float]]:
    result = run(folder, plan, print, {"PYTHONPATH": str(PLUGINS)})
    assert {kind: rows for kind, rows in result.faults().items() if rows} == {}
    assert result.account.acknowledged == plan.tickets
    return result.recovery_s


@pytest.mark.timeout(900)
def test_each_process_killed_once_costs_no_ticket_and_doubles_none(tmp_path: Path) -> None:
    killed = storm(tmp_path, Plan(seed=1, tickets=150, kills=len(PARTS)))
    assert set(killed) == PARTS


@pytest.mark.timeout(900)
def test_with_two_replicas_of_everything_one_of_them_killed_costs_no_ticket_and_doubles_none(tmp_path: Path) -> None:
    storm(tmp_path, Plan(seed=2, tickets=60, kills=5, replicas={"all": 2}, targets=("tickets", "dispatch", "clocks", "notify", "gateway")))
