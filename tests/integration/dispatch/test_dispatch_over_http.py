"""Orders: offered, refused, taken, assigned and ended, over the real system."""

from __future__ import annotations

import json
from typing import Any

from steward.bus.envelope import Envelope
from steward.ids import new_id
from steward.testing.bus import teller
from steward.testing.system import System
from steward.times import iso, now
from tests.integration.tickets.village import Village


def publish(system: System, queue: str, village: Village, type: str, ticket: str, data: dict[str, Any]) -> None:
    """An event as its service would publish it, straight to the queue of one handler."""
    subject = f"{'tickets' if type.startswith('tickets') else 'clocks'}/{ticket}"
    event = Envelope(
        id=new_id(), type=type, subject=subject, time=now(), data=data, project=village.project,
        matter=f"tickets/{ticket}", version=1, actor="service:test", correlation=new_id(),
    )  # fmt: skip
    with teller(system.environ) as producer:
        producer.publish(event.encode(), exchange="", routing_key=queue, message_id=event.id, content_type="application/json")


def refuse(village: Village, order: dict[str, Any]) -> dict[str, Any]:
    return village.post(f"/orders/{order['id']}/refuse", {"engineer": order["engineer"], "reason_code": "busy"})


def breach(village: Village, system: System, ticket: dict[str, Any], due_at: str) -> None:
    data = {
        "clock": "c1", "rule": "offer-answered", "subject": f"dispatch/{ticket['id']}-1", "due_at": due_at,
        "limit_s": 300, "department": "engineering", "audience": [], "about": {},
    }  # fmt: skip
    publish(system, "dispatch.on_breach", village, "clocks.breached", ticket["id"], data)


def other_than(order: dict[str, Any]) -> str:
    return "E2" if order["engineer"] == "E1" else "E1"


def test_orders_are_shared_among_who_can_do_them(village: Village) -> None:
    village.enrol("E2", skills=["lift"])
    tap = village.order_in(village.raise_ticket(item="tap"), "offered")
    lift = village.order_in(village.raise_ticket(item="lift"), "offered")
    assert (tap["engineer"], lift["engineer"]) == ("E1", "E2")
    day = village.get("/orders?engineer=E1&state=offered", "engineer")["items"]
    assert [order["id"] for order in day] == [tap["id"]]


def test_a_refused_order_goes_to_the_next_and_then_to_the_department(village: Village) -> None:
    ticket = village.raise_ticket()
    first = village.order_in(ticket, "offered")
    second = refuse(village, first)
    assert {first["engineer"], second["engineer"]} == {"E1", "E2"} and second["state"] == "offered"
    left = refuse(village, second)
    assert left["state"] == "unfilled" and [offer["state"] for offer in left["offers"]] == ["refused", "refused"]
    assert village.ticket_in(ticket, "dispatched")["department"] == "engineering"


def test_without_a_crew_the_ticket_is_still_dispatched_and_offered_to_who_comes(village: Village) -> None:
    ticket = village.raise_ticket(department="cleaning")
    assert village.order_in(ticket, "unfilled")["department"] == "cleaning"
    village.ticket_in(ticket, "dispatched")
    village.enrol("C1", department="cleaning")
    village.order_in(ticket, "offered", "C1")


def test_who_is_on_leave_gets_nothing_until_back(village: Village) -> None:
    for code in ("E1", "E2"):
        village.post(f"/crew/{code}/leave", {}, "supervisor")
    ticket = village.raise_ticket()
    village.order_in(ticket, "unfilled")
    village.post("/crew/E2/back", {}, "supervisor")
    village.order_in(ticket, "offered", "E2")


def test_a_zone_manager_assigns_by_hand_and_the_desk_may_not(village: Village) -> None:
    order = village.order_in(village.raise_ticket(), "offered")
    other = other_than(order)
    path = f"/orders/{order['id']}/assign"
    assert village.ask("POST", path, "desk", json={"engineer": other}).status_code == 403
    assert village.ask("POST", path, "zone_manager", json={"engineer": "nobody"}).status_code == 422
    assigned = village.post(path, {"engineer": other}, "zone_manager")
    assert assigned["engineer"] == other and assigned["offers"][-1]["by_hand"] == "user:zone_manager"


