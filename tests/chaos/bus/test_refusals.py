"""R14: refusals of the broker that no retry can mend. The process ends, soon, and says why in one line."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection, Queue

from steward.local.ports import LOOPBACK, free_port
from steward.local.processes import spawn
from steward.testing.cluster import Node
from steward.testing.system import System
from tests.chaos.conftest import Keep

PATIENCE_S = 60.0
"""For a machine that is shared by many: starting Python and all that it loads takes most of it."""


@contextmanager
def other_arguments(node: Node) -> Iterator[str]:
    """406: the queue of a service's calls is there, and not as the service wants it."""
    with Connection(node.uri) as bus:
        queue = Queue("rpc-identity", durable=True, queue_arguments={"x-max-length": 7})(bus.default_channel)
        queue.declare()
        yield node.uri
        queue.delete()


@contextmanager
def other_kind(node: Node) -> Iterator[str]:
    """406: the queue of a handler is a classic one, as an older broker's default was."""
    with Connection(node.uri) as bus:
        queue = Queue("clocks.on_event", durable=True)(bus.default_channel)
        queue.declare()
        yield node.uri
        queue.delete()


@contextmanager
def locked(node: Node) -> Iterator[str]:
    """405: somebody else's connection has the queue for itself alone."""
    with Connection(node.uri) as bus:
        Queue("rpc-residents", exclusive=True, durable=True)(bus.default_channel).declare()
        yield node.uri


@contextmanager
def wrong_password(node: Node) -> Iterator[str]:
    """403: it may not even log in."""
    yield node.uri.replace("@", "x@")


@contextmanager
def no_permission(node: Node) -> Iterator[str]:
    """403: it may log in, and declare nothing."""
    node.control("add_user", "guest2", "secret")
    node.control("set_permissions", "guest2", "", ".*", ".*")
    yield f"amqp://guest2:secret@{LOOPBACK}:{node.port}//"
    node.control("delete_user", "guest2")


CASES = (
    pytest.param(other_arguments, "identity", 406),
    pytest.param(other_kind, "clocks", 406, marks=pytest.mark.long),
    pytest.param(locked, "residents", 405, marks=pytest.mark.long),
    pytest.param(wrong_password, "notify", 403),
    pytest.param(no_permission, "dispatch", 403, marks=pytest.mark.long),
)


def run(ground: System, service: str, uri: str, log: Path) -> subprocess.Popen[bytes]:
    environ = {**ground.environ, "STEWARD_AMQP_URI": uri, "STEWARD_HEALTH": f"{LOOPBACK}:{free_port()}"}
    return spawn([sys.executable, "-m", "steward", "run", service], environ, log)


@pytest.mark.parametrize(("refusal", "service", "code"), CASES, ids=lambda value: getattr(value, "__name__", None))
def test_a_refusal_that_is_final_ends_the_process_with_one_clear_line(
    ground: System, node: Node, tmp_path: Path, figure: Keep, refusal: Any, service: str, code: int
) -> None:
    log = tmp_path / "log"
    with refusal(node) as uri, closing(_Ended(run(ground, service, uri, log))) as process:
        started = time.monotonic()
        exit_code = process.child.wait(PATIENCE_S)
        took_s = time.monotonic() - started
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    figure("R14", refusal=refusal.__name__, exit_code=exit_code, within_s=took_s)
    assert exit_code == 1
    critical = [line["event"] for line in lines if line["level"] == "critical"]
    assert len(critical) == 1
    assert service in critical[0] and f"broker refuses with {code}" in critical[0]


class _Ended:
    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self.child = child

    def close(self) -> None:
        self.child.kill()
        self.child.wait(10)
