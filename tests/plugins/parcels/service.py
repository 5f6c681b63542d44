"""Its entrypoints. Some shelves fail in ways that tests need."""

import os
import signal
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from parcels import faults, mishaps
from parcels.schemas import View
from parcels.spec import SPEC
from steward.bus.envelope import Envelope
from steward.errors import OutOfOrder
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


PARCELS = Repository("parcels", Parcel)
LABELS = Repository("labels", Label)
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
    def move(self, project: str, parcel: str, body: dict[str, Any]) -> Any:
        faults.note(self.context.key)
        with self.store.work() as work:
            moved = replace(work.load(PARCELS, parcel, project), shelf=body["shelf"])
            return work.answer(View().dump(work.apply(PARCELS, Decision(moved, (Fact("moved", {"shelf": moved.shelf}),)))))

    @handles
    def on_moved(self, event: Envelope) -> None:
        """Writes a new label, unless a later one is there."""
        fresh = Label(f"label-{event.aggregate}", event.project, event.data["shelf"], event.version)
        with self.store.work() as work:
            label = work.find(LABELS, fresh.id)
            if label is None or label.as_of < fresh.as_of:
                work.apply(LABELS, Decision(replace(fresh, version=label.version if label else 0), ()))

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
