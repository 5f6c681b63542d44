"""Its entrypoints. Some shelves fail in ways that tests need."""

import os
import signal
from dataclasses import dataclass, replace
from typing import Any

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


PARCELS = Repository("parcels", Parcel)


class Parcels(Service):
    spec = SPEC
    crashes = 0

    @rpc
    def receive(self, project: str, body: dict[str, Any]) -> Any:
        with self.store.work() as work:
            parcel = Parcel(id=new_id(), project=project, shelf=body["shelf"])
            parcel = work.apply(PARCELS, Decision(parcel, (Fact("received", {"shelf": parcel.shelf}),)))
            return work.answer(View().dump(parcel))

    @rpc
    def show(self, project: str, parcel: str) -> Any:
        return View().dump(self.store.read.get(PARCELS, parcel, project))

    @handles
    def on_received(self, event: Envelope) -> None:
        shelf = event.data["shelf"]
        if shelf == "broken":
            raise ValueError("this shelf always breaks")
        if shelf == "early":
            raise OutOfOrder("never comes")
        with self.store.work() as work:
            parcel = work.load(PARCELS, event.aggregate)
            if shelf == "deadly" and not event.data.get("spared"):
                os.kill(os.getpid(), signal.SIGKILL)
            work.apply(
                PARCELS, Decision(replace(parcel, shelvings=parcel.shelvings + 1), (Fact("shelved", {"shelf": shelf}),))
            )
