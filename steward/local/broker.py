"""A private RabbitMQ node: Debian's server with its own folders, ports, names and password, on the loopback only."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from amqp import AMQPError, Channel, Message
from kombu import Connection

from steward.local.errors import BrokerMissing
from steward.local.part import Health, Part, Stage, port_probe
from steward.local.place import Place, write_private
from steward.local.ports import LOOPBACK, KeptPorts

SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""Debian's, which any user may run; ``/usr/sbin/rabbitmq-server`` insists on root or rabbitmq."""
USER = "steward"
START_S = 120.0
"""It may have much to read back, on a busy machine."""
STOP_S = 30.0
PROBE_S = 3
ERLANG = (
    "+sbwt none +sbwtdcpu none +sbwtdio none",  # schedulers sleep when there is nothing to do: idle costs no processor time
    "+S 2:2 +A 4 +SDio 4",
    "-kernel inet_dist_use_interface {127,0,0,1}",
)
CONFIG = """\
# Written at every start.
listeners.tcp.1 = {host}:{port}
default_user = {user}
default_pass = {password}
vm_memory_high_watermark.absolute = 400MB
disk_free_limit.absolute = 200MB
# A handler may hold a message while its store is away: 6 h.
consumer_timeout = 21600000
# The log of quorum queues stays in memory until it is this big: 32 MiB in place of 512.
raft.wal_max_size_bytes = 33554432
log.file = false
log.console = true
log.console.level = warning
"""


def installed() -> bool:
    """Whether Debian's RabbitMQ and Erlang's epmd are there."""
    return SERVER.exists() and shutil.which("epmd") is not None


def make(place: Place, ports: KeptPorts) -> tuple[tuple[Part, Part], str]:
    """The node, the register of names that it needs, and its AMQP URI. Raises BrokerMissing, OSError."""
    if not installed():
        raise BrokerMissing("RabbitMQ is not installed: apt-get install rabbitmq-server")
    port, dist, names = (ports.claim(name) for name in ("broker", "broker-dist", "broker-names"))
    uri = f"amqp://{USER}:{_password(place)}@{LOOPBACK}:{port}//"
    environ = _environment(place, port, dist, names)
    _configure(place, port)
    _cookie(place)
    epmd = Part(
        "broker-names", ("epmd", "-port", str(names), "-address", LOOPBACK), Stage.NAMES, names, port_probe(names), environ, grace_s=2
    )
    node = Part(
        "broker", (str(SERVER),), Stage.BACKENDS, port, lambda: probe(uri), environ,
        grace_s=STOP_S, patience_s=START_S, folder=place.broker,
    )  # fmt: skip
    return (epmd, node), uri


def probe(uri: str) -> Health:
    """Alive when it lets us log in and open a channel, ready when it also takes a message.

    One that is short of memory or disk delivers, and reads nothing more from whoever sends.
    """
    patience = {"read_timeout": PROBE_S, "write_timeout": PROBE_S}
    bus = Connection(uri, connect_timeout=PROBE_S, transport_options=patience)
    try:
        takes = _takes_messages(bus.channel())
        if takes:
            bus.release()  # one that is short of memory would never answer a farewell
        return Health(True, takes)
    except (OSError, ValueError, AMQPError):
        return Health(False, False)
    finally:
        bus.collect()


def _takes_messages(channel: Channel) -> bool:
    """Whether a message to nobody comes back."""
    answers: list[bool] = []
    channel.connection.on_blocked = lambda _: answers.append(False)
    channel.events["basic_return"].add(lambda *_: answers.append(True))
    channel.basic_publish(Message(b"", delivery_mode=1), exchange="", routing_key=f"nobody-{secrets.token_hex(8)}", mandatory=True)
    while not answers:
        channel.connection.drain_events(timeout=PROBE_S)
    return answers[0]


def _password(place: Place) -> str:
    # Beside the node's own data, not with the other secrets: it is fixed when that data is made, and of no use without it.
    kept = place.broker / "password"
    if not kept.exists():
        write_private(kept, secrets.token_urlsafe(24))
    return kept.read_text().strip()


def _cookie(place: Place) -> None:
    # Erlang would make one itself, from a guessable seed; whoever knows it may run any code in the node.
    kept = place.broker / ".erlang.cookie"
    if not kept.exists():
        write_private(kept, secrets.token_hex(20))


def _configure(place: Place, port: int) -> None:
    config = CONFIG.format(host=LOOPBACK, port=port, user=USER, password=_password(place))
    write_private(place.broker / "rabbitmq.conf", config)
    write_private(place.broker / "enabled_plugins", "[].\n")


def _environment(place: Place, port: int, dist: int, names: int) -> dict[str, str]:
    own = place.broker
    return {
        "PATH": os.defpath + ":/usr/sbin:/sbin",
        "LANG": "C.UTF-8",
        "HOME": str(own),  # of Erlang's cookie
        "RABBITMQ_BASE": str(own),
        "RABBITMQ_NODENAME": "steward@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": LOOPBACK,
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(dist),
        "RABBITMQ_MNESIA_BASE": str(own / "data"),
        "RABBITMQ_LOG_BASE": str(own / "log"),
        "RABBITMQ_CONFIG_FILE": str(own / "rabbitmq.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(own / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(own / "enabled_plugins"),
        "RABBITMQ_CONF_ENV_FILE": str(own / "rabbitmq-env.conf"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": " ".join(ERLANG),
        "ERL_EPMD_PORT": str(names),
        "ERL_EPMD_ADDRESS": LOOPBACK,
        "ERL_CRASH_DUMP_SECONDS": "0",
        # The script then becomes the node itself instead of watching over it: our pid is the node's, SIGTERM stops it well.
        "RUNNING_UNDER_SYSTEMD": "true",
    }
