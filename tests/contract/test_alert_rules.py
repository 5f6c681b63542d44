"""The alert rules: accepted by Prometheus' own tool, firing when they should, about metrics that exist."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from steward.testing.system import System

RULES = Path(__file__).parents[2] / "deploy" / "prometheus"


def promtool(*arguments: str) -> None:
    done = subprocess.run(["promtool", *arguments], check=False, cwd=RULES, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_accepts_the_rules() -> None:
    promtool("check", "rules", "steward.rules.yml")


def test_the_alerts_fire_when_they_should() -> None:
    promtool("test", "rules", "steward.rules.test.yml")


def test_every_metric_that_an_alert_asks_for_is_exported(system: System) -> None:
    asked = set(re.findall(r"steward_[a-z_]+", (RULES / "steward.rules.yml").read_text()))
    pages = [httpx.get(f"http://127.0.0.1:{system.rows(name)[0].port}/metrics").text for name in ("tickets", "clocks", "duties")]
    known = {family.name for page in pages for family in text_string_to_metric_families(page)}
    stems = {re.sub(r"_(bucket|total|sum|count)$", "", name) for name in asked}
    assert stems <= known
