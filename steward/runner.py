"""One service in one process."""

from __future__ import annotations

import os

# Its own resolver would make each process 8 MB bigger and 0.8 s of processor time later, to spare a few look-ups.
os.environ["EVENTLET_NO_GREENDNS"] = "yes"

import eventlet

eventlet.monkey_patch()  # before anything that opens sockets or makes locks, pymongo above all

import logging  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402
from typing import Any  # noqa: E402

from eventlet import wsgi  # noqa: E402
from nameko.containers import ServiceContainer  # noqa: E402

from steward import plugins, soundness  # noqa: E402
from steward.bus.topology import WrongTopology  # noqa: E402
from steward.observe import health, logs  # noqa: E402
from steward.policy import PolicyError  # noqa: E402
from steward.settings import Settings  # noqa: E402
from steward.spec import GATEWAY  # noqa: E402

log = logging.getLogger(__name__)

MAX_WORKERS = 500
"""Beyond the sum of all shares: what bounds work is each handler's share, not a pool that they would all wait for."""
DRAIN_S = 18


def run(name: str) -> int:
    """Run the service ``name`` until it is told to stop; the exit code is 0 after a graceful stop.

    SIGTERM: takes nothing more, finishes and acknowledges what it has, publishes its outbox, leaves.
    """
    settings = Settings.from_env()
    logs.configure(name, settings.log_level)
    service = _service_class(name)
    try:
        soundness.check(getattr(service, "spec", GATEWAY), settings.policy)
    except PolicyError as error:
        log.critical("%s does not start: %s", name, error)
        return 1
    logging.getLogger("nameko.containers").addFilter(_is_a_defect)
    container = ServiceContainer(service, _config(settings))
    _serve_health(settings.health)
    stopping = eventlet.event.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.ready() or stopping.send(None))
    eventlet.spawn(_stop_when_told, stopping, container)
    try:
        container.start()
        log.info("%s is up", name)
        container.wait()
    except Exception as error:
        log.critical("%s ends: %s: %s", name, type(error).__name__, error)
        return 1
    return 0


def _is_a_defect(record: logging.LogRecord) -> bool:
    """Of what the container logs: a refusal of the broker is told by us in one line, and needs no stack."""
    return not (record.exc_info and isinstance(record.exc_info[1], WrongTopology))


def _service_class(name: str) -> type[Any]:
    if name == GATEWAY.name:
        return plugins.load(GATEWAY.service)  # type: ignore[no-any-return]
    specs = plugins.installed_services()
    if name not in specs:
        sys.exit(f"no service {name!r}; installed: {', '.join(specs)}, {GATEWAY.name}")
    return plugins.load(specs[name].service)  # type: ignore[no-any-return]


def _config(settings: Settings) -> dict[str, Any]:
    return {
        "AMQP_URI": settings.amqp_uri,
        "WEB_SERVER_ADDRESS": settings.http,
        "max_workers": MAX_WORKERS,
    }


def _serve_health(address: str) -> None:
    host, _, port = address.rpartition(":")
    listener = eventlet.listen((host, int(port)))
    eventlet.spawn(wsgi.server, listener, health.application, log_output=False, keepalive=False, debug=False)


def _stop_when_told(stopping: Any, container: ServiceContainer) -> None:
    stopping.wait()
    log.info("stopping")
    with eventlet.Timeout(DRAIN_S, False):
        container.stop()
        return
    log.error("not drained in %d s", DRAIN_S)
    container.kill()
