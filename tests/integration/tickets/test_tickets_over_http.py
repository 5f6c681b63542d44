"""The road of a ticket, from intake to close, over the real system."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from pymongo import MongoClient

from services.tickets.spec import SPEC
from services.tickets.store import Numbers
from steward.bus.client import Client
from steward.policy import shipped
from steward.testing.system import System
from steward.testing.waiting import eventually
from steward.times import iso, now
from tests.integration.tickets.village import NAME, PHONE, Village

RULES = shipped(SPEC)["numbers"]
SOLVED: dict[str, Any] = {"satisfaction": "satisfied", "solved": True, "attitude": 5, "quality": 4}


def test_what_the_desk_takes_by_phone_is_accepted_numbered_and_masked(village: Village) -> None:
    answer = village.ask("POST", "/tickets", json=village.intake())
    ticket = answer.json()
    assert answer.status_code == 201 and answer.headers["Location"].endswith(ticket["id"])
    assert ticket["state"] == "accepted" and ticket["department"] == "engineering" and ticket["unit_label"] == "3-2-501"
    assert re.fullmatch(village.code + r"-[0-9]{4}-[0-9]{5}", ticket["number"])
    assert (ticket["caller_name"], ticket["caller_phone"]) == ("张**", "138****5678")
    assert village.get(f"/tickets?number={ticket['number']}&state=accepted")["items"][0]["id"] == ticket["id"]
    assert village.get(f"/tickets?number={ticket['number']}&state=closed")["items"] == []


def test_an_unknown_unit_is_named_and_an_unknown_project_is_not_found(village: Village) -> None:
    refused = village.ask("POST", "/tickets", json=village.intake(unit="elsewhere"))
    assert refused.status_code == 422 and refused.json()["errors"][0]["field"] == "unit"
    village.project = "nowhere"
    assert village.ask("POST", "/tickets", json=village.intake()).status_code == 404


def test_a_withdrawn_unit_takes_no_tickets_any_more(village: Village, operator: Client) -> None:
    operator.call("residents", "withdraw_unit", within_s=20, project=village.project, unit=village.unit, body={})
    eventually(lambda: village.ask("POST", "/tickets", json=village.intake()).status_code == 422, "the unit is gone")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "tea"), ("what", ""), ("what", "x" * 2001), ("place", "x" * 201), ("caller_phone", "drop table"),
        ("unit", {"$gt": ""}), ("appointment_at", "tomorrow"), ("surprise", 1),
    ],
)  # fmt: skip
def test_bad_intake_gets_a_422_that_names_the_field(village: Village, field: str, value: object) -> None:
    refused = village.ask("POST", "/tickets", json=village.intake(**{field: value}))
    assert refused.status_code == 422 and refused.json()["errors"][0]["field"] == field


def test_a_repair_goes_the_whole_road_and_its_events_hold_nothing_personal(village: Village) -> None:
    ticket = village.raise_ticket()
    village.take(ticket)
    assert village.ticket_in(ticket, "taken")["engineer"] in ("E1", "E2")
    village.command(ticket, "arrive", "engineer")
    village.command(ticket, "wait", "engineer", reason="parts", next_at=iso(now() + timedelta(days=1)), note=f"for {NAME}")
    village.command(ticket, "resume", "engineer")
    village.command(ticket, "finish", "engineer", note="washer changed")
    village.command(ticket, "check", "engineer", signature=NAME)
    assert village.command(ticket, "call-back", **SOLVED)["actions"] == ["close"]
    closed = village.command(ticket, "close")
    assert closed["state"] == "closed" and closed["actions"] == []
    assert village.order_in(ticket, "closed")["engineer"] == closed["engineer"]
    events = village.events(ticket)
    names = [event["type"] for event in events if event["type"].startswith("tickets.")]
    assert names == [
        f"tickets.{name}" for name in
        ("raised", "accepted", "dispatched", "taken", "arrived", "waiting", "resumed", "done", "checked", "called_back", "closed")
    ]  # fmt: skip
    told = json.dumps(events, ensure_ascii=False)
    assert NAME not in told and PHONE not in told and PHONE[-4:] not in told


def test_unsolved_at_the_callback_it_is_reopened_and_dispatched_again(village: Village) -> None:
    ticket = village.raise_ticket()
    village.take(ticket)
    village.ticket_in(ticket, "taken")
    for command, body in (("arrive", {}), ("finish", {}), ("check", {"remark": "nobody home"})):
        village.command(ticket, command, **body)
    assert village.command(ticket, "call-back", **SOLVED | {"solved": False})["actions"] == ["reopen"]
    assert village.command(ticket, "reopen", note="drips again")["round"] == 2
    village.take(ticket, turn=2)
    again = village.ticket_in(ticket, "taken")
    assert again["order"] == f"{ticket['id']}-2" and len(again["callbacks"]) == 1


def test_what_is_not_possible_now_is_answered_with_what_is(village: Village) -> None:
    ticket = village.raise_ticket(kind="enquiry")
    refused = village.ask("POST", f"/tickets/{ticket['id']}/arrive", json={})
    assert refused.status_code == 409 and refused.json()["legal"] == ["finish", "cancel"]


def test_a_change_made_on_an_old_view_is_refused(village: Village) -> None:
    ticket = village.raise_ticket(channel="web")
    path, old = f"/tickets/{ticket['id']}", {"headers": {"If-Match": f'"{ticket["version"]}"'}}
    assert village.ask("POST", f"{path}/accept", json={}, **old).status_code == 200
    assert village.ask("POST", f"{path}/cancel", json={"reason_code": "mistake"}, **old).status_code == 412


def test_the_same_idempotency_key_raises_one_ticket(village: Village) -> None:
    key = {"headers": {"Idempotency-Key": "call-4711"}}
    first = village.ask("POST", "/tickets", json=village.intake(), **key).json()
    again = village.ask("POST", "/tickets", json=village.intake(), **key)
    assert again.status_code == 201 and again.json() == first


def test_roles_do_what_is_theirs(village: Village) -> None:
    ticket = village.raise_ticket(channel="web")
    path = f"/tickets/{ticket['id']}"
    assert village.ask("POST", f"{path}/accept", "engineer", json={}).status_code == 403
    assert village.ask("GET", path, "resident").status_code == 403
    assert village.ask("GET", path, "auditor").status_code == 200


def test_only_services_know_the_caller(village: Village, operator: Client) -> None:
    ticket = village.raise_ticket(language="en")
    told = operator.call("tickets", "caller", within_s=20, project=village.project, ticket=ticket["id"])
    assert told == {"name": NAME, "phone": PHONE, "language": "en"}


def test_the_store_holds_no_name_and_no_phone_in_plain(village: Village, system: System) -> None:
    ticket = village.raise_ticket(what="the tap drips")
    with MongoClient[dict[str, Any]](system.settings.mongo_uri) as client:
        kept = repr(client["steward_tickets"]["tickets"].find_one({"_id": ticket["id"]}))
    assert NAME not in kept and PHONE not in kept and "v2." in kept


def test_pages_and_filters_find_each_ticket_once(village: Village) -> None:
    made = {village.raise_ticket(kind="praise", item=None)["id"] for _ in range(5)}
    found: list[str] = []
    cursor = ""
    while cursor is not None:
        page = village.get(f"/tickets?kind=praise&state=accepted&limit=2{cursor}")
        found += [ticket["id"] for ticket in page["items"]]
        cursor = f"&cursor={page['next']}" if page["next"] else None  # type: ignore[assignment]
    assert sorted(found) == sorted(made) and found == sorted(found, reverse=True)


def test_many_at_once_get_numbers_of_their_own(village: Village) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = [ticket["number"] for ticket in pool.map(lambda _: village.raise_ticket(kind="enquiry"), range(40))]
    assert len(set(numbers)) == 40


def test_two_processes_that_number_at_once_never_give_the_same(system: System) -> None:
    moment = now()
    with MongoClient[dict[str, Any]](system.settings.mongo_uri) as client:
        counters = client["steward_tickets_test"]["counters"]
        rivals = [Numbers(counters), Numbers(counters), Numbers(counters)]
        with ThreadPoolExecutor(12) as pool:
            given = list(pool.map(lambda turn: rivals[turn % 3].take("yh", RULES, moment), range(300)))
        last = counters.find_one({"_id": "yh"})
    assert len(set(given)) == 300 and min(given) == 1
    assert last and last["last"] < 300 + 3 * 2 * RULES["block_most"]


def test_a_quiet_desk_leaves_no_gaps(system: System) -> None:
    with MongoClient[dict[str, Any]](system.settings.mongo_uri) as client:
        counters = client["steward_tickets_test"]["counters"]
        given = [Numbers(counters).take("quiet", RULES, now() + timedelta(minutes=turn)) for turn in range(3)]
    assert given == [1, 2, 3]
