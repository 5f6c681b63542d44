"""What wakes the residents service (handbook §1, §2): what is on file here, the other two parts of its spec beside it."""

from __future__ import annotations

from services.residents import model
from services.residents.desk import Desk, View, answered, told
from services.residents.files import Files
from services.residents.lists import Lists
from services.residents.people import People
from services.residents.places import Places
from services.residents.roster import kept, meanings
from services.residents.roster.exporting import exported
from services.residents.roster.jobs import Shifts
from services.residents.roster.runs import Runs
from services.residents.schemas.places import ProjectView
from services.residents.schemas.units import UnitView
from services.residents.schemas.vehicles import HitView
from services.residents.search.finding import Finder, shown
from services.residents.service.flows import Flows
from services.residents.service.retention import Retention
from services.residents.spec import SPEC
from services.residents.store import PROJECTS, UNITS
from services.residents.units import Units
from services.residents.vehicles import Vehicles
from steward.service import Service, rpc, sweep
from steward.trust.principals import EVERYWHERE

_PROJECTS_MOST = 10_000


class Residents(Flows, Retention, Service):
    """The property tree, the people tied to it, and their vehicles."""

    spec = SPEC
    shift = Shifts()

    @rpc
    def open_project(self, body: View) -> View:
        """Open a project of a company, in the whole of which its opener must hold the right."""
        policy = self.policy.of(body["id"])
        with self.store.work() as work:
            command = {"timezone": policy["defaults"]["timezone"], **body}
            decision = model.open_project(work.find(PROJECTS, body["id"]), command, self.context.now)
            return answered(work, ProjectView, work.apply(PROJECTS, decision))

    @rpc
    def projects(self, query: View) -> View:
        """The projects that the caller may see, in order of their ids."""
        seen = self.context.principal.projects("residents.read")
        found = self.store.read.where(PROJECTS, {"project": {"$gt": query["cursor"] or ""}}, limit=_PROJECTS_MOST)
        listed = sorted((p for p in found if EVERYWHERE in seen or p.id in seen), key=lambda project: project.id)
        page, more = listed[: query["limit"]], len(listed) > query["limit"]
        return {"items": [told(ProjectView, p) for p in page], "next": page[-1].id if more else None}

    @rpc
    def project(self, project: str) -> View:
        return told(ProjectView, self._desk.project(project))

    @rpc
    def tree(self, project: str) -> View:
        return Places(self._desk).tree(project)

    @rpc
    def open_zone(self, project: str, body: View) -> View:
        return Places(self._desk).open_zone(project, body)

    @rpc
    def change_zone(self, project: str, zone: str, body: View) -> View:
        return Places(self._desk).change_zone(project, zone, body)

    @rpc
    def open_building(self, project: str, body: View) -> View:
        return Places(self._desk).open_building(project, body)

    @rpc
    def change_building(self, project: str, building: str, body: View) -> View:
        return Places(self._desk).change_building(project, building, body)

    @rpc
    def register_unit(self, project: str, body: View) -> View:
        return Units(self._desk).register(project, body)

    @rpc
    def units(self, project: str, query: View) -> View:
        return Units(self._desk).listed(project, query)

    @rpc
    def unit(self, project: str, unit: str) -> View:
        """One unit with its ties."""
        return told(UnitView, self.store.read.get(UNITS, unit, project))

    @rpc
    def change_unit(self, project: str, unit: str, body: View) -> View:
        return Units(self._desk).change(project, unit, body)

    @rpc
    def withdraw_unit(self, project: str, unit: str, body: View) -> View:
        return Units(self._desk).withdraw(project, unit)

    @rpc
    def make_tie(self, project: str, unit: str, body: View) -> View:
        return Units(self._desk).make_tie(project, unit, body)

    @rpc
    def end_tie(self, project: str, unit: str, tie: str, body: View) -> View:
        return Units(self._desk).end_tie(project, unit, tie, body)

    @rpc
    def set_share(self, project: str, unit: str, tie: str, body: View) -> View:
        return Units(self._desk).set_share(project, unit, tie, body)

    @rpc
    def register_person(self, project: str, body: View) -> View:
        return People(self._desk).register(project, body)

    @rpc
    def people(self, project: str, query: View) -> View:
        return People(self._desk).listed(project, query)

    @rpc
    def person(self, project: str, person: str) -> View:
        return People(self._desk).get(project, person)

    @rpc
    def person_units(self, project: str, person: str, query: View) -> View:
        return People(self._desk).units(project, person, query)

    @rpc
    def change_person(self, project: str, person: str, body: View) -> View:
        return People(self._desk).change(project, person, body)

    @rpc
    def care(self, project: str, person: str, body: View) -> View:
        return People(self._desk).care(project, person, body)

    @rpc
    def person_history(self, project: str, person: str) -> View:
        return People(self._desk).history(project, person)

    @rpc
    def full_file(self, project: str, person: str, body: View) -> View:
        return Files(self._desk).read(project, person, body)

    @rpc
    def register_vehicle(self, project: str, body: View) -> View:
        return Vehicles(self._desk).register(project, body)

    @rpc
    def vehicles(self, project: str, query: View) -> View:
        return Vehicles(self._desk).listed(project, query)

    @rpc
    def change_vehicle(self, project: str, vehicle: str, body: View) -> View:
        return Vehicles(self._desk).change(project, vehicle, body)

    @rpc
    def remove_vehicle(self, project: str, vehicle: str, body: View) -> View:
        return Vehicles(self._desk).remove(project, vehicle)

    @rpc
    def search(self, project: str, query: View) -> View:
        """People, units and vehicles by what is known of them, the best match first."""
        self._desk.project(project)
        country = self.policy.of(project)["defaults"]["country"]
        hits, following = Finder(self.store.read, self.sealer, project, country).find(query["q"], query["cursor"], query["limit"])
        return {"items": [told(HitView, shown(hit, self.sealer)) for hit in hits], "next": following}

    @rpc
    def security_list(self, project: str, query: View) -> View:
        return Lists(self._desk).security(project, query)

    @rpc
    def roster(self, project: str, content: bytes, query: View) -> View:
        """Import a roster. What is on file already stays as it is, so the same file twice changes nothing."""
        return Runs(self._desk).begin(project, content, query)

    @rpc
    def roster_runs(self, project: str, query: View) -> View:
        return Runs(self._desk).listed(project, query)

    @rpc
    def roster_run(self, project: str, run: str, query: View) -> View:
        return Runs(self._desk).told(project, run, query)

    @rpc
    def roster_corrections(self, project: str, run: str) -> View:
        return Runs(self._desk).corrections(project, run)

    @rpc
    def undo_roster(self, project: str, run: str, body: View) -> View:
        return Runs(self._desk).undo(project, run)

    @rpc
    def export_csv(self, project: str, query: View) -> View:
        return exported(self._desk, project, query, "csv")

    @rpc
    def export_xlsx(self, project: str, query: View) -> View:
        return exported(self._desk, project, query, "xlsx")

    @rpc
    def roster_columns(self, project: str) -> View:
        return meanings.shown(self._desk, project)

    @rpc
    def map_roster_columns(self, project: str, body: View) -> View:
        return meanings.said(self._desk, project, body)

    @rpc
    def contact(self, project: str, person: str) -> View:
        return People(self._desk).contact(project, person)

    @rpc
    def unit_contact(self, project: str, unit: str) -> View:
        return People(self._desk).unit_contact(project, unit)

    @rpc
    def wishes(self, project: str, phone: str) -> View:
        return People(self._desk).wishes(project, phone)

    @sweep
    def turn_units(self) -> None:
        """Who lives in units of which a tie begins or ends today; and in those that were filed before that was kept."""
        Units(self._desk).turn_due()
        Units(self._desk).work_out_older()

    @sweep
    def go_over(self) -> None:
        """Bring files of earlier releases to what is kept now, a piece at a time."""
        Places(self._desk).file_older()
        People(self._desk).make_searchable()
        kept.drop_old(self.store, f"{self.context.key}:files", self.context.now)

    @sweep
    def import_rosters(self) -> None:
        """Work off imports, and undo them."""
        self.shift.work_off(self._desk)

    @property
    def _desk(self) -> Desk:
        return Desk(self.store, self.context, self.policy, self.sealer, self.approving, self.remote)
