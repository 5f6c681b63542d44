"""Residents' vehicles: what is asked of them (handbook §2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.residents import model, sealing
from services.residents.desk import Desk, View, answered, page, save
from services.residents.model import Vehicle, vehicles
from services.residents.schemas.vehicles import VehicleView
from services.residents.store import VEHICLES
from steward.facts import Decision
from steward.ids import new_id
from steward.store.work import Work


class Vehicles:
    """What is asked of vehicles."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._store, self._sealer = desk, desk.store, desk.sealer

    def register(self, project: str, body: View) -> View:
        """File a vehicle; two that are here cannot have one plate."""
        plate = sealing.sealed(self._sealer, model.plate_text(body["plate"]))
        self._desk.require_person(project, body["person"])
        self._desk.require_unit(project, body["unit"])
        vehicle = Vehicle(new_id(), project, plate, body["person"], body["unit"], self._desk.stamp)
        with self._store.work() as work:
            saved = work.apply(VEHICLES, model.register_vehicle(vehicle))
            return self._answered(work, saved)

    def listed(self, project: str, query: View) -> View:
        """By plate, person or unit, or all, those that are gone too."""
        wanted: dict[str, Any] = {name: query[name] for name in ("person", "unit") if query[name] is not None}
        if query["plate"] is not None:
            wanted["plates"] = self._sealer.fingerprint(model.plate_text(query["plate"]))
        found = self._store.read.page(VEHICLES, {"project": project, **wanted}, query["cursor"], query["limit"])
        return page(VehicleView, [sealing.shown_vehicle(self._sealer, vehicle) for vehicle in found.items], found.next)

    def change(self, project: str, vehicle: str, body: View) -> View:
        """It is somebody else's, or parked for another unit."""
        if "person" in body:
            self._desk.require_person(project, body["person"])
        if "unit" in body:
            self._desk.require_unit(project, body["unit"])

        def decide(state: Vehicle) -> Decision[Vehicle]:
            return model.change_vehicle(state, body.get("person", state.person), body.get("unit", state.unit))

        return self._decide(project, vehicle, decide)

    def remove(self, project: str, vehicle: str) -> View:
        """It is here no longer."""
        today = self._desk.today(project)
        return self._decide(project, vehicle, lambda state: model.remove_vehicle(state, self._desk.stamp, today))

    def end_lease(self, project: str, vehicle: str, body: View) -> View:
        """Its lease of a parking space ends, today unless another day is given."""
        on = body["until"] or self._desk.today(project)
        return self._decide(project, vehicle, lambda state: vehicles.end_lease(state, on))

    def _decide(self, project: str, vehicle: str, decide: Callable[[Vehicle], Decision[Vehicle]]) -> View:
        with self._store.work() as work:
            state = work.load(VEHICLES, vehicle, project)
            saved = save(work, VEHICLES, state, decide(state))
            return self._answered(work, saved)

    def _answered(self, work: Work, vehicle: Vehicle) -> View:
        return answered(work, VehicleView, sealing.shown_vehicle(self._sealer, vehicle))
