"""RabbitMQ nodes for fault tests, of this machine and by themselves: one, or three that form a cluster.

    with running_cluster(folder, 3) as (first, second, third):
        first.kill()

Each is a node as ``steward up`` runs it (see :mod:`steward.local.broker`), with folders and ports of its own; those of a
cluster share a register of names and a cookie.
"""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from steward.local import broker
from steward.local.part import Part
from steward.local.place import Place, write_private
from steward.local.ports import KeptPorts
from steward.local.processes import Process, end, spawn, wait_until
from steward.testing.system import SystemFailed

BIN = broker.SERVER.parent
READY_S = 120.0
CONTROL_S = 60.0
CLUSTER = """\
cluster_name = steward
# A node that is there and silent is given up after 6 to 10 s, in place of a minute: until then its queues take nothing.
net_ticktime = 8
cluster_formation.peer_discovery_backend = classic_config
cluster_partition_handling = pause_minority
"""


class _OwnPorts(KeptPorts):
    """Ports that no other node of the same file was given."""

    def __init__(self, path: Path, owner: str) -> None:
        super().__init__(path)
        self._owner = owner

    def claim(self, name: str) -> int:
        return super().claim(f"{self._owner}-{name}")


class Node:
    """One node. ``uri`` is its address, ``port`` where it listens, ``dist`` where other nodes speak to it."""

    def __init__(self, folder: Path, name: str, ports: Path) -> None:
        self.name = f"{name}@localhost"
        self.place = Place(folder)
        self.place.make()
        (self.names, part), self.uri = broker.make(self.place, _OwnPorts(ports, name))
        self.part = replace(part, environ={**part.environ, "RABBITMQ_NODENAME": self.name})
        self._children: list[subprocess.Popen[bytes]] = []
        self._process: Process | None = None

    @property
    def port(self) -> int:
        return self.part.port

    def join(self, first: Node, names: Sequence[str]) -> None:
        """To be called before it is started: it becomes one of ``names``, on the register and with the secrets of ``first``."""
        for secret in ("password", ".erlang.cookie"):
            write_private(self.place.broker / secret, (first.place.broker / secret).read_text())
        self.uri = first.uri.replace(f":{first.port}/", f":{self.port}/")
        register = {name: first.part.environ[name] for name in ("ERL_EPMD_PORT", "ERL_EPMD_ADDRESS")}
        self.part = replace(self.part, environ={**self.part.environ, **register}, probe=lambda: broker.probe(self.uri))
        config = self.place.broker / "rabbitmq.conf"
        nodes = (f"cluster_formation.classic_config.nodes.{number} = {name}\n" for number, name in enumerate(names, 1))
        own_password = [line for line in first.config() if line.startswith("default_pass")]
        kept = [line for line in self.config() if not line.startswith("default_pass")]
        write_private(config, "\n".join([*kept, *own_password, CLUSTER, *nodes]))

    def config(self) -> list[str]:
        """The lines of its configuration."""
        return (self.place.broker / "rabbitmq.conf").read_text().splitlines()

    def launch(self) -> None:
        """Start it, without waiting."""
        self._process = self._spawn(self.part)

    def register(self) -> None:
        """Start its register of names. Raises SystemFailed."""
        self._spawn(self.names)
        self._wait(self.names)

    def wait_ready(self, within_s: float = READY_S) -> None:
        """Wait until clients can log in. Raises SystemFailed."""
        self._wait(self.part, within_s)

    def start(self) -> None:
        """Start it, e.g. after :meth:`kill`, and wait until it is ready. Raises SystemFailed."""
        self.launch()
        self.wait_ready()

    def lives(self) -> bool:
        """Whether its process runs."""
        return self._process is not None and self._process.lives()

    def wait_registered(self, within_s: float = 30.0) -> None:
        """Wait until the names of all its quorum queues are on its disk. Raises SystemFailed.

        RabbitMQ writes them up to half a second after it has confirmed a declaration. A node killed before has the queue, and
        never again a leader for it; nothing that a client does prevents that.
        """
        names = [f"%2F_{queue['name']}".encode() for queue in self.queues("name", "type") if "quorum" in queue["type"]]

        def written() -> bool:
            known = b"".join(file.read_bytes() for file in self.place.broker.glob("data/**/names.dets"))
            return all(name in known for name in names)

        if not wait_until(written, within_s):
            raise SystemFailed(f"{self.name} has not registered its queues")

    def kill(self) -> None:
        """SIGKILL; returns when it has ended."""
        process = self._running()
        process.send(signal.SIGKILL)
        wait_until(lambda: not process.lives(), 10, 0.005)

    @contextmanager
    def held(self) -> Iterator[None]:
        """SIGSTOP: it is there, connected and silent. It goes on at the end."""
        process = self._running()
        process.send(signal.SIGSTOP)
        try:
            yield
        finally:
            process.send(signal.SIGCONT)

    def close(self) -> None:
        """End everything that was started. The node first: without its names it would not stop well."""
        for child in reversed(self._children):
            process = Process.of(child.pid)
            if process:
                process.send(signal.SIGCONT)
                end([process], broker.STOP_S)
            child.wait(10)

    def control(self, *arguments: str) -> str:
        """What ``rabbitmqctl`` says to ``arguments``. Raises CalledProcessError."""
        command = [str(BIN / "rabbitmqctl"), "-q", "-n", self.name, *arguments]
        environ = {**self.part.environ, "RABBITMQ_NODENAME": self.name}
        done = subprocess.run(command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, timeout=CONTROL_S, check=True)
        return done.stdout.decode()

    def queues(self, *columns: str) -> list[dict[str, Any]]:
        """Its queues, each with ``columns`` as ``rabbitmqctl list_queues`` names them."""
        found: list[dict[str, Any]] = json.loads(self.control("--formatter", "json", "list_queues", *columns))
        return found

    @contextmanager
    def memory_alarm(self) -> Iterator[None]:
        """The node finds itself short of memory: it reads no more from whoever sends, and goes on delivering."""
        self.control("set_vm_memory_high_watermark", "absolute", "1")
        try:
            yield
        finally:
            self.control("set_vm_memory_high_watermark", "absolute", "400MB")

    @contextmanager
    def policy(self, pattern: str, definition: Mapping[str, Any]) -> Iterator[None]:
        """``definition`` holds for queues whose name matches ``pattern``."""
        self.control("set_policy", "--apply-to", "queues", "fault", pattern, json.dumps(definition))
        try:
            yield
        finally:
            self.control("clear_policy", "fault")

    def _running(self) -> Process:
        if self._process is None:
            raise SystemFailed(f"{self.name} was never started")
        return self._process

    def _spawn(self, part: Part) -> Process:
        child = spawn(part.argv, part.environ, self._log(part), part.folder)
        self._children.append(child)
        process = Process.of(child.pid)
        if process is None:
            raise SystemFailed(f"{part.label} of {self.name} ended at once")
        return process

    def _wait(self, part: Part, within_s: float = READY_S) -> None:
        if not wait_until(lambda: part.probe().ready, within_s, 0.1):
            raise SystemFailed(f"{part.label} of {self.name} is not ready\n{self._log(part).read_text(errors='replace')[-4_000:]}")

    def _log(self, part: Part) -> Path:
        return self.place.logs / f"{part.label}.log"


@contextmanager
def running_cluster(folder: Path, count: int = 1) -> Iterator[list[Node]]:
    """``count`` nodes that are ready, ended at the end. Raises SystemFailed."""
    folder.mkdir(parents=True, exist_ok=True)
    nodes: list[Node] = [Node(folder / f"node-{number}", f"steward{number}", folder / "ports.json") for number in range(1, count + 1)]
    first = nodes[0]
    with ExitStack() as stack:
        for node in nodes:
            stack.callback(node.close)
        if count > 1:
            for node in nodes:
                node.join(first, [node.name for node in nodes])
        first.register()
        # One after the other: those that start at the same moment may each found a cluster of their own.
        for node in nodes:
            node.start()
        yield nodes
