"""The embedded store: SecantusDB, a MongoDB-compatible server in a process of its own, on the loopback only."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from steward.local.errors import StoreMissing
from steward.local.part import Health, Part, Stage
from steward.local.place import Place, write_private
from steward.local.ports import LOOPBACK, KeptPorts

SERVER = Path(sys.executable).with_name("secantusd-py")
CACHE = "256M"
ENGINE = "eviction_dirty_target=40,eviction_dirty_trigger=75,eviction_updates_target=30,eviction_updates_trigger=60"
"""Of the cache, in percent, what is changed may take before it is written out: at WiredTiger's own 5 and 20 a page of a large index
is written out after each entry or two, which doubles what an import costs, and a transaction may touch no more than 20."""
START_S = 120.0
"""It may have much to read back, on a busy machine."""
STOP_S = 20.0
PROBE_MS = 3_000


def make(place: Place, ports: KeptPorts) -> tuple[Part, str]:
    """The store and its URI. Raises StoreMissing, OSError."""
    if not SERVER.exists():
        raise StoreMissing("the embedded store is not installed: make .venv, or set STEWARD_MONGO_URI")
    port = ports.claim("store")
    config = place.store / "secantusd.toml"
    write_private(config, "# Here so that no other configuration of this machine is found.\n")
    uri = f"mongodb://{LOOPBACK}:{port}/?retryWrites=false"
    argv = (
        str(SERVER), "--config", str(config), "--host", LOOPBACK, "--port", str(port),
        "--storage-path", str(place.store / "data"), "--cache-size", CACHE, "--log-level", "WARNING",
        "--sync-on-commit",  # without it a killed store loses writes that it has acknowledged
    )  # fmt: skip
    environ = {"PATH": os.defpath, "HOME": str(place.store), "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "2", "WIREDTIGER_CONFIG": ENGINE}
    part = Part("store", argv, Stage.BACKENDS, port, lambda: probe(uri), environ, grace_s=STOP_S, start_s=START_S, folder=place.store)
    return part, uri


def probe(uri: str) -> Health:
    """Well when it reads. It answers pings even when its engine has given up, as it does when the disk is full."""
    try:
        with MongoClient[dict[str, object]](
            uri, serverSelectionTimeoutMS=PROBE_MS, connectTimeoutMS=PROBE_MS, socketTimeoutMS=PROBE_MS
        ) as client:
            client.steward_probe.nothing.find_one()
    except PyMongoError:
        return Health(False, False)
    return Health(True, True)
