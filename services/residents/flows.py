"""The part of the spec that is about what goes on with units (handbook §2): cases, cards, contacts, visits, vacancies, parking leases."""

from __future__ import annotations

from steward.spec import Approved, Call, Collection, Event, Hears, Index, Permission, Route

_CASES = "services.residents.schemas.cases:"
_CARDS = "services.residents.schemas.cards:"
_CONTACTS = "services.residents.schemas.contacts:"
_LISTS = "services.residents.schemas.lists:"
_PAGE = "steward.paging:PageQuery"
_VEHICLES = "services.residents.schemas.vehicles:"
_CARD_VIEW = f"{_CARDS}CardView"
_CARD = "/projects/{project}/cards/{card}"
_CASE = "/projects/{project}/cases/{case}"
_VIEW = f"{_CASES}CaseView"
_WORKERS = ("engineer", "security", "cashier", "finance")
_DESK = ("desk", "zone_manager", "supervisor", "manager")


def _told(name: str, schema: str, summary: str) -> Event:
    return Event(name, f"{_CASES}{schema}", summary, seen_with="residents.cases")


EVENTS = (
    _told("case_opened", "CaseTold", "A handover, change of owner, tenancy, move-out or parking lease is begun"),
    _told("case_step_taken", "CaseStepTaken", "Something was recorded of a step of a case"),
    _told("case_step_struck", "CaseStepStruck", "What was recorded of a step was wrong"),
    _told("case_completed", "CaseTold", "Nothing of a case is missing: it holds"),
    _told("case_cancelled", "CaseCancelled", "A case was given up"),
    _told("prepayment_requested", "MoneyAsked", "Fees are to be paid ahead"),
    _told("settlement_requested", "MoneyAsked", "What is unpaid is to be told"),
    _told("refund_requested", "MoneyAsked", "Deposits are to be paid back"),
    _told("charge_requested", "MoneyAsked", "Something is to be paid for"),
    _told("defect_found", "DefectFound", "A defect was found at a handover"),
    *(
        Event(f"card_{name}", f"{_CARDS}CardTold", summary, version, seen_with="residents.cards")
        for name, summary, version in (
            ("requested", "A staff card is asked for", 1),
            ("approved", "All who must agree to a staff card have", 2),
            ("refused", "A staff card that was asked for is not given out", 1),
            ("issued", "A card is in use", 1),
            ("blocked", "A card is lost and opens nothing any more", 1),
            ("returned", "A card came back", 1),
        )
    ),
    Event("visited", f"{_CONTACTS}Visited", "Somebody of the house was at a unit", seen_with="residents.people"),
    Event("vacancy_confirmed", f"{_LISTS}VacancyConfirmed", "Somebody saw that a unit is vacant still"),
    Event("vacancies_counted", f"{_LISTS}VacanciesCounted", "The vacant units of a month are counted"),
    Event("parking_leased", f"{_VEHICLES}ParkingTold", "A parking space is let for a vehicle", seen_with="residents.people"),
    Event("parking_ended", f"{_VEHICLES}ParkingTold", "A parking lease ends early", seen_with="residents.people"),
    _told("moved_in", "MovedIn", "People move in"),
    _told("moved_out", "Moved", "People moved out"),
)

APPROVED = (
    Approved("staff_card", granted="staff_card_agreed", refused="staff_card_not_agreed"),
    Approved("full_file"),
)

HEARS = (Hears("on_ticket", ("tickets.raised", "tickets.called_back"), any_order=True),)

