"""Handovers, changes of owner, tenancies and move-outs over the real system (handbook §2)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from steward.testing.waiting import eventually
from steward.times import iso, now
from tests.integration.residents.estate import Estate, Json, roster

ID = "11010519491231002X"
LI = "3,2,502,88.5,李四,13912345678,业主,2023-01-31,"
SIGNED = {"signature": "李四"}


class Road:
    """One case, gone through step by step."""

    def __init__(self, estate: Estate, **body: Any) -> None:
        self.estate = estate
        self.case = estate.send("~/cases", body)
        self.path = f"~/cases/{self.case['id']}"

    def take(self, step: str, role: str = "desk", **body: Any) -> Json:
        self.case = self.estate.send(f"{self.path}/steps/{step}", body, role=role)
        return self.case

    def refused(self, step: str, status: int, role: str = "desk", **body: Any) -> Json:
        answer = self.estate.ask("POST", f"{self.path}/steps/{step}", role, json=body)
        assert answer.status_code == status, answer.text
        problem: Json = answer.json()
        return problem

    def complete(self) -> httpx.Response:
        return self.estate.ask("POST", f"{self.path}/complete", json={})


def told(estate: Estate, case: str) -> list[str]:
    found = estate.operator.call("residents", "timeline", within_s=20, project=estate.project, matter=f"residents/{case}")
    return [event["type"].partition(".")[2] for event in found]


def unit_of(estate: Estate, label: str = "3-2-502") -> Json:
    (unit,) = estate.get(f"~/units?label={label}")["items"]
    return dict(unit)


def test_a_unit_is_handed_over_step_by_step_and_each_defect_becomes_one_ticket(estate: Estate) -> None:
    unit = estate.send("~/units", {"label": "3-2-501", "building": "3"})
    person = estate.send("~/people", {"name": "李四", "phones": ["13912345678"]})
    road = Road(estate, kind="handover", unit=unit["id"], person=person["id"])
    again = estate.ask("POST", "~/cases", json={"kind": "handover", "unit": unit["id"], "person": person["id"]})
    assert again.status_code == 409
    assert road.refused("identity", 422, id_number="123")["errors"][0]["field"] == "id_number"
    road.take("identity", id_number=ID)
    assert estate.get(f"~/people/{person['id']}")["id_number"]
    road.take("papers", papers=["handover_notice", "identity_card"])
    assert road.refused("prepayment", 409, "cashier", amount_fen=1, receipt="R")["waits_for"] == ["papers"]
    road.take("papers", papers=["purchase_contract"])
    assert road.refused("prepayment", 403, "desk", amount_fen=1, receipt="R")["roles"] == ["cashier", "finance"]
    road.take("prepayment", "cashier", amount_fen=90_000, receipt="SJ-1")
    road.take("agreements", papers=["service_agreement", "interim_covenant", "fire_safety"], **SIGNED)
    wrong = road.refused("meters", 422, "engineer", readings={"water": "1"}, **SIGNED)
    assert wrong["errors"][0]["field"] == "readings.electricity"
    road.take("meters", "engineer", readings={"electricity": "12.5", "water": "3", "gas": "0"}, **SIGNED)
    defects = [{"item": "door_window", "what": "主卧窗关不严"}, {"item": "pipe", "what": "厨房下水慢"}]
    road.take("inspection", "engineer", opinion="两处遗留问题", accepted=True, defects=defects)
    incomplete = road.complete()
    assert incomplete.status_code == 409
    assert incomplete.json()["missing"] == [
        {"step": "keys", "wants": ["keys", "cards", "handbooks"], "roles": ["desk", "zone_manager", "supervisor"]}
    ]
    assert unit_of(estate, "3-2-501")["handed_over_on"] is None
    road.take("keys", items={"keys": 4, "cards": 3, "handbooks": 1}, **SIGNED)
    assert "李四" not in road.estate.ask("GET", road.path).text
    assert road.complete().json()["state"] == "complete"
    after = unit_of(estate, "3-2-501")
    assert (after["state"], [tie["role"] for tie in after["ties"]]) == ("occupied", ["owner"])
    assert after["handed_over_on"] and after["liable_until"]["waterproofing"]
    (visit,) = estate.get("~/visits-due")["items"]
    assert (visit["why"], visit["unit"]) == ("moved_in", unit["id"])
    clock = eventually(lambda: estate.ask("GET", f"~/clocks/{unit['id']}").json().get("clocks"), "the clock of the first visit")
    assert [row["rule"] for row in clock] == ["new-owner-visited"]
    estate.send("~/contacts", {"unit": unit["id"], "way": "visit"})
    assert estate.get("~/visits-due")["items"] == []
    tickets = eventually(lambda: _two(estate), "a ticket for each defect")
    assert sorted(ticket["what"] for ticket in tickets) == ["主卧窗关不严", "厨房下水慢"]
    assert {(ticket["kind"], ticket["department"], ticket["unit"]) for ticket in tickets} == {("rectification", "contractors", unit["id"])}
    assert {"prepayment_requested", "defect_found", "case_completed", "moved_in"} <= set(told(estate, road.case["id"]))
    before = handled(estate)
    span = {"since": iso(now() - timedelta(hours=1)), "until": iso(now()), "events": ["defect_found"], "queue": "tickets.on_defect"}
    again = {**span, "dry_run": False, "after": 0}
    assert estate.operator.call("residents", "republish", within_s=20, project=estate.project, body=again)["events"] == 2
    eventually(lambda: handled(estate) >= before + 2, "the defects are heard of again")
    assert len(_two(estate)) == 2


def handled(estate: Estate) -> float:
    """How often tickets has ended handling a defect."""
    texts = (httpx.get(f"http://127.0.0.1:{row.port}/metrics", timeout=30).text for row in estate.system.rows("tickets"))
    samples = (sample for text in texts for family in text_string_to_metric_families(text) for sample in family.samples)
    return sum(one.value for one in samples if one.name == "steward_handler_seconds_count" and one.labels["handler"] == "on_defect")


def _two(estate: Estate) -> list[Json]:
    answer = estate.ask("GET", "~/tickets?kind=rectification")
    found: list[Json] = answer.json()["items"] if answer.is_success else []
    return found if len(found) == 2 else []


def test_a_change_of_owner_is_asked_for_three_working_days_ahead_and_unpaid_fees_do_not_hold_it(estate: Estate) -> None:
    estate.load(roster(LI))
    unit, buyer = unit_of(estate), estate.send("~/people", {"name": "王五", "id_number": ID})
    body = {"kind": "transfer", "unit": unit["id"], "person": buyer["id"], "leaving": [unit["ties"][0]["id"]]}
    today = date.fromisoformat(estate.get("~")["opened_at"][:10])
    late = estate.ask("POST", "~/cases", json={**body, "on": str(today + timedelta(days=2))})
    assert (late.status_code, late.json()["errors"][0]["field"]) == (422, "on")
    on = str(today + timedelta(days=30))
    road = Road(estate, **body, on=on)
    road.take("settlement", "cashier", owing_fen=120_000)
    road.take("notice", signature="王五")
    strike = f"{road.path}/steps/notice/strike"
    assert estate.ask("POST", strike, "desk", json={"because": "the wrong one signed"}).status_code == 403
    struck = estate.send(strike, {"because": "the wrong one signed"})["steps"][0]
    assert (struck["stands"], struck["records"][0]["struck"]["by"]) == ("ready", "user:supervisor")
    road.take("notice", **SIGNED)
    assert road.refused("identity", 422, id_number="440524188001010014")["errors"][0]["field"] == "id_number"
    road.take("identity", id_number=ID.lower())
    road.take("papers", papers=["identity_card", "title_deed"])
    road.take("agreements", papers=["service_agreement", "fire_safety"], **SIGNED)
    assert road.case["owing_fen"] == 120_000
    assert road.complete().status_code == 200
    ties = unit_of(estate)["ties"]
    assert [(tie["from"], tie["to"]) for tie in ties][1:] == [(on, None)] and ties[0]["to"] == on


def test_a_tenant_moves_in_and_out_and_gets_no_exit_pass_while_fees_are_unpaid(estate: Estate) -> None:
    estate.load(roster(LI))
    unit, tenant = unit_of(estate), estate.send("~/people", {"name": "赵六", "id_number": ID})
    road = Road(estate, kind="tenant_in", unit=unit["id"], person=tenant["id"])
    road.take("application", **SIGNED)
    road.take("identity", id_number=ID)
    road.take("papers", papers=["identity_card", "lease"])
    road.take("owner_signs", **SIGNED)
    road.take("agreements", papers=["fire_safety"], **SIGNED)
    assert road.complete().status_code == 200
    let = unit_of(estate)
    assert let["state"] == "let"
    leaving = [tie["id"] for tie in let["ties"] if tie["role"] == "tenant"]
    on = str(date.fromisoformat(let["ties"][-1]["from"]) + timedelta(days=30))
    out = Road(estate, kind="move_out", unit=unit["id"], person=tenant["id"], leaving=leaving, on=on)
    out.take("application", **SIGNED)
    out.take("owner_signs", **SIGNED)
    out.take("settlement", "cashier", owing_fen=5_000)
    blocked = out.refused("exit_pass", 409, number="FX-1")
    assert (blocked["owing_fen"], "fees are unpaid" in blocked["detail"]) == (5_000, True)
    out.take("settlement", "cashier", owing_fen=0)
    out.take("exit_pass", number="FX-1")
    out.take("restoring", "engineer", outcome="damages_paid", amount_fen=3_000, receipt="SJ-2")
    out.take("keys_back", items={"keys": 2, "cards": 1}, **SIGNED)
    out.take("inspection", "engineer", opinion="完好", accepted=True)
    out.take("desk_signs", **SIGNED)
    out.take("deposits", "cashier", amount_fen=10_000, receipt="TK-1")
    assert [row["step"] for row in out.complete().json()["missing"]] == ["owner_signs_again"]
    out.take("owner_signs_again", **SIGNED)
    assert out.complete().json()["ended"]["by"] == "user:supervisor"
    assert [tie["to"] for tie in unit_of(estate)["ties"] if tie["role"] == "tenant"] == [on]
    assert {"settlement_requested", "refund_requested", "moved_out"} <= set(told(estate, out.case["id"]))


def test_the_file_of_a_former_owner_says_until_when_it_is_kept(estate: Estate) -> None:
    estate.load(roster(LI))
    unit = unit_of(estate)
    tie = unit["ties"][0]
    assert estate.get(f"~/people/{tie['person']}")["keep_until"] is None
    estate.send(f"~/units/{unit['id']}/ties/{tie['id']}/end", {"to": "2024-02-29"})
    assert [person["keep_until"] for person in estate.get("~/people")["items"]] == ["2029-02-28"]


def test_a_case_is_refused_for_whom_or_what_is_not_on_file_and_can_be_given_up(estate: Estate) -> None:
    unit, person = estate.send("~/units", {"label": "1"}), estate.send("~/people", {"name": "李四"})
    body = {"kind": "handover", "unit": unit["id"], "person": person["id"]}
    for field in ("unit", "person", "agent"):
        answer = estate.ask("POST", "~/cases", json={**body, field: "none"})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert estate.ask("POST", "~/cases", "engineer", json=body).status_code == 403
    road = Road(estate, **body)
    assert road.refused("dance", 404)
    assert estate.ask("POST", f"~/units/{unit['id']}/withdraw", json={}).status_code == 409
    assert estate.send(f"{road.path}/cancel", {"reason_code": "withdrawn"})["state"] == "cancelled"
    assert road.refused("identity", 409, id_number=ID)["state"] == "cancelled"
    assert Road(estate, **body).case["id"] != road.case["id"]
    assert [case["id"] for case in estate.get(f"~/cases?state=cancelled&unit={unit['id']}")["items"]] == [road.case["id"]]
