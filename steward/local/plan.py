"""What runs on this machine: from the environment and the installed services to a list of parts."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from pathlib import Path

from steward import settings
from steward.local import broker, secrets, store
from steward.local.attach import fill
from steward.local.errors import PlanError
from steward.local.part import Part, Stage, http_probe, port_probe
from steward.local.place import Place, write_env
from steward.local.ports import LOOPBACK, KeptPorts, is_free

GATEWAY = "gateway"
SIMULATOR = "sms-operator"
ALL = "all"
NONE = "none"
MOST_REPLICAS = 64


@dataclass(frozen=True, slots=True)
class Plan:
    """The parts, the environment that services get, and where the gateway will answer."""

    parts: tuple[Part, ...]
    environ: Mapping[str, str]
    url: str


def service_names() -> list[str]:
    """The names of all installed services. Their specs are not loaded: a broken one must not stop the others."""
    return sorted({point.name for point in entry_points(group="steward.services")})


def chosen(only: Iterable[str]) -> list[str]:
    """The services named in ``only``, in no case another; all when it names nothing, none for ``none``. Raises PlanError."""
    names, wanted = service_names(), set(only)
    if unknown := wanted - {NONE, *names}:
        raise PlanError(f"--only: no service {min(unknown)!r}; installed: {', '.join(names)}")
    return [name for name in names if name in wanted] if wanted else names


def parse_replicas(texts: Iterable[str], names: Iterable[str]) -> dict[str, int]:
    """How many of each service, and of the gateway: ``["all=2", "tickets=3"]``; one where nothing is said, ``all`` before single names.

    Raises PlanError.
    """
    counts = dict.fromkeys((*names, GATEWAY), 1)
    given = dict(_replicas(text) for text in texts)
    unknown = given.keys() - counts.keys() - {ALL}
    if unknown:
        raise PlanError(f"--replicas: no service {min(unknown)!r}; installed: {', '.join(counts)}")
    common = given.pop(ALL, None)
    return {name: given.get(name, common or count) for name, count in counts.items()}


def _replicas(text: str) -> tuple[str, int]:
    name, _, count = text.partition("=")
    if not count.isdigit() or not 1 <= int(count) <= MOST_REPLICAS:
        raise PlanError(f"--replicas: expected NAME=N with N from 1 to {MOST_REPLICAS}, not {text!r}")
    return name, int(count)


def make(place: Place, environ: Mapping[str, str], replicas: Mapping[str, int]) -> Plan:
    """The plan for ``replicas`` of each service, with a private broker, store and SMS operator where none is given.

    Makes secrets, folders and configuration. Raises PlanError, SettingsError, BrokerMissing, StoreMissing, OSError.
    """
    place.make()
    address, url = _http(environ)
    ours = secrets.ensure(place.secrets)
    given = fill(environ, ours)
    ports = KeptPorts(place.ports)
    backends, uris = _backends(place, given, ports)
    uris["STEWARD_HTTP"] = address
    write_env(place.uris, uris, "Where the parts answer; made anew at every start.")
    given |= uris | {"STEWARD_DATA": str(place.data)}
    settings.Settings.from_env(given)  # say now what is wrong, not in six log files
    counts = {**replicas, GATEWAY: replicas.get(GATEWAY, 1)}
    services = [_service(name, replica, given, ports) for name, count in counts.items() for replica in range(count)]
    parts = [replace(part, stage=Stage.GATEWAY, url=url) if part.name == GATEWAY else part for part in services]
    return Plan((*backends, *parts), given, url)


def _http(environ: Mapping[str, str]) -> tuple[str, str]:
    address: str = settings.read("http", environ)
    host, _, port = address.rpartition(":")
    if not is_free(int(port), host):
        raise PlanError(f"{address} is in use by another program: stop that, or set STEWARD_HTTP to another host:port")
    return address, f"http://{host if host != '0.0.0.0' else LOOPBACK}:{port}"


def _backends(place: Place, environ: Mapping[str, str], ports: KeptPorts) -> tuple[list[Part], dict[str, str]]:
    parts: list[Part] = []
    uris: dict[str, str] = {}
    if not environ.get("STEWARD_AMQP_URI"):
        both, uris["STEWARD_AMQP_URI"] = broker.make(place, ports)
        parts.extend(both)
    if not environ.get("STEWARD_MONGO_URI"):
        part, uris["STEWARD_MONGO_URI"] = store.make(place, ports)
        parts.append(part)
    if not environ.get("STEWARD_SMS_URL"):
        part, uris["STEWARD_SMS_URL"] = _simulator(place, environ, ports)
        parts.append(part)
    return parts, uris


def _simulator(place: Place, environ: Mapping[str, str], ports: KeptPorts) -> tuple[Part, str]:
    port = ports.claim(SIMULATOR)
    argv = (
        sys.executable, "-m", "steward.testing.sms_operator", "--port", str(port),
        "--log", str(place.data / "sms-sent.jsonl"),
    )  # fmt: skip
    url = f"http://{LOOPBACK}:{port}"
    return Part(SIMULATOR, argv, Stage.FAR_SIDE, port, port_probe(port), _python(environ), grace_s=5, url=url), url


def _service(name: str, replica: int, environ: Mapping[str, str], ports: KeptPorts) -> Part:
    port = ports.claim(f"{name}-{replica}")
    own = {"STEWARD_HEALTH": f"{LOOPBACK}:{port}", "STEWARD_REPLICA": str(replica)}
    argv = (sys.executable, "-m", "steward", "run", name)
    return Part(name, argv, Stage.SERVICES, port, http_probe(port), _python(environ) | own, replica, folder=Path.cwd())


def _python(environ: Mapping[str, str]) -> dict[str, str]:
    # Two arenas instead of eight per core: a process with many threads otherwise keeps much memory that it freed.
    return {"MALLOC_ARENA_MAX": "2", "PYTHONUNBUFFERED": "1", **environ}
