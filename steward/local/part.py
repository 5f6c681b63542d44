"""One part of the local stack: what to start, and how to see that it is well."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

from steward.local.ports import LOOPBACK, answers

Probe = Callable[[], "Health"]
PROBE_TIMEOUT_S = 3.0


class Stage(IntEnum):
    """Parts of a lower stage start first and stop last."""

    NAMES = 0
    BACKENDS = 1
    FAR_SIDE = 2
    SERVICES = 3
    GATEWAY = 4


class Health(NamedTuple):
    """``alive`` false for long: start it anew. ``ready``: it can do its work."""

    alive: bool
    ready: bool


@dataclass(frozen=True, slots=True)
class Part:
    """What the supervisor needs to know of one process. ``port`` is where it can be asked, 0 when nowhere.

    ``name`` is the service's, ``replica`` counts from 0; together they name the process, e.g. ``tickets-1``.
    It has ``grace_s`` seconds to end after SIGTERM, and is killed when it was red for ``patience_s`` seconds,
    or ``start_s`` as long as it has never been green: on a busy machine starting takes its time.
    """

    name: str
    argv: tuple[str, ...]
    stage: Stage
    port: int
    probe: Probe
    environ: Mapping[str, str] = field(repr=False, default_factory=dict)
    replica: int = 0
    grace_s: float = 20.0
    patience_s: float = 30.0
    start_s: float = 150.0
    folder: Path | None = None
    url: str = ""

    @property
    def label(self) -> str:
        return f"{self.name}-{self.replica}"


def http_probe(port: int) -> Probe:
    """Asks ``/healthz`` and ``/readyz`` at a port of this machine."""
    return lambda: Health(_green(port, "/healthz"), _green(port, "/readyz"))


def port_probe(port: int) -> Probe:
    """Well as long as it accepts connections."""

    def probe() -> Health:
        open_ = answers(port)
        return Health(open_, open_)

    return probe


def _green(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=PROBE_TIMEOUT_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
