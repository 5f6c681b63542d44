"""The field key of a whole installation is changed by the commands that an operator has, and people are found before, during and after."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from steward.bus.client import Client
from steward.settings import adopted, inherited
from steward.testing.system import System, running_system
from steward.testing.waiting import eventually
from tests.integration.residents.estate import Estate, roster

SERVICES = ["identity", "residents"]
ROSTER = roster("3,1,502,89.6,张三丰,13812345678,业主,2026-01-05,", "3,1,503,89.6,李四,13912345678,业主,2026-01-05,")
pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


def steward(system: System, *command: str) -> int:
    """The exit code of a command that an operator gives, who has no secrets in their environment."""
    environ = {name: value for name, value in inherited().items() if not name.startswith("STEWARD_")}
    argv = [sys.executable, "-m", "steward", *command]
    return subprocess.run(argv, env={**environ, "STEWARD_DATA": str(system.place.data)}, check=False).returncode


def works(system: System, estate: Estate, logged_in: dict[str, str]) -> None:
    """Log-in, search by name and phone, and the same roster once more, which files nobody twice."""
    assert estate.http.post("/auth/token", json=logged_in).status_code == 200
    for query in ("张三丰", "zsf", "13812345678"):
        assert [hit["person"]["name"] for hit in estate.get(f"~/search?q={query}")["items"]] == ["张三丰"]
    estate.load(ROSTER)
    assert sorted(person["name"] for person in estate.get("~/people")["items"]) == ["张三丰", "李四"]


def test_people_are_found_before_during_and_after_a_change_of_the_key(tmp_path: Path) -> None:
    with running_system(tmp_path, services=SERVICES) as system:
        with adopted(system.environ), Client() as operator:
            estate = Estate(system, operator)
            made = operator.call("identity", "add_user", body={"username": "li", "name": "李", "password": "correct horse", "grants": {}})
            assert made["id"]
        logged_in = {"username": "li", "password": "correct horse"}
        estate.load(ROSTER)
        works(system, estate, logged_in)
        for command in ("rotate", "retire"):
            eventually(lambda: steward(system, "keys", "status") == 0, "nothing needs another key", within_s=120)
            assert steward(system, "keys", command) == 0
            system.stop()
            system.start()
            works(system, estate, logged_in)
        assert system.settings.other_field_keys == ()
        assert steward(system, "audit", "verify") == 0
        estate.http.close()
