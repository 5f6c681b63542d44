"""R22: the store's disk is full, or takes no writes at all. Who asks is told so, and nothing is damaged."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from time import monotonic

import pytest

from steward.bus.client import Client
from steward.errors import StewardError, Transient
from steward.ids import new_id
from steward.settings import adopted
from steward.testing.faults import gone
from steward.testing.system import System, running_system
from steward.testing.waiting import eventually
from tests.chaos.conftest import Keep
from tests.chaos.process.accounting import settled
from tests.chaos.process.load import PROJECT

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]
PLUGINS = Path(__file__).parents[2] / "plugins"
SIZE_MIB = 96
REFUSALS = 10
Disk = Callable[[System], AbstractContextManager[None]]


def mount(*arguments: str) -> None:
    """Raises CalledProcessError where this user may not mount: then these tests fail, and say so."""
    subprocess.run(["mount", *arguments], check=True)


@pytest.fixture
def on_small_disk(tmp_path: Path) -> Iterator[System]:
    """parcels alone, with a store whose folder is a small disk of its own."""
    disk = tmp_path / "system" / "store"
    disk.mkdir(parents=True)
    mount("-t", "tmpfs", "-o", f"size={SIZE_MIB}m", "tmpfs", str(disk))
    try:
        with running_system(tmp_path / "system", services=["parcels"], env={"PYTHONPATH": str(PLUGINS)}) as system, adopted(system.environ):
            yield system
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


@contextmanager
def full(system: System) -> Iterator[None]:
    """Somebody else's file takes the last byte."""
    ballast = system.place.store / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass
    try:
        yield
    finally:
        ballast.unlink()


@contextmanager
def read_only(system: System) -> Iterator[None]:
    """What a kernel makes of a disk that fails. It is mounted so while the store is down, which then cannot start."""
    disk = str(system.place.store)
    with gone(system, "store"):
        mount("-o", "remount,ro", disk)
    try:
        yield
    finally:
        mount("-o", "remount,rw", disk)


def receive(key: str) -> str | StewardError:
    """The parcel, or the refusal."""
    try:
        with Client() as client:
            return str(client.call("parcels", "receive", key=key, within_s=5, project=PROJECT, body={"shelf": "A"})["id"])
    except StewardError as error:
        return error


def accepted(key: str) -> str:
    """The parcel that asking again under ``key`` gives in the end."""

    def parcel() -> str:
        answer = receive(key)
        return answer if isinstance(answer, str) else ""

    return eventually(parcel, "accepted again", 120)


@pytest.mark.parametrize("disk", [full, read_only])
def test_a_disk_that_takes_nothing_is_told_as_such_and_damages_nothing(on_small_disk: System, figure: Keep, disk: Disk) -> None:
    system = on_small_disk
    acknowledged = {parcel for parcel in (receive(new_id()) for _ in range(20)) if isinstance(parcel, str)}
    told: Counter[str] = Counter()
    keys: list[str] = []
    with disk(system):
        while sum(told.values()) < REFUSALS:
            keys.append(new_id())
            answer = receive(keys[-1])
            if isinstance(answer, str):
                acknowledged.add(answer)
                continue
            told[type(answer).__name__] += 1
            assert isinstance(answer, Transient), answer
        ready = system.ready()
    began = monotonic()
    acknowledged |= {accepted(key) for key in keys}
    recovery_s = monotonic() - began
    found = settled(system, acknowledged)
    figure("R22", disk=disk.__name__, told=dict(told), ready_meanwhile=ready, recovery_s=recovery_s, **found.figures())
    assert found.good, found
