"""A service whose policy makes no sense does not start, and says why in one line; it needs neither broker nor store for that."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

NOWHERE = {
    "STEWARD_AMQP_URI": "amqp://127.0.0.1:1//",
    "STEWARD_MONGO_URI": "mongodb://127.0.0.1:1/",
    "STEWARD_TOKEN_KEY": "k" * 32,
    "STEWARD_FIELD_KEY": base64.b64encode(b"k" * 32).decode(),
}


@pytest.mark.parametrize(("file", "text"), [("tickets", "[retry.on_units]\ndelays_s = [0.5]"), ("bus", "[breaker]\nfailures = 0")])
def test_a_wrong_rule_is_told_in_one_line_and_the_process_ends(tmp_path: Path, file: str, text: str) -> None:
    path = tmp_path / f"{file}.toml"
    path.write_text(text)
    argv = [sys.executable, "-W", "ignore", "-m", "steward", "run", "tickets"]
    environ = {**os.environ, **NOWHERE, "STEWARD_POLICY": str(tmp_path)}
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert json.loads(line)["event"].startswith(f"tickets does not start: {path}: [")
