"""Its entrypoints. Some shelves fail in ways that tests need."""

import os
import signal
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import eventlet

from parcels import faults, mishaps
from parcels.schemas import View
from parcels.spec import SPEC
from steward.bus.envelope import Envelope
from steward.errors import OutOfOrder, StewardError
from steward.facts import Decision, Fact
from steward.ids import new_id
from steward.service import Service, handles, rpc
from steward.store.repository import Repository


@dataclass(frozen=True)
class Parcel:
    id: str
    project: str
    shelf: str
    version: int = 0
    shelvings: int = 0


@dataclass(frozen=True)
class Label:
    """What the label of a parcel says, and the parcel's version that it was written for."""

    id: str
    project: str
    shelf: str
    as_of: int
    version: int = 0


@dataclass(frozen=True)
class Trail:
    id: str
    project: str
    seen: tuple[int, ...] = ()
    version: int = 0


PARCELS = Repository("parcels", Parcel)
LABELS = Repository("labels", Label)
TRAILS = Repository("trails", Trail)
NAPS: dict[str, list[str]] = {}
"""By note: what became of naps, in this process."""
faults.install()


def _crash_once(shelf: str) -> None:
    """Ends this process as a power cut would, the first time that a parcel for ``shelf`` comes by."""
    flag = Path(os.environ["STEWARD_DATA"]) / f"crashed-{shelf}"
    if not flag.exists():
        flag.touch()
        os.kill(os.getpid(), signal.SIGKILL)


class Parcels(Service):
    spec = SPEC

    @rpc
    def receive(self, project: str, body: dict[str, Any]) -> Any:
        with self.store.work() as work:
            parcel = Parcel(id=new_id(), project=project, shelf=body["shelf"])
            parcel = work.apply(PARCELS, Decision(parcel, (Fact("received", {"shelf": parcel.shelf}),)))
            return work.answer(View().dump(parcel))

    @rpc
    def show(self, project: str, parcel: str) -> Any:
        return View().dump(self.store.read.get(PARCELS, parcel, project))

    @rpc
    def spoil(self, kind: str) -> Any:
        return mishaps.answer(kind)

    @rpc
    def nap(self, seconds: float) -> Any:
        eventlet.sleep(seconds)
        return {"napped": seconds}

    @rpc
    def nap_elsewhere(self, seconds: float, note: str) -> Any:
        """A call made to answer a call."""
        NAPS[note] = ["begun"]
        try:
            answer = self.remote.parcels.nap(seconds=seconds)
        except StewardError as error:
            NAPS[note].append(error.kind)
            raise
        NAPS[note].append("answered")
        return answer

    @rpc
    def naps(self) -> Any:
        return NAPS

    @rpc
    def move(self, project: str, parcel: str, body: dict[str, Any]) -> Any:
        faults.note(self.context.key)
        with self.store.work() as work:
            moved = replace(work.load(PARCELS, parcel, project), shelf=body["shelf"])
            return work.answer(View().dump(work.apply(PARCELS, Decision(moved, (Fact("moved", {"shelf": moved.shelf}),)))))

    @rpc
    def carry(self, project: str, parcel: str, bits: int) -> Any:
        """As many commits, one after the other, each with its event."""
        for bit in range(bits):
            with self.store.work(key=f"{self.context.key}:{bit}") as work:
                work.apply(PARCELS, Decision(work.load(PARCELS, parcel, project), (Fact("carried", {"shelf": f"{bit}"}),)))

    @rpc
    def trail(self, project: str, parcel: str) -> Any:
        return list(self.store.read.get(TRAILS, f"trail-{parcel}", project).seen)

    @handles
    def on_carried(self, event: Envelope) -> None:
        """Notes the versions of the parcel that it hears of, each only after the one before."""
        with self.store.work() as work:
            trail = work.find(TRAILS, f"trail-{event.aggregate}") or Trail(f"trail-{event.aggregate}", event.project)
            if event.data["shelf"] != str(len(trail.seen)):
                raise OutOfOrder(f"heard {len(trail.seen)} bits before bit {event.data['shelf']}")
            work.apply(TRAILS, Decision(replace(trail, seen=(*trail.seen, event.version)), ()))

    @handles
    def on_moved(self, event: Envelope) -> None:
        """Writes a new label, unless a later one is there."""
        fresh = Label(f"label-{event.aggregate}", event.project, event.data["shelf"], event.version)
        with self.store.work() as work:
            label = work.find(LABELS, fresh.id)
            if label is None or label.as_of < fresh.as_of:
                work.apply(LABELS, Decision(replace(fresh, version=label.version if label else 0), ()))

    @handles
    def on_weighed(self, event: Envelope) -> None:
        """Scales that take their time, as long as the shelf says; nothing is written."""
        faults.misbehave(event.data["shelf"])

    @handles
    def on_received(self, event: Envelope) -> None:
        faults.note(event.id)
        shelf = event.data["shelf"]
        faults.misbehave(shelf)
        mishaps.happen(shelf)
        if shelf == "broken":
            raise ValueError("this shelf always breaks")
        if shelf == "early":
            raise OutOfOrder("never comes")
        with self.store.work() as work:
            parcel = work.load(PARCELS, event.aggregate)
            if shelf.startswith("crash-before-commit"):
                _crash_once(shelf)
            shelved = replace(parcel, shelvings=parcel.shelvings + 1)
            work.apply(PARCELS, Decision(shelved, (Fact("shelved", {"shelf": shelf}),)))
        if shelf.startswith("crash-after-commit"):
            _crash_once(shelf)
