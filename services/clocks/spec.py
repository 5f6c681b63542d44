"""What the clocks service is. What it hears stands in policy: the events that its rows name."""

from __future__ import annotations

from services.clocks.book import heard_events, standing_event, zone_event
from services.clocks.store import COLLECTIONS
from steward.spec import Call, Event, Hears, Permission, Route, ServiceSpec, Sweep

SCHEMAS = "services.clocks.schemas"


_SAY, _RULES = f"{SCHEMAS}:SayRules", f"{SCHEMAS}:RulesView"


def _event(name: str, summary: str) -> Event:
    return Event(name, f"{SCHEMAS}:{name.title().replace('_', '')}", summary)


SPEC = ServiceSpec(
    name="clocks",
    title={"en": "Clocks", "zh-CN": "时限"},
    service="services.clocks.service:Clocks",
    publishes=(
        _event("started", "A clock started"),
        _event("stopped", "A clock stopped, in time or late"),
        _event("warned", "A clock's limit comes near"),
        _event("breached", "A clock's limit has passed"),
        _event("escalated", "A breach went up the ladder"),
        _event("acknowledged", "Somebody took a breach upon themselves"),
        _event("replanned", "A running clock was moved to other rules"),
        _event("rules_changed", "Somebody said other rules"),
        _event("cancelled", "A clock lost its purpose"),
    ),
    hears=(
        Hears("on_event", heard_events(), any_order=True),
        Hears("on_project", (zone_event()[0],)),
        Hears("on_standing", (standing_event()[0],), any_order=True),
    ),
    calls=(
        Call(
            "list_clocks",
            "clocks.read",
            "Watched subjects of a project with their clocks, newest first",
            query=f"{SCHEMAS}:ClocksQuery",
            answer=f"{SCHEMAS}:WatchView",
        ),
        Call(
            "board",
            "clocks.read",
            "What runs out soonest, the overdue first",
            query=f"{SCHEMAS}:BoardQuery",
            answer=f"{SCHEMAS}:BoardView",
        ),
        Call(
            "report",
            "clocks.report",
            "How limits were kept in one month",
            query=f"{SCHEMAS}:ReportQuery",
            answer=f"{SCHEMAS}:ReportView",
        ),
        Call(
            "acknowledge",
            "clocks.acknowledge",
            "Take a breach upon oneself: its ladder is climbed no further",
            body=f"{SCHEMAS}:Acknowledge",
            answer=f"{SCHEMAS}:WatchView",
        ),
        Call("rules", "clocks.read", "The rows that hold in a project", answer=_RULES),
        Call(
            "preview_rules",
            "clocks.rule",
            "What other rules would do to the clocks that run",
            body=_SAY,
            answer=f"{SCHEMAS}:MovesView",
        ),
        Call(
            "say_rules",
            "clocks.rule",
            "Say what holds in a project, over the files",
            body=_SAY,
            answer=_RULES,
        ),
        Call(
            "say_rules_everywhere",
            "clocks.rule",
            "Say what holds in all projects",
            body=_SAY,
            answer=_RULES,
        ),
        Call(
            "replan", "clocks.rule", "Move running clocks to the rules of now", body=f"{SCHEMAS}:Replan", answer=f"{SCHEMAS}:ReplannedView"
        ),
        Call("working_day", "clocks.read", "The day so many working days after another", query=f"{SCHEMAS}:WorkingDayQuery"),
        Call("get", "clocks.read", "The clocks of one subject", answer=f"{SCHEMAS}:WatchView"),
    ),
    routes=(
        Route("GET", "/projects/{project}/clocks", "list_clocks", paged=True),
        Route("GET", "/projects/{project}/clocks/{watch}", "get"),
        Route("POST", "/projects/{project}/clocks/{watch}/acknowledge", "acknowledge", changes=True),
        Route("GET", "/projects/{project}/clock-rules", "rules"),
        Route("POST", "/projects/{project}/clock-rules", "say_rules", changes=True),
        Route("POST", "/projects/{project}/clock-rules/preview", "preview_rules"),
        Route("POST", "/projects/{project}/clock-rules/replan", "replan"),
        Route("POST", "/clock-rules", "say_rules_everywhere", changes=True),
        Route("GET", "/projects/{project}/clock-board", "board"),
        Route("GET", "/projects/{project}/clock-report", "report"),
    ),
    permissions=(
        Permission(
            "clocks.read",
            ("desk", "zone_manager", "supervisor", "manager", "quality", "engineer", "auditor"),
            "See clocks",
        ),
        Permission("clocks.acknowledge", ("desk", "zone_manager", "supervisor", "manager", "quality"), "Take breaches upon oneself"),
        Permission("clocks.rule", ("manager", "quality"), "Say what holds for clocks, and move those that run"),
        Permission("clocks.report", ("supervisor", "manager", "quality", "finance", "auditor"), "See how limits are kept"),
    ),
    collections=COLLECTIONS,
    sweeps=(Sweep("fire_due", every_s=0.25, alone=True), Sweep("measure", every_s=10)),
    policy="services.clocks:policy.toml",
    check="services.clocks.book:check_folder",
    menu=({"path": "/clocks", "en": "Clocks", "zh-CN": "时限", "permission": "clocks.read"},),
)
