"""What is wrong in a policy folder is told service by service, as it would be at their start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from steward.local.policies import judge
from steward.plugins import installed_services


def wrong(folder: Path) -> dict[str, str]:
    return {found.service: found.said for found in judge(folder) if found.mend}


def test_shipped_policy_is_sound_and_every_service_is_named(tmp_path: Path) -> None:
    found = list(judge(None))
    assert not [judgement for judgement in found if judgement.mend]
    assert {judgement.service for judgement in found} == {"roles", "bus", "gateway", *installed_services()}
    assert not wrong(tmp_path)


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("clocks", "[project.yh.clocks.desk-accept]\nlimit_s = -1", "{file} [project.yh]: clocks.desk-accept.limit_s: -1 is not"),
        ("duties", "[duties.patrol]\nrole = 'gardener'", "{file}: duties.patrol: role: 'gardener' is none of"),
        ("duties", "[project]\nyh = 3", "{file}: project: expected tables"),
        ("tickets", "[retry\n", "{file}: Expected ']'"),
        ("tickets", "[retry]\njitter = 3", "{file}: [retry] jitter: expected a share from 0 to 1"),
        ("dispatch", "[project.yh]\nshifts = 'soon'", "{file} [project.yh]: shifts: expected a table"),
        ("identity", "[token]\nlifetime_s = 'long'", "{file}: token.lifetime_s: expected a number"),
        ("identity", "[second_factor]\nroles = ['adnim']", "{file}: second_factor.roles: no role is called 'adnim': did you mean admin?"),
        ("notify", "[quiet]\nhours = [['12:00', '25:00']]", "{file}: hour must be in 0..23"),
        (
            "notify",
            "[rule.ticket-done]\ntemplate = 'finished'",
            "{file}: rule.ticket-done.template: there is no 'finished' for the channel sms",
        ),
        ("notify", "[rule.mine]\nevents = ['tickets.raised']", "{file}: audience: is missing"),
        (
            "residents",
            "[project.yh.approvals.full_file]\nroles = ['manger']",
            "{file} [project.yh]: approvals.full_file: roles: there is no role 'manger'",
        ),
        ("residents", "[approvals.gold_card]\nroles = ['manager']\nhours = 1", "{file}: approvals: there is no 'gold_card'"),
        ("gateway", "max_boddy = 3", "{file}: got an unexpected keyword argument 'max_boddy'"),
        ("ticket", "", "{file}: nobody reads it"),
    ],
)
def test_what_is_wrong_is_told_of_its_service_alone(tmp_path: Path, file: str, text: str, said: str) -> None:
    path = tmp_path / f"{file}.toml"
    path.write_text(text, encoding="utf-8")
    found = wrong(tmp_path)
    assert set(found) == {file}
    assert found[file].startswith(said.replace("{file}", str(path)))


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("bus", "[breaker]\nfailures = 0", ": [breaker] failures: expected"),
        ("roles", "[roles.desk]\nwhithout = []", ":2: desk: there is no"),
    ],
)
def test_what_is_wrong_for_all_is_told_once(tmp_path: Path, file: str, text: str, said: str) -> None:
    (tmp_path / f"{file}.toml").write_text(text)
    found = wrong(tmp_path)
    assert found.pop(file).startswith(f"{tmp_path / file}.toml{said}")
    assert set(found.values()) == {f"as {file}"} and "tickets" in found


def test_a_service_that_cannot_be_read_is_not_blamed_on_roles(tmp_path: Path) -> None:
    (tmp_path / "roles.toml").write_text("[roles.desk]\nwithout = ['tickets.settle']")
    (tmp_path / "clocks.toml").write_text("[clocks.desk-accept]\nstop = ['tickets.acepted']")
    argv = [sys.executable, "-W", "ignore", "-m", "steward", "doctor"]
    environ = {**os.environ, "STEWARD_POLICY": str(tmp_path), "STEWARD_DATA": str(tmp_path / "var")}
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert [line.split()[2] for line in done.stdout.splitlines() if line.startswith("WRONG policy")] == ["clocks"], done.stdout


def test_the_doctor_goes_through_all_files_and_says_how_to_mend_each(tmp_path: Path) -> None:
    (tmp_path / "clocks.toml").write_text("[clocks.desk-accept]\nstop = ['tickets.acepted']")
    (tmp_path / "duties.toml").write_text("[duties.patrol]\nrule = 'FREQ=NEVER'")
    (tmp_path / "tickets.toml").write_text("limit = = 3")
    (tmp_path / "dutys.toml").write_text("")
    argv = [sys.executable, "-W", "ignore", "-m", "steward", "doctor"]
    environ = {**os.environ, "STEWARD_POLICY": str(tmp_path), "STEWARD_DATA": str(tmp_path / "var")}
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    bad = {line.split()[2]: lines[place + 1].strip() for place, line in enumerate(lines) if line.startswith("WRONG policy")}
    assert set(bad) == {"clocks", "duties", "tickets", "dutys"}
    assert bad["dutys"] == "→ call it duties.toml"
    assert "did you mean tickets.accepted?" in done.stdout
