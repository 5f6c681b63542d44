"""What wakes the tickets service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from services.tickets import callers, model, schemas
from services.tickets.spec import SPEC
from services.tickets.store import PROJECTS, TICKETS, UNITS, numbers, unit_key
from steward import copies
from steward.bus.envelope import Envelope
from steward.errors import BadInput, NotFound, OutOfOrder
from steward.facts import Decision
from steward.ids import derived_id, new_id
from steward.service import Service, handles, rpc
from steward.store.client import Document

View = dict[str, Any]
Decide = Callable[[model.Ticket, model.By], Decision[model.Ticket]]

VIEW = schemas.TicketView()
CALLER = schemas.CallerView()


class Tickets(Service):
    """Tickets from intake to close (handbook §3)."""

    spec = SPEC

    @rpc
    def raise_ticket(self, project: str, body: model.Intake) -> View:
        """Bring a matter up. Raises NotFound for an unknown project, BadInput for an unknown unit."""
        opening = self._opening(new_id(), project, body)
        with self.store.work() as work:
            ticket = work.apply(TICKETS, model.raise_ticket(opening, body, self.policy.of(project), self._by()))
            view: View = work.answer(self._view(ticket))
            return view

    @rpc
    def accept(self, project: str, ticket: str, body: View) -> View:
        return self._command(project, ticket, lambda state, by: model.accept(state, body["note"], by))

    @rpc
    def arrive(self, project: str, ticket: str, body: View) -> View:
        return self._command(project, ticket, lambda state, by: model.arrive(state, body["note"], by))

    @rpc
    def wait(self, project: str, ticket: str, body: View) -> View:
        return self._command(project, ticket, lambda state, by: model.wait(state, body["reason"], body["next_at"], body["note"], by))

    @rpc
    def resume(self, project: str, ticket: str, body: View) -> View:
        return self._command(project, ticket, lambda state, by: model.resume(state, body["note"], by))

    @rpc
    def finish(self, project: str, ticket: str, body: View) -> View:
        return self._command(project, ticket, lambda state, by: model.finish(state, body["note"], by))

    @rpc
    def check(self, project: str, ticket: str, body: model.Check) -> View:
        given = callers.sealed_check(body, self.sealer)
        return self._command(project, ticket, lambda state, by: model.check(state, given, by))

    @rpc
    def call_back(self, project: str, ticket: str, body: model.Callback) -> View:
        return self._command(project, ticket, lambda state, by: model.call_back(state, body, by))

    @rpc
    def close(self, project: str, ticket: str, body: View) -> View:
        return self._command(project, ticket, lambda state, by: model.close(state, body["note"], by))

    @rpc
    def reopen(self, project: str, ticket: str, body: View) -> View:
        return self._command(project, ticket, lambda state, by: model.reopen(state, body["reason_code"], body["note"], by))

    @rpc
    def cancel(self, project: str, ticket: str, body: View) -> View:
        return self._command(project, ticket, lambda state, by: model.cancel(state, body["reason_code"], body["note"], by))

    @rpc
    def get(self, project: str, ticket: str) -> View:
        return self._view(self.store.read.get(TICKETS, ticket, project))

    @rpc
    def list_tickets(self, project: str, query: View) -> View:
        """Newest first. ``number`` finds the one ticket that has it. Raises NotFound for an unknown project."""
        self._project(project)
        wanted = {name: query[name] for name in ("state", "kind") if query[name] is not None}
        if query["number"] is not None:
            found = self.store.read.where(TICKETS, {"project": project, "number": query["number"]}, limit=1)
            fitting = [ticket for ticket in found if all(getattr(ticket, name) == wanted[name] for name in wanted)]
            return {"items": [self._view(ticket) for ticket in fitting], "next": None}
        page = self.store.read.page(TICKETS, {"project": project, **wanted}, query["cursor"], query["limit"])
        return {"items": [self._view(ticket) for ticket in page.items], "next": page.next}

    @rpc
    def caller(self, project: str, ticket: str) -> View:
        """The caller unmasked, for services that must reach them."""
        found = self.store.read.get(TICKETS, ticket, project)
        plain = callers.opened(found.caller, self.sealer)
        shown: View = CALLER.dump({"name": plain.name, "phone": plain.phone, "language": found.language})
        return shown

    @rpc
    def personal_data(self, project: str, person: str, body: View) -> View:
        """The tickets that somebody raised or signed for, of the units that were theirs."""
        return {"sections": [copies.section("报事", [callers.told(ticket, self.sealer) for ticket in self._held_of(project, body)])]}

    @rpc
    def copies_held(self, project: str, person: str, body: View) -> View:
        """How many of these there are, and how many are not over."""
        found = self._held_of(project, body)
        return {"held": len(found), "under_way": sum(ticket.state not in model.OVER for ticket in found)}

    def _held_of(self, project: str, sought: View) -> list[model.Ticket]:
        known = copies.Known(sought["name"], tuple(sought["phones"]))
        found = self.store.read.where(TICKETS, {"project": project, "unit": {"$in": sought["units"]}}, limit=0)
        return [ticket for ticket in found if callers.tells_of(ticket, known, self.sealer)]

    @handles
    def on_dispatch(self, event: Envelope) -> None:
        """dispatch.ordered, dispatch.taken. An order of an earlier round is no news any more."""
        data, by = event.data, model.By(event.actor, self.context.now)
        of_round = int(data["order"].rpartition("-")[2])
        with self.store.work() as work:
            ticket = work.find(TICKETS, data["ticket"])
            if ticket is None or of_round > ticket.round:
                raise OutOfOrder(f"order {data['order']} before its ticket's round")
            decision = (
                model.order_placed(ticket, of_round, data["order"], data["department"], by)
                if event.name == "ordered"
                else model.order_taken(ticket, of_round, data["order"], data["engineer"], by)
            )
            if decision:
                work.apply(TICKETS, decision)

    @handles
    def on_purge(self, event: Envelope) -> None:
        """residents.purge_begun: callers and signatures of that person go; those of tickets that are open stay as yet."""
        known = copies.asked_about(event, self.remote)
        units = sorted({span["unit"] for span in event.data["units"]})
        with self.store.work() as work:
            told = [
                ticket
                for ticket in work.where(TICKETS, {"project": event.project, "unit": {"$in": units}})
                if callers.tells_of(ticket, known, self.sealer)
            ]
            over = [ticket for ticket in told if ticket.state in model.OVER]
            for ticket in over:
                work.apply(TICKETS, callers.forgotten(ticket, known, self.sealer))
            copies.report(work, event, len(over), len(told) - len(over))

    @handles
    def on_project(self, event: Envelope) -> None:
        """residents.project_opened."""
        known = {name: event.data[name] for name in ("code", "timezone", "name")}
        with self.store.work() as work:
            work.keep(PROJECTS, {"_id": event.data["project"], **known})

    @handles
    def on_units(self, event: Envelope) -> None:
        """residents.units_registered, residents.units_withdrawn; the later word on a unit holds."""
        units = event.data["units"]
        known = (
            [{**unit, "withdrawn": False} for unit in units]
            if event.name == "units_registered"
            else [{"id": unit, "label": unit, "withdrawn": True} for unit in units]
        )
        with self.store.work() as work:
            for copy in known:
                work.keep(UNITS, {"_id": unit_key(event.project, copy.pop("id")), **copy}, as_of=event.time)

    @handles
    def on_defect(self, event: Envelope) -> None:
        """residents.defect_found: each defect of a handover is a ticket to the developer's contractor, once (handbook §2)."""
        ticket, project = derived_id(event.time, "defect", event.data["defect"]), event.project
        if self.store.read.plain(TICKETS.collection, ticket) is not None:
            return
        found = self.remote.residents.defect(project=project, case=event.data["case"], defect=event.data["defect"])
        intake = model.legacy_defect(event.data["unit"], event.data["item"], found["what"])
        try:
            opening = self._opening(ticket, project, intake)
        except (NotFound, BadInput) as error:
            raise OutOfOrder(f"a defect before its unit: {error.detail}") from error
        with self.store.work() as work:
            work.apply(TICKETS, model.raise_ticket(opening, intake, self.policy.of(project), self._by()))

    def _opening(self, ticket: str, project: str, intake: model.Intake) -> model.Opening:
        """What the new ``ticket`` gets besides its intake. Raises NotFound for an unknown project, BadInput for an unknown unit."""
        home = self._project(project)
        unit = self._unit(project, intake.unit) if intake.unit else None
        running = numbers(self.store.database).take(project, self.policy.of(project)["numbers"], self.context.now)
        local = self.context.now.astimezone(ZoneInfo(home["timezone"]))
        return model.Opening(
            id=ticket,
            project=project,
            number=model.number_text(home["code"], running, local),
            unit_label=unit["label"] if unit else None,
            caller=callers.sealed(intake, self.sealer),
        )

    def _command(self, project: str, ticket: str, decide: Decide) -> View:
        with self.store.work() as work:
            state = work.load(TICKETS, ticket, project)
            view: View = work.answer(self._view(work.apply(TICKETS, decide(state, self._by()))))
            return view

    def _by(self) -> model.By:
        return model.By(self.context.principal.id, self.context.now)

    def _view(self, ticket: model.Ticket) -> View:
        view: View = VIEW.dump(callers.masked(ticket, self.sealer))
        return view

    def _project(self, project: str) -> Document:
        known = self.store.read.plain(PROJECTS, project)
        if known is None:
            raise NotFound(f"no project {project!r} here")
        return known

    def _unit(self, project: str, unit: str) -> Document:
        known = self.store.read.plain(UNITS, unit_key(project, unit))
        if known is None or known["withdrawn"]:
            raise BadInput.of("unit", "is not a unit of this project")
        return known
