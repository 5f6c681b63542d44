"""What of the service's spec is about people's right to their data: copies for them, and the end of their files (docs/privacy.md)."""

from __future__ import annotations

from steward.policy import Policies
from steward.settings import read
from steward.spec import Approved, Call, Collection, Event, Hears, Index, Permission, Route, ServiceSpec, Sweep

POLICY = "services.residents:policy.toml"
_S = "services.residents.schemas.purges:"
_HOLDS = "/projects/{project}/people/{person}/holds"
_A = "services.residents.schemas.access:"
_ACCESS = "/projects/{project}/people/{person}/access-requests"
_E = "services.residents.schemas.erasures:"
_ERASURES = "/projects/{project}/people/{person}/erasure-requests"
_NOTHING = "steward.shapes:Nothing"


def _reports() -> tuple[str, ...]:
    """The events by which those report who hold copies, as this installation's policy names them."""
    policy = Policies(ServiceSpec("residents", {}, "", policy=POLICY), read("policy")).of("")
    return tuple(f"{service}.person_forgotten" for service in policy["retention"]["holders"])


EVENTS = (
    Event(
        "purge_begun", f"{_S}PurgeBegun", "A file is about to be destroyed, or some of it: copies are to go", seen_with="residents.purges"
    ),
    Event("purge_held", f"{_S}PurgeHeld", "A file is kept though its time has run out", seen_with="residents.purges"),
    Event("person_purged", f"{_S}PersonPurged", "A file is destroyed", seen_with="residents.purges"),
    Event("hold_placed", f"{_S}HoldTold", "A file is needed though its time may run out", seen_with="residents.purges"),
    Event("access_requested", f"{_A}AccessTold", "A copy of what is held of somebody is asked for", seen_with="residents.disclose"),
    Event("access_ready", f"{_A}AccessTold", "It is ready", seen_with="residents.disclose"),
    Event("access_ended", f"{_A}AccessTold", "It is kept no longer", seen_with="residents.disclose"),
    *(
        Event(f"erasure_{name}", f"{_E}Erasure{name.capitalize()}", summary, seen_with="residents.erasures")
        for name, summary in (
            ("asked", "Somebody wishes that what is held of them goes"),
            ("decided", "It is agreed to, or will not be done"),
            ("kept", "What is left of it is kept, on grounds, and goes when there is none"),
            ("done", "What could go of it has gone, or the last of it"),
        )
    ),
    Event("hold_released", f"{_S}HoldTold", "It is needed no longer on that ground", seen_with="residents.purges"),
)

APPROVED = (Approved("erasure", granted="erasure_agreed", refused="erasure_not_agreed"),)

HEARS = (Hears("on_forgotten", _reports(), any_order=True),)

CALLS = (
    Call("purges", "residents.purges", "Files that were destroyed, or are held", query=f"{_S}PurgeQuery", answer=f"{_S}PurgeView"),
    Call("purge", "residents.purges", "One of them", answer=f"{_S}PurgeView"),
    Call("review_files", "residents.purge", "Look through all files now", body=_NOTHING, answer=f"{_S}ReviewView"),
    Call("holds", "residents.hold", "On which grounds a file is, or was, kept", answer=f"{_S}HoldsView"),
    Call("place_hold", "residents.hold", "Keep a file on some ground", body=f"{_S}PlaceHold", answer=f"{_S}HoldView"),
    Call("release_hold", "residents.hold", "Keep it no longer on that ground", body=_NOTHING, answer=f"{_S}HoldView"),
    Call(
        "request_access",
        "residents.disclose",
        "Collect all that is held of somebody",
        body=f"{_A}AskAccess",
        answer=f"{_A}AccessView",
        audited="read",
        subjects=("person",),
    ),
    Call(
        "access_requests",
        "residents.disclose",
        "Copies that were asked for of somebody",
        query="steward.paging:PageQuery",
        answer=f"{_A}AccessView",
    ),
    Call("access_request", "residents.disclose", "One of them", answer=f"{_A}AccessView"),
    Call(
        "access_copy",
        "residents.disclose",
        "All that is held of somebody, in clear, for who asked",
        answer=f"{_A}AccessFile",
        audited="read",
        subjects=("person",),
    ),
    Call(
        "request_erasure",
        "residents.erase",
        "Have what is held of somebody taken out, as far as nothing stands against it",
        body=f"{_E}AskErasure",
        answer=f"{_E}ErasureView",
        deadline_s=5.0,
    ),
    Call(
        "erasures",
        "residents.erasures",
        "What was wished of somebody's file",
        query="steward.paging:PageQuery",
        answer=f"{_E}ErasureView",
    ),
    Call("erasure", "residents.erasures", "One of these wishes", answer=f"{_E}ErasureView"),
    Call(
        "withdraw_erasure",
        "residents.erase",
        "They want no longer that what is kept of it goes",
        body=_NOTHING,
        answer=f"{_E}ErasureView",
    ),
    Call(
        "identities",
        "residents.identities",
        "By what somebody is known, in clear",
        answer=f"{_S}IdentitiesView",
        audited="read",
        subjects=("person",),
    ),
)

ROUTES = (
    Route("GET", "/projects/{project}/purges", "purges", paged=True),
    Route("GET", "/projects/{project}/purges/{purge}", "purge"),
    Route("POST", "/projects/{project}/purge-reviews", "review_files", status=202),
    Route("POST", _ACCESS, "request_access", status=201),
    Route("GET", _ACCESS, "access_requests", paged=True),
    Route("GET", f"{_ACCESS}/{{request}}", "access_request"),
    Route("GET", f"{_ACCESS}/{{request}}/copy", "access_copy"),
    Route("POST", _ERASURES, "request_erasure", status=201),
    Route("GET", _ERASURES, "erasures", paged=True),
    Route("GET", f"{_ERASURES}/{{erasure}}", "erasure"),
    Route("POST", f"{_ERASURES}/{{erasure}}/withdraw", "withdraw_erasure", changes=True),
    Route("GET", _HOLDS, "holds"),
    Route("POST", _HOLDS, "place_hold", status=201),
    Route("POST", f"{_HOLDS}/{{hold}}/release", "release_hold", changes=True),
)

PERMISSIONS = (
    Permission("residents.purges", ("manager", "quality", "auditor", "admin"), "See which files were destroyed, and which are held"),
    Permission("residents.purge", ("manager", "admin"), "Have files looked through now"),
    Permission("residents.disclose", ("manager", "admin"), "Have a copy made, for somebody, of all that is held of them"),
    Permission("residents.erase", ("supervisor", "manager", "admin"), "Ask that what is held of somebody goes, at their wish"),
    Permission("residents.erasures", ("supervisor", "manager", "quality", "auditor", "admin"), "See such wishes, and what became of them"),
    Permission("residents.hold", ("supervisor", "manager", "admin"), "Keep files whose time has run out, on a ground"),
    Permission("residents.identities", (), "Know by what somebody is known: services that hold copies only"),
)

COLLECTIONS = (
    Collection("purges", (Index(("project", "_id")), Index(("project", "state", "_id")), Index(("project", "person", "_id")))),
    Collection(
        "access_requests",
        (Index(("project", "person", "_id")), Index(("state",)), Index(("ends_at",))),
        seals=("parts.content",),
    ),
    Collection("erasures", (Index(("project", "person", "_id")), Index(("project", "state", "_id")))),
    Collection("holds", (Index(("project", "person")),)),
    Collection("purge_reviews"),
)

SWEEPS = (Sweep("purge_due", every_s=3.0, alone=True), Sweep("collect_copies", every_s=3.0, alone=True))
