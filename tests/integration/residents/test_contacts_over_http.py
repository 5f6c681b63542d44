"""Contacts and visits over the real system (handbook §2)."""

from __future__ import annotations

from datetime import date, timedelta

from steward.testing.waiting import eventually
from tests.integration.residents.estate import Estate, Json, roster


def due(estate: Estate, days: int = 0) -> dict[str, Json]:
    return {row["label"]: row for row in estate.get(f"~/contacts-due?within_days={days}")["items"]}


def test_a_ticket_a_call_and_a_visit_count_as_contact_with_a_unit(estate: Estate) -> None:
    people = ("李四,13912345678", "王五,13912345679", "赵六,13912345670")
    estate.load(roster(*(f"3,2,50{place},88.5,{who},业主,2023-01-31," for place, who in enumerate(people))))
    units = {unit["label"]: unit for unit in estate.get("~/units")["items"]}
    assert set(due(estate)) == {"3-2-500", "3-2-501", "3-2-502"} and due(estate)["3-2-500"]["overdue"]
    one = estate.get(f"~/contacts-due?unit={units['3-2-501']['id']}")
    assert ([row["label"] for row in one["items"]], one["next"]) == (["3-2-501"], None)
    body = {"kind": "enquiry", "channel": "phone", "what": "停水吗", "unit": units["3-2-500"]["id"]}
    eventually(lambda: estate.ask("POST", "~/tickets", "desk", json=body).status_code == 201, "tickets knows the unit")
    eventually(lambda: "3-2-500" not in due(estate), "the ticket counts")
    called = {"unit": units["3-2-501"]["id"], "person": units["3-2-501"]["ties"][0]["person"], "way": "phone"}
    assert estate.send("~/contacts", called)["made"]["by"] == "user:supervisor"
    assert set(due(estate)) == {"3-2-502"}
    row = due(estate, 30)["3-2-501"]
    assert date.fromisoformat(row["due_on"]) - date.fromisoformat(row["last_on"]) == timedelta(days=15)
    for field in ("unit", "person"):
        refused = estate.ask("POST", "~/contacts", json={**called, field: "none"})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)


def test_a_household_that_needs_care_is_listed_until_it_is_visited(estate: Estate) -> None:
    estate.load(roster("3,2,501,88.5,李四,13912345678,业主,2023-01-31,"))
    unit = estate.get("~/units")["items"][0]
    person = unit["ties"][0]["person"]
    estate.send(f"~/people/{person}/care", {"every_days": 7})
    (visit,) = estate.get("~/visits-due")["items"]
    assert (visit["why"], visit["person"], visit["overdue"]) == ("care", person, False)
    estate.send("~/contacts", {"unit": unit["id"], "way": "visit"})
    assert estate.get(f"~/people/{person}")["care"]["visited_on"]
    assert estate.get("~/visits-due?within_days=6")["items"] == []
    assert estate.ask("GET", "~/visits-due", "engineer").status_code == 403
