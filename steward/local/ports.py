"""Ports: free ones, and the same ones again after a restart."""

from __future__ import annotations

import json
import random
import socket
from pathlib import Path

from steward.local.place import read_json, write_private

LOOPBACK = "127.0.0.1"
RANGE = range(20_000, 32_000)
"""Below Linux's ephemeral ports, so that no outgoing connection takes one between our look and the part's bind."""


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen at ``host:port`` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def answers(port: int, host: str = LOOPBACK, within_s: float = 1.0) -> bool:
    """Whether something accepts connections at ``host:port``."""
    try:
        with socket.create_connection((host, port), within_s):
            return True
    except OSError:
        return False


def free_port(chance: random.Random | None = None) -> int:
    """A port of :data:`RANGE` that nobody listens on. Raises OSError when there is none."""
    chance = chance or random.SystemRandom()
    for port in chance.sample(RANGE, 200):
        if is_free(port):
            return port
    raise OSError("no free port on this machine")


class KeptPorts:
    """Ports by name, kept in a file, so that addresses stay the same across restarts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ports: dict[str, int] = {name: int(port) for name, port in read_json(path).items()}

    def claim(self, name: str) -> int:
        """The port that ``name`` had before if it is still free, else a new one, remembered. Raises OSError."""
        port = self._ports.get(name)
        if port is None or not is_free(port):
            taken = set(self._ports.values())
            port = next(fresh for fresh in iter(free_port, None) if fresh not in taken)
            self._ports[name] = port
            write_private(self._path, json.dumps(self._ports, indent=1))
        return port
