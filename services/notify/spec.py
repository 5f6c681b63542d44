"""What the notify service is (handbook §9)."""

from __future__ import annotations

from services.notify.rules import heard
from services.notify.store import COLLECTIONS
from steward import copies
from steward.policy import Policies
from steward.settings import read
from steward.spec import Call, Event, Hears, Permission, Route, ServiceSpec, Sweep

NAME = "notify"
POLICY = "services.notify:policy.toml"
_S = "services.notify.schemas:"
_STAFF = ("desk", "zone_manager", "supervisor", "manager")
_ALL = (*_STAFF, "engineer", "security", "cleaner", "cashier", "finance", "quality", "auditor")
_MESSAGE = "/projects/{project}/messages/{message}"


def _heard() -> tuple[str, ...]:
    """The events that this installation's policy names."""
    named = ServiceSpec(name=NAME, title={}, service="", policy=POLICY)
    return heard(Policies(named, read("policy")).of(""))


SPEC = ServiceSpec(
    name=NAME,
    title={"zh-CN": "通知", "en": "Notifications"},
    service="services.notify.service:Notify",
    policy=POLICY,
    check="services.notify.checking:check",
    publishes=(
        Event("queued", f"{_S}Queued", "A message is called for"),
        Event("sent", f"{_S}Sent", "A channel has taken it: the operator, the print list, a task list"),
        Event("delivered", f"{_S}OnChannel", "It has reached its recipient"),
        Event("posted", f"{_S}OnChannel", "The desk has posted the letter"),
        Event("failed", f"{_S}Failed", "A channel has failed; the next one follows, if there is one"),
        Event("doubtful", f"{_S}OnChannel", "It may have been sent twice, or not at all: nobody can tell"),
        Event("suppressed", f"{_S}Suppressed", "Nobody is told: no way to reach them, or too late"),
        copies.REPORTED,
    ),
    hears=(
        Hears("on_event", _heard(), prefetch=16),
        Hears("on_residents", ("residents.project_opened", "residents.units_registered")),
        Hears("on_purge", ("residents.purge_begun",), any_order=True),
    ),
    calls=(
        copies.personal_data("notify"),
        copies.copies_held("notify"),
        Call("messages", "notify.own", "Messages", query=f"{_S}MessageQuery", answer=f"{_S}MessageView"),
        Call("message", "notify.own", "One message", answer=f"{_S}MessageView"),
        Call("letter", "notify.read", "A letter as PDF, made of its kept text"),
        Call("posted", "notify.work", "The letter is posted", body="steward.shapes:Nothing", answer=f"{_S}MessageView"),
        Call("done", "notify.own", "The phone task is done", body=f"{_S}Called", answer=f"{_S}MessageView"),
    ),
    routes=(
        Route("GET", "/projects/{project}/messages", "messages", paged=True),
        Route("GET", _MESSAGE, "message"),
        Route("GET", f"{_MESSAGE}/letter", "letter", media="application/pdf"),
        Route("POST", f"{_MESSAGE}/posted", "posted", changes=True),
        Route("POST", f"{_MESSAGE}/done", "done", changes=True),
    ),
    permissions=(
        copies.told_to_services("notify"),
        Permission("notify.own", _ALL, "See and work off the tasks that one is named for"),
        Permission("notify.read", (*_STAFF, "quality", "auditor"), "See messages"),
        Permission("notify.work", (*_STAFF, "quality"), "Post letters, work off phone tasks"),
    ),
    collections=COLLECTIONS,
    sweeps=(Sweep("send_due", every_s=0.25),),
    menu=({"path": "/messages", "en": "Messages", "zh-CN": "通知", "permission": "notify.read"},),
)
