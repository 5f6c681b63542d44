"""What the dispatch service is."""

from __future__ import annotations

from steward.spec import Call, Collection, Event, Hears, Index, Permission, Route, ServiceSpec, Sweep

SCHEMAS = "services.dispatch.schemas"
CREW = "/projects/{project}/crew"
ORDERS = "/projects/{project}/orders"


def _event(name: str, schema: str, summary: str) -> Event:
    return Event(name, f"{SCHEMAS}:{schema}", summary)


def _command(call: str, permission: str, body: str, answer: str, summary: str) -> Call:
    return Call(call, f"dispatch.{permission}", summary, body=f"{SCHEMAS}:{body}", answer=f"{SCHEMAS}:{answer}")


def _list(call: str, query: str, answer: str, summary: str) -> Call:
    return Call(call, "dispatch.read", summary, query=query, answer=f"{SCHEMAS}:{answer}")


OFFICE = ("zone_manager", "supervisor", "manager")
FIELD = ("engineer", "security", "cleaner")

SPEC = ServiceSpec(
    name="dispatch",
    title={"en": "Dispatch", "zh-CN": "派工"},
    service="services.dispatch.service:Dispatch",
    publishes=(
        _event("ordered", "Ordered", "A work order was written"),
        _event("offered", "Offered", "It was offered to somebody"),
        _event("taken", "OfEngineer", "Somebody took it"),
        _event("refused", "Refused", "Somebody refused it, with a reason"),
        _event("unfilled", "OrderEvent", "There is nobody to offer it to"),
        _event("assigned", "Assigned", "It was given to somebody by hand"),
        _event("closed", "OrderEvent", "The work is done"),
        _event("withdrawn", "OrderEvent", "The ticket was cancelled"),
    ),
    hears=(
        Hears(
            "on_ticket",
            ("tickets.accepted", "tickets.reopened", "tickets.done", "tickets.closed", "tickets.cancelled"),
        ),
        Hears("on_breach", ("clocks.breached",)),
        Hears("on_project", ("residents.project_opened",)),
    ),
    calls=(
        _command("enrol", "crew", "Enrol", "MemberView", "Put somebody on the crew, or describe them anew"),
        _command("leave", "crew", "Leave", "MemberView", "Somebody is away"),
        Call("back", "dispatch.crew", "Somebody is back", body="steward.shapes:Nothing", answer=f"{SCHEMAS}:MemberView"),
        _list("list_crew", "steward.paging:PageQuery", "MemberView", "The crews of a project"),
        _command("take", "work", "Take", "OrderView", "Take an order"),
        _command("refuse", "work", "Refuse", "OrderView", "Refuse an order, with a reason"),
        _command("assign", "assign", "Assign", "OrderView", "Give an order to somebody by hand"),
        _command("record", "work", "Record", "OrderView", "Record material or labour"),
        Call("get_order", "dispatch.read", "One order", answer=f"{SCHEMAS}:OrderView"),
        _list("list_orders", f"{SCHEMAS}:OrderQuery", "OrderView", "Orders: somebody's day, or a project's"),
    ),
    routes=(
        Route("POST", CREW, "enrol"),
        Route("GET", CREW, "list_crew", paged=True),
        Route("POST", CREW + "/{member}/leave", "leave", changes=True),
        Route("POST", CREW + "/{member}/back", "back", changes=True),
        Route("GET", ORDERS, "list_orders", paged=True),
        Route("GET", ORDERS + "/{order}", "get_order"),
        Route("POST", ORDERS + "/{order}/take", "take", changes=True),
        Route("POST", ORDERS + "/{order}/refuse", "refuse", changes=True),
        Route("POST", ORDERS + "/{order}/assign", "assign", changes=True),
        Route("POST", ORDERS + "/{order}/materials", "record", changes=True),
    ),
    permissions=(
        Permission("dispatch.read", ("desk", *OFFICE, *FIELD, "quality", "auditor"), "See crews and orders"),
        Permission("dispatch.crew", OFFICE, "Change crews"),
        Permission("dispatch.work", ("desk", "zone_manager", "supervisor", *FIELD), "Take, refuse, record"),
        Permission("dispatch.act_for", ("desk", "zone_manager", "supervisor"), "Answer for others of the crew"),
        Permission("dispatch.assign", ("zone_manager", "supervisor"), "Assign by hand"),
    ),
    collections=(
        Collection("crew", (Index(("project", "_id")), Index(("project", "code"), unique=True), Index(("active",)))),
        Collection(
            "orders",
            (
                Index(("project", "_id")),
                Index(("project", "state", "_id")),
                Index(("project", "engineer", "_id")),
                Index(("project", "engineer", "state", "_id")),
                Index(("ticket",)),
                Index(("holder", "urgency")),
                Index(("fillable", "urgency")),
            ),
        ),
        Collection("projects"),
    ),
    sweeps=(Sweep("offer_unfilled", every_s=5),),
    policy="services.dispatch:policy.toml",
    menu=({"path": "/orders", "en": "Work orders", "zh-CN": "派工单", "permission": "dispatch.read"},),
)
