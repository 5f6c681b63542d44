"""Thousands of requests made from the document itself, valid and invalid: nothing breaks, and nothing undocumented comes back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import randrange

import pytest

from steward.testing.system import System
from tests.integration.gateway import town

EXAMPLES, SEED = 1, 20
"""Random requests for each operation, besides those that its document calls for: the same ones each time."""
MANY = 40
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
)
ENDLESS = "/v1/stream"
PATIENCE_S = 1200
ROLES = ("desk", "supervisor", "manager", "engineer", "admin")
CONFIG = """
[checks]
# Both are documented and say when to come back: a busy machine is no broken contract. 500 is.
not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "503", "504"]

[parameters]
{parameters}
"""

pytestmark = pytest.mark.timeout(PATIENCE_S + 60)


@pytest.fixture
def place(system: System) -> town.Town:
    return town.found(system.url, system.settings.token_key)


def existing(place: town.Town) -> dict[str, str]:
    """Names of things that are there, for the names in paths."""
    with place.as_("desk") as desk:
        ticket = desk.post("/tickets", json=place.repair()).json()["id"]
    return {"project": place.name, "ticket": ticket, "watch": ticket, "order": f"{ticket}-1", "unit": place.unit, "member": "E1"}


def fuzz(place: town.Town, names: dict[str, str], folder: Path, phases: str, examples: int = EXAMPLES, seed: int = SEED) -> None:
    config = folder / "schemathesis.toml"
    config.write_text(CONFIG.format(parameters="\n".join(f'"path.{name}" = "{value}"' for name, value in names.items())))
    bearer = town.token_of(place.key, ROLES, place.name)
    argv = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run", f"{place.url}/openapi.json",
        "--header", f"Authorization: Bearer {bearer}", "--checks", ",".join(CHECKS), "--exclude-path", ENDLESS,
        "--max-examples", str(examples), "--seed", str(seed), "--phases", phases, "--workers", "1", "--no-color",
        "--request-timeout", "15", "--continue-on-failure", "--suppress-health-check", "all",
        "--generation-database", "none",
    ]  # fmt: skip
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stdout[-40_000:] + done.stderr[-2_000:]


def test_requests_about_things_that_exist(place: town.Town, tmp_path: Path) -> None:
    fuzz(place, existing(place), tmp_path, "examples,coverage,fuzzing")


def test_requests_about_things_that_do_not(place: town.Town, tmp_path: Path) -> None:
    fuzz(place, {"project": place.name}, tmp_path, "fuzzing")


@pytest.mark.long
def test_many_requests_never_made_before(place: town.Town, tmp_path: Path) -> None:
    fuzz(place, existing(place), tmp_path, "coverage,fuzzing", MANY, randrange(2**32))
