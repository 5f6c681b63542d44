"""Where the local stack keeps its things, and how small files are written so that a crash leaves no half of one."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class Place:
    """The folders below ``STEWARD_DATA``."""

    data: Path

    @property
    def secrets(self) -> Path:
        return self.data / "secrets.env"

    @property
    def broker(self) -> Path:
        return self.data / "broker"

    @property
    def store(self) -> Path:
        return self.data / "store"

    @property
    def logs(self) -> Path:
        return self.data / "log"

    @property
    def run(self) -> Path:
        return self.data / "run"

    @property
    def processes(self) -> Path:
        """What the supervisor has started, see :mod:`steward.local.roster`."""
        return self.run / "processes.json"

    @property
    def ports(self) -> Path:
        """The ports that parts got, kept across restarts."""
        return self.run / "ports.json"

    @property
    def uris(self) -> Path:
        """The addresses, with passwords, of the private broker and store."""
        return self.run / "uris.env"

    @property
    def lock(self) -> Path:
        """Held by the one supervisor of this folder."""
        return self.run / "supervisor.lock"

    def make(self) -> None:
        """Create the folders, for the owner's eyes only. Raises OSError."""
        for folder in (self.data, self.broker, self.store, self.logs, self.run):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def write_private(path: Path, text: str) -> None:
    """Replace ``path`` by ``text`` in one step, readable by its owner alone. Raises OSError."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """The object in ``path``, or an empty one when there is no such file or nothing sensible in it."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def read_env(path: Path) -> dict[str, str]:
    """The ``NAME=value`` lines of ``path``; empty when there is no such file."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def write_env(path: Path, values: dict[str, str], remark: str) -> None:
    """Write ``values`` as ``NAME=value`` lines below ``# remark``. Raises OSError."""
    write_private(path, "".join((f"# {remark}\n", *(f"{name}={value}\n" for name, value in values.items()))))