def test_who_has_a_log_in_answers_for_themselves_alone(village: Village) -> None:
    for code in ("E1", "E2"):
        village.enrol(code, user=f"user:{code.lower()}")
    order = village.order_in(village.raise_ticket(), "offered")
    mine, other = order["engineer"], other_than(order)
    path = f"/orders/{order['id']}/take"
    assert village.ask("POST", path, "engineer", user=other.lower(), json={"engineer": mine}).status_code == 403
    assert village.ask("POST", path, "engineer", user=other.lower(), json={}).status_code == 422
    assert village.post(path, {}, "engineer", user=mine.lower())["state"] == "taken"


def test_a_cancelled_ticket_withdraws_its_order(village: Village) -> None:
    ticket = village.raise_ticket()
    village.order_in(ticket, "offered")
    village.command(ticket, "cancel", reason_code="withdrawn", note="mended it himself")
    order = village.order_in(ticket, "withdrawn")
    refused = village.ask("POST", f"/orders/{order['id']}/take", json={"engineer": order["engineer"]})
    assert refused.status_code == 409 and refused.json()["legal"] == []


def test_materials_are_recorded_in_fen(village: Village) -> None:
    order = village.take(village.raise_ticket())
    path = f"/orders/{order['id']}/materials"
    line = village.post(path, {"item": "washer", "quantity": 2, "price_fen": 150}, "engineer")["lines"][0]
    assert (line["quantity"], line["price_fen"], line["kind"]) == (2, 150, "material")
    assert village.ask("POST", path, json={"item": "washer", "quantity": 1, "price_fen": 1.5}).status_code == 422


def test_an_order_not_taken_in_time_is_offered_to_the_next_once(village: Village, system: System) -> None:
    ticket, marker = village.raise_ticket(), village.raise_ticket()
    first, behind = village.order_in(ticket, "offered"), village.order_in(marker, "offered")
    breach(village, system, ticket, due_at := iso(now()))
    second = village.order_in(ticket, "offered", other_than(first))
    assert [offer["state"] for offer in second["offers"]] == ["lapsed", "open"]
    breach(village, system, ticket, due_at)
    breach(village, system, marker, due_at)
    village.order_in(marker, "offered", other_than(behind))
    assert village.order_in(ticket, "offered")["offers"] == second["offers"]


def test_a_ticket_that_was_done_before_it_was_accepted_settles_all_the_same(village: Village, system: System) -> None:
    ticket = {"id": new_id()}
    data = {
        "number": "YH-2611-99999", "kind": "repair_home", "urgency": "normal", "channel": "phone", "department": "engineering",
        "unit": village.unit, "place": None, "item": "tap", "round": 1, "to_dispatch": True,
    }  # fmt: skip
    publish(system, "dispatch.on_ticket", village, "tickets.cancelled", ticket["id"], data | {"reason_code": "mistake"})
    publish(system, "dispatch.on_ticket", village, "tickets.accepted", ticket["id"], data | {"by": "user:desk"})
    order = village.order_in(ticket, "withdrawn")
    assert json.dumps(order["offers"]).count("open") == 0


def test_orders_are_listed_page_by_page(village: Village) -> None:
    made = [village.raise_ticket()["id"] for _ in range(3)]
    for ticket in made:
        village.order_in({"id": ticket}, "offered")
    first = village.get("/orders?limit=2")
    rest = village.get(f"/orders?limit=2&cursor={first['next']}")
    assert [order["ticket"] for order in first["items"] + rest["items"]] == made[::-1] and rest["next"] is None
    assert [order["round"] for order in village.get(f"/orders?ticket={made[0]}&state=offered")["items"]] == [1]
    assert village.get(f"/orders?ticket={made[0]}&state=taken")["items"] == []
    assert len(village.get("/crew?limit=1")["items"]) == 1
