"""What the duties service is (handbook §5)."""

from __future__ import annotations

from steward.spec import PUBLIC, Call, Collection, Event, Hears, Index, Permission, Route, ServiceSpec, Sweep

_S = "services.duties.schemas:"
_DUTIES = "/projects/{project}/duties"
_ASSIGNMENTS = "/projects/{project}/assignments"
_FEEDS = "/projects/{project}/duty-feeds"
_OFFICE = ("desk", "zone_manager", "supervisor", "manager", "quality")
_FIELD = ("engineer", "security", "cleaner", "cashier", "finance")


def _command(name: str, permission: str, body: str, summary: str) -> Call:
    return Call(name, f"duties.{permission}", summary, body=f"{_S}{body}", answer=f"{_S}AssignmentView")


SPEC = ServiceSpec(
    name="duties",
    title={"en": "Duties", "zh-CN": "经常性工作"},
    service="services.duties.service:Duties",
    publishes=(
        Event("opened", f"{_S}Opened", "A duty is to be done"),
        Event("done", f"{_S}DoneEvent", "It was done, in time or late"),
        Event("skipped", f"{_S}Skipped", "It is not done this time, with a reason"),
        Event("reopened", f"{_S}Reopened", "It is to be done after all, or again"),
    ),
    hears=(Hears("on_project", ("residents.project_opened",), any_order=True),),
    calls=(
        Call(
            "list_duties",
            "duties.read",
            "Recurring obligations with their next occurrences",
            query=f"{_S}DutiesQuery",
            answer=f"{_S}DutiesView",
        ),
        Call("get_duty", "duties.read", "One of them", query=f"{_S}DutyQuery", answer=f"{_S}DutyView"),
        Call("feed", "duties.read", "What is open and what comes, as an iCalendar feed", query=f"{_S}FeedQuery"),
        Call(
            "subscribe",
            "duties.read",
            "An address for calendar programs, which cannot log in",
            body=f"{_S}Subscribe",
            answer=f"{_S}FeedView",
        ),
        Call("subscriptions", "duties.read", "One's own calendar feeds", answer=f"{_S}FeedsView"),
        Call("unsubscribe", "duties.read", "Revoke a calendar feed", body="steward.shapes:Nothing", answer=f"{_S}FeedView"),
        Call("subscribed", PUBLIC, "A calendar feed, for whoever knows its address"),
        Call(
            "list_assignments",
            "duties.read",
            "Assignments, the latest first",
            query=f"{_S}AssignmentQuery",
            answer=f"{_S}AssignmentView",
        ),
        Call("get_assignment", "duties.read", "One assignment", answer=f"{_S}AssignmentView"),
        _command("done", "work", "Done", "Tick off an assignment, with evidence"),
        _command("skip", "skip", "Because", "Skip an assignment, with a reason"),
        _command("reopen", "reopen", "Because", "Reopen an assignment within some days, with a reason"),
    ),
    routes=(
        Route("GET", _DUTIES, "list_duties"),
        Route("GET", _DUTIES + ".ics", "feed", media="text/calendar"),
        Route("GET", _DUTIES + "/{duty}", "get_duty"),
        Route("POST", _FEEDS, "subscribe", status=201),
        Route("GET", _FEEDS, "subscriptions"),
        Route("POST", _FEEDS + "/{feed}/revoke", "unsubscribe"),
        Route("GET", "/duty-feeds/{token}/duties.ics", "subscribed", media="text/calendar"),
        Route("GET", _ASSIGNMENTS, "list_assignments", paged=True),
        Route("GET", _ASSIGNMENTS + "/{assignment}", "get_assignment"),
        Route("POST", _ASSIGNMENTS + "/{assignment}/done", "done", changes=True),
        Route("POST", _ASSIGNMENTS + "/{assignment}/skip", "skip", changes=True),
        Route("POST", _ASSIGNMENTS + "/{assignment}/reopen", "reopen", changes=True),
    ),
    permissions=(
        Permission("duties.read", (*_OFFICE, *_FIELD, "auditor"), "See duties and assignments"),
        Permission("duties.work", (*_OFFICE, *_FIELD), "Tick off assignments of one's own role"),
        Permission("duties.act_for", ("desk", "supervisor", "manager"), "Tick off assignments of any role"),
        Permission("duties.feeds", ("manager", "admin"), "See and revoke calendar feeds of others"),
        Permission("duties.skip", ("manager",), "Skip assignments"),
        Permission("duties.reopen", ("supervisor", "manager", "quality"), "Reopen assignments"),
    ),
    collections=(
        Collection("plans", (Index(("next_at",)), Index(("project",)))),
        Collection(
            "assignments",
            (
                Index(("project", "_id")),
                Index(("project", "state", "_id")),
                Index(("project", "role", "_id")),
                Index(("project", "role", "state", "_id")),
                Index(("project", "duty", "_id")),
                Index(("project", "duty", "state", "_id")),
            ),
        ),
        Collection("feeds", (Index(("project", "owner")),)),
        Collection("sites", (Index(("unplanned",)),)),
    ),
    sweeps=(Sweep("open_due", every_s=1.0), Sweep("measure", every_s=30)),
    policy="services.duties:policy.toml",
    check="services.duties.book:check",
    menu=({"path": "/assignments", "en": "Duties", "zh-CN": "经常性工作", "permission": "duties.read"},),
)
