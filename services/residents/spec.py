"""What the residents service is (handbook §1, §2)."""

from __future__ import annotations

from steward.spec import Call, Collection, Event, Index, Permission, Route, ServiceSpec

_S = "services.residents.schemas:"
_PAGE = "steward.paging:PageQuery"
_READERS = ("desk", "zone_manager", "supervisor", "manager", "engineer", "security", "cleaner", "cashier", "finance")
_FILE_READERS = ("desk", "zone_manager", "supervisor", "manager", "cashier", "finance", "admin")
_UNIT = "/projects/{project}/units/{unit}"

ROSTER_DEADLINE_S = 120
"""A roster of the greatest size the policy allows, on a busy machine."""

SPEC = ServiceSpec(
    name="residents",
    title={"zh-CN": "业户档案", "en": "Residents"},
    service="services.residents.service:Residents",
    policy="services.residents:policy.toml",
    publishes=(
        Event("project_opened", f"{_S}ProjectOpened", "A project is open"),
        Event("units_registered", f"{_S}UnitsRegistered", "Units, at most 100, are in use"),
        Event("units_withdrawn", f"{_S}UnitsWithdrawn", "Units are out of use"),
        Event("person_registered", f"{_S}PersonRegistered", "A person is on file", seen_with="residents.people"),
        Event("tie_made", f"{_S}TieChanged", "A person is tied to a unit", seen_with="residents.people"),
        Event("tie_ended", f"{_S}TieChanged", "A tie has an end", seen_with="residents.people"),
    ),
    calls=(
        Call("open_project", "residents.open", "Open a project", body=f"{_S}OpenProject", answer=f"{_S}ProjectView"),
        Call("projects", "residents.read", "Projects granted to the caller", query=_PAGE, answer=f"{_S}ProjectView"),
        Call("project", "residents.read", "One project", answer=f"{_S}ProjectView"),
        Call("register_unit", "residents.work", "Register a unit", body=f"{_S}RegisterUnit", answer=f"{_S}UnitView"),
        Call("units", "residents.read", "Units of a project", query=f"{_S}UnitQuery", answer=f"{_S}UnitView"),
        Call("unit", "residents.read", "One unit", answer=f"{_S}UnitView"),
        Call("withdraw_unit", "residents.work", "Take a unit out of use", body="steward.shapes:Nothing", answer=f"{_S}UnitView"),
        Call("register_person", "residents.work", "File a person", body=f"{_S}RegisterPerson", answer=f"{_S}PersonView"),
        Call(
            "people",
            "residents.people",
            "People on file",
            query=f"{_S}PersonQuery",
            answer=f"{_S}PersonView",
            audited="read",
            subjects=("items.id",),
        ),
        Call("person", "residents.people", "One person", answer=f"{_S}PersonView", audited="read", subjects=("person",)),
        Call("person_units", "residents.people", "A person's units, former ones too", query=_PAGE, answer=f"{_S}UnitView"),
        Call("make_tie", "residents.work", "Tie a person to a unit", body=f"{_S}MakeTie", answer=f"{_S}UnitView"),
        Call("end_tie", "residents.work", "End a tie", body=f"{_S}EndTie", answer=f"{_S}UnitView"),
        Call(
            "roster",
            "residents.import",
            "Import units and people from CSV or XLSX",
            query=f"{_S}RosterQuery",
            answer=f"{_S}RosterView",
            deadline_s=ROSTER_DEADLINE_S,
        ),
        Call("contact", "residents.contact", "How to reach a person", answer=f"{_S}ContactView", audited="read", subjects=("person",)),
        Call(
            "unit_contact",
            "residents.contact",
            "Who answers for a unit",
            answer=f"{_S}UnitContactView",
            audited="read",
            subjects=("person", "unit"),
        ),
    ),
    routes=(
        Route("POST", "/projects", "open_project", status=201),
        Route("GET", "/projects", "projects", paged=True),
        Route("GET", "/projects/{project}", "project"),
        Route("POST", "/projects/{project}/units", "register_unit", status=201),
        Route("GET", "/projects/{project}/units", "units", paged=True),
        Route("GET", _UNIT, "unit"),
        Route("POST", f"{_UNIT}/withdraw", "withdraw_unit", changes=True),
        Route("POST", f"{_UNIT}/ties", "make_tie", changes=True),
        Route("POST", f"{_UNIT}/ties/{{tie}}/end", "end_tie", changes=True),
        Route("POST", "/projects/{project}/people", "register_person", status=201),
        Route("GET", "/projects/{project}/people", "people", paged=True),
        Route("GET", "/projects/{project}/people/{person}", "person"),
        Route("GET", "/projects/{project}/people/{person}/units", "person_units", paged=True),
        Route("POST", "/projects/{project}/roster", "roster", upload=True),
    ),
    permissions=(
        Permission("residents.read", (*_READERS, "quality", "auditor", "admin"), "See projects and units"),
        Permission("residents.people", _FILE_READERS, "See people, phones masked"),
        Permission("residents.work", ("desk", "zone_manager", "supervisor", "manager", "admin"), "File units and people"),
        Permission("residents.import", ("supervisor", "manager", "admin"), "Import rosters"),
        Permission("residents.open", ("admin",), "Open projects"),
        Permission("residents.contact", ("supervisor",), "See phones in full"),
    ),
    collections=(
        Collection("projects", (Index(("code",), unique=True), Index(("project",)))),
        Collection(
            "units",
            (
                Index(("project", "label"), unique=True),
                Index(("project", "_id")),
                Index(("project", "building", "_id")),
                Index(("project", "tied", "_id")),
            ),
        ),
        Collection(
            "people",
            (Index(("project", "key"), unique=True), Index(("project", "_id")), Index(("project", "prints", "_id"))),
        ),
        Collection("imports", (Index(("project", "at")),)),
    ),
    menu=({"path": "/projects", "zh-CN": "项目", "en": "Projects"},),
)
