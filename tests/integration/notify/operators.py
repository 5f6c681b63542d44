"""A simulated SMS operator in a process of its own, and how to tell it what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx

from steward.testing.sms_operator import Conduct

KEY, SECRET = "test-key", "test-secret"


class FarSide:
    """The operator as tests see it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def behave(self, **conduct: Any) -> None:
        """How it behaves from now on: as ``conduct`` says, well in everything else, and without receipts."""
        well = asdict(Conduct(deliver_after_s=3600))
        httpx.post(f"{self.url}/control", json=well | conduct, trust_env=False).raise_for_status()

    def received(self, out_id: str | None = None) -> list[dict[str, Any]]:
        """What it accepted, of one message or of all."""
        found = httpx.get(f"{self.url}/received", trust_env=False).json()["received"]
        return [message for message in found if out_id in (None, message["out_id"])]


@contextmanager
def running_operator(log: Path, *arguments: str) -> Iterator[FarSide]:
    """A simulator on a free port; killed without ceremony at the end."""
    argv = [sys.executable, "-W", "ignore", "-m", "steward.testing.sms_operator", "--port", "0"]
    argv += ["--key", KEY, "--secret", SECRET, "--log", str(log), *arguments]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        try:
            assert process.stdout is not None
            yield FarSide(process.stdout.readline().split()[-1].rstrip("/"))
        finally:
            process.kill()