CALLS = (
    Call("open_case", "residents.work", "Begin a handover, change of owner, tenancy, move-out", body=f"{_CASES}OpenCase", answer=_VIEW),
    Call("cases", "residents.cases", "Cases of a project", query=f"{_CASES}CaseQuery", answer=_VIEW),
    Call("case", "residents.cases", "One case", answer=_VIEW),
    Call("take_step", "residents.cases", "Record what was done of a step", body=f"{_CASES}TakeStep", answer=_VIEW),
    Call("strike_step", "residents.strike", "A step was recorded wrongly", body=f"{_CASES}StrikeStep", answer=_VIEW),
    Call("complete_case", "residents.work", "Nothing is missing: the case holds", body="steward.shapes:Nothing", answer=_VIEW),
    Call("cancel_case", "residents.work", "Give a case up", body=f"{_CASES}CancelCase", answer=_VIEW),
    Call("issue_card", "residents.issue_cards", "Issue an owner card", body=f"{_CARDS}IssueCard", answer=_CARD_VIEW),
    Call("request_staff_card", "residents.issue_cards", "Ask for a staff card", body=f"{_CARDS}RequestStaffCard", answer=_CARD_VIEW),
    Call("cards", "residents.cards", "Cards of a project", query=f"{_CARDS}CardQuery", answer=_CARD_VIEW),
    Call("card", "residents.cards", "One card", answer=_CARD_VIEW),
    Call("hand_out_card", "residents.issue_cards", "Give out a staff card", body=f"{_CARDS}HandOutCard", answer=_CARD_VIEW),
    Call("lose_card", "residents.cards", "Block a card that is lost", body=f"{_CARDS}LoseCard", answer=_CARD_VIEW),
    Call("return_card", "residents.issue_cards", "Take a card back", body="steward.shapes:Nothing", answer=_CARD_VIEW),
    Call(
        "note_contact",
        "residents.work",
        "Somebody was reached, or visited",
        body=f"{_CONTACTS}NoteContact",
        answer=f"{_CONTACTS}ContactedView",
    ),
    Call(
        "contacts_due",
        "residents.people",
        "Whose contact details are to be confirmed",
        query=f"{_CONTACTS}ContactsDueQuery",
        answer=f"{_CONTACTS}ContactDueView",
    ),
    Call("visits_due", "residents.people", "Visits that are due", query=f"{_CONTACTS}VisitsQuery", answer=f"{_CONTACTS}VisitsView"),
    Call("confirm_vacant", "residents.work", "Units are vacant still", body=f"{_LISTS}ConfirmVacant", answer=f"{_LISTS}ConfirmedView"),
    Call("vacancy_counts", "residents.read", "Vacant units, counted by month", query=_PAGE, answer=f"{_LISTS}VacancyCountView"),
    Call("end_lease", "residents.work", "A parking lease ends early", body=f"{_VEHICLES}EndLease", answer=f"{_VEHICLES}VehicleView"),
    Call("defect", "residents.defect", "A defect in words", answer=f"{_CASES}DefectText"),
)

ROUTES = (
    Route("POST", "/projects/{project}/cases", "open_case", status=201),
    Route("GET", "/projects/{project}/cases", "cases", paged=True),
    Route("GET", _CASE, "case"),
    Route("POST", f"{_CASE}/steps/{{step}}", "take_step", changes=True),
    Route("POST", f"{_CASE}/steps/{{step}}/strike", "strike_step", changes=True),
    Route("POST", f"{_CASE}/complete", "complete_case", changes=True),
    Route("POST", f"{_CASE}/cancel", "cancel_case", changes=True),
    Route("POST", "/projects/{project}/contacts", "note_contact", status=201),
    Route("GET", "/projects/{project}/contacts-due", "contacts_due", paged=True),
    Route("GET", "/projects/{project}/visits-due", "visits_due"),
    Route("POST", "/projects/{project}/vacant-units/confirm", "confirm_vacant", status=201),
    Route("GET", "/projects/{project}/vacancy-counts", "vacancy_counts", paged=True),
    Route("POST", "/projects/{project}/vehicles/{vehicle}/end-lease", "end_lease", changes=True),
    Route("POST", "/projects/{project}/cards", "issue_card", status=201),
    Route("POST", "/projects/{project}/staff-cards", "request_staff_card", status=201),
    Route("GET", "/projects/{project}/cards", "cards", paged=True),
    Route("GET", _CARD, "card"),
    Route("POST", f"{_CARD}/hand-out", "hand_out_card", changes=True),
    Route("POST", f"{_CARD}/lose", "lose_card", changes=True),
    Route("POST", f"{_CARD}/return", "return_card", changes=True),
)

PERMISSIONS = (
    Permission(
        "residents.cases",
        (*_DESK, *_WORKERS, "quality", "auditor"),
        "See cases, and take the steps of one's own role",
    ),
    Permission("residents.strike", ("supervisor", "manager"), "Say that a step of a case was recorded wrongly"),
    Permission("residents.cards", (*_DESK, "security"), "See cards, and block those that are lost"),
    Permission("residents.issue_cards", _DESK, "Issue cards and take them back"),
    Permission("residents.defect", (), "Know a defect in words: services only"),
)

COLLECTIONS = (
    Collection("contacts"),
    Collection("vacancy_counts", (Index(("month",)), Index(("project", "_id")))),
    Collection(
        "cases",
        (
            Index(("project", "taken"), unique=True, partial={"taken": {"$exists": True}}),
            Index(("project", "_id")),
            Index(("project", "kind", "_id")),
            Index(("project", "unit", "_id")),
            Index(("project", "state", "_id")),
        ),
        seals=("records.given.signature",),
    ),
    Collection(
        "cards",
        (
            Index(("project", "taken"), unique=True, partial={"taken": {"$exists": True}}),
            Index(("project", "_id")),
            Index(("project", "unit", "_id")),
            Index(("project", "holder", "_id")),
            Index(("project", "printed", "_id")),
            Index(("project", "state", "_id")),
        ),
    ),
)
