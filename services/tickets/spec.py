"""What the tickets service is."""

from __future__ import annotations

from steward import copies
from steward.spec import Call, Collection, Event, Hears, Index, Permission, Route, ServiceSpec

SCHEMAS = "services.tickets.schemas"
TICKET = "/projects/{project}/tickets/{ticket}"


def _event(name: str, schema: str, summary: str) -> Event:
    return Event(name, f"{SCHEMAS}:{schema}", summary)


def _command(call: str, permission: str, body: str, summary: str) -> Call:
    return Call(call, f"tickets.{permission}", summary, body=f"{SCHEMAS}:{body}", answer=f"{SCHEMAS}:TicketView")


COMMANDS = (
    _command("accept", "accept", "Noted", "The desk takes the matter on"),
    _command("arrive", "work", "Noted", "The engineer is on site"),
    _command("wait", "work", "Wait", "Work rests, with a reason and a next date"),
    _command("resume", "work", "Noted", "Work goes on"),
    _command("finish", "work", "Noted", "The work is done"),
    _command("check", "work", "CheckWork", "The resident checked the work"),
    _command("call_back", "settle", "CallBack", "The resident was called back"),
    _command("close", "settle", "Noted", "The matter is over"),
    _command("reopen", "settle", "Reopen", "The callback found it unsolved"),
    _command("cancel", "settle", "Cancel", "Called off, with a reason"),
)

DESK = ("desk", "zone_manager", "supervisor", "manager")
FIELD = ("engineer", "security", "cleaner")

SPEC = ServiceSpec(
    name="tickets",
    title={"en": "Tickets", "zh-CN": "报事"},
    service="services.tickets.service:Tickets",
    publishes=(
        _event("raised", "Raised", "Somebody brought a matter up"),
        _event("accepted", "Accepted", "The desk took it on"),
        _event("dispatched", "Dispatched", "A work order was written"),
        _event("taken", "Taken", "Somebody took the order"),
        _event("arrived", "TicketEvent", "Somebody is on site"),
        _event("waiting", "Waiting", "Work rests until a next date"),
        _event("resumed", "TicketEvent", "Work goes on"),
        _event("done", "TicketEvent", "The work is done"),
        _event("checked", "TicketEvent", "The resident checked it"),
        _event("called_back", "CalledBack", "The resident was called back"),
        _event("closed", "TicketEvent", "The matter is over"),
        _event("reopened", "Reopened", "Unsolved: accepted again, to be dispatched again in a new round"),
        _event("cancelled", "Cancelled", "Called off"),
        copies.REPORTED,
    ),
    hears=(
        Hears("on_dispatch", ("dispatch.ordered", "dispatch.taken")),
        Hears("on_project", ("residents.project_opened",)),
        Hears("on_units", ("residents.units_registered", "residents.units_withdrawn")),
        Hears("on_purge", ("residents.purge_begun",), any_order=True),
        Hears("on_defect", ("residents.defect_found",), any_order=True),
    ),
    calls=(
        _command("raise_ticket", "raise", "RaiseTicket", "Bring a matter up"),
        *COMMANDS,
        Call("get", "tickets.read", "One ticket", answer=f"{SCHEMAS}:TicketView"),
        Call(
            "list_tickets",
            "tickets.read",
            "Tickets of a project, newest first",
            query=f"{SCHEMAS}:TicketQuery",
            answer=f"{SCHEMAS}:TicketView",
        ),
        copies.personal_data("tickets"),
        copies.copies_held("tickets"),
        Call("caller", "tickets.caller", "The caller unmasked", answer=f"{SCHEMAS}:CallerView"),
    ),
    routes=(
        Route("POST", "/projects/{project}/tickets", "raise_ticket", status=201),
        Route("GET", "/projects/{project}/tickets", "list_tickets", paged=True),
        Route("GET", TICKET, "get"),
        *(Route("POST", f"{TICKET}/{call.name.replace('_', '-')}", call.name, changes=True) for call in COMMANDS),
    ),
    permissions=(
        Permission("tickets.read", (*DESK, *FIELD, "quality", "auditor"), "See tickets"),
        Permission("tickets.raise", (*DESK, *FIELD), "Bring matters up"),
        Permission("tickets.accept", ("desk", "zone_manager", "supervisor"), "Take matters on"),
        Permission("tickets.work", ("desk", "zone_manager", "supervisor", *FIELD), "Report on the work"),
        Permission("tickets.settle", ("desk", "zone_manager", "supervisor"), "Call back, close, reopen, cancel"),
        copies.told_to_services("tickets"),
        Permission("tickets.caller", (), "Know the caller unmasked: services only"),
    ),
    collections=(
        Collection(
            "tickets",
            (
                Index(("project", "_id")),
                Index(("project", "state", "_id")),
                Index(("project", "kind", "_id")),
                Index(("project", "kind", "state", "_id")),
                Index(("project", "number"), unique=True),
                Index(("project", "unit", "_id")),
            ),
            seals=("caller.name", "caller.phone", "checks.signature"),
        ),
        Collection("projects"),
        Collection("units"),
        Collection("counters"),
        copies.COLLECTION,
    ),
    policy="services.tickets:policy.toml",
    menu=({"path": "/tickets", "en": "Tickets", "zh-CN": "报事", "permission": "tickets.read"},),
)
