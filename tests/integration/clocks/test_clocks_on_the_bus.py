from __future__ import annotations

import signal
from datetime import timedelta
from typing import Any

import httpx
from pymongo import MongoClient

from steward.ids import new_id
from steward.testing.system import System
from steward.testing.waiting import eventually
from steward.times import now
from tests.integration.clocks.office import Office

LADDER = ["clocks.started", "clocks.warned", "clocks.breached", "clocks.escalated", "clocks.escalated"]
BACKLOG = 60


def test_a_clock_starts_is_seen_and_stops(office: Office) -> None:
    ticket = new_id()
    office.tell("raised", ticket, 1)
    view = eventually(lambda: (answer := office.get(f"/projects/yh/clocks/{ticket}")).status_code == 200 and answer.json(), "a watch")
    (clock,) = view["clocks"]
    assert (clock["rule"], clock["state"], clock["limit_s"]) == ("desk-accept", "running", 300)
    assert 200 < clock["left_s"] <= 300
    office.tell("accepted", ticket, 2)
    eventually(lambda: office.get(f"/projects/yh/clocks/{ticket}").json()["state"] == "stopped", "stopped")
    assert [fact["type"] for fact in office.facts(ticket)] == ["clocks.started", "clocks.stopped"]


def test_what_is_overdue_is_told_once_and_in_order_by_two_sweepers(office: Office) -> None:
    ticket = new_id()
    office.tell("raised", ticket, 1, at=now() - timedelta(hours=1))
    eventually(lambda: len(office.facts(ticket)) >= len(LADDER), "the whole ladder")
    facts = office.facts(ticket)
    assert [fact["type"] for fact in facts] == LADDER
    assert [fact["data"].get("audience") for fact in facts][1:] == [["desk"], ["desk", "supervisor"], ["manager"], ["quality"]]
    assert {fact["matter"] for fact in facts} == {f"tickets/{ticket}"}
    assert facts[2]["data"]["department"] == "desk"
    assert office.get(f"/projects/yh/clocks/{ticket}").json()["state"] == "breached"


def test_a_warning_comes_within_five_seconds_of_its_moment(office: Office) -> None:
    ticket = new_id()
    office.tell("raised", ticket, 1, at=now() - timedelta(seconds=237))  # warns at 240
    eventually(lambda: office.told(ticket)["clocks.warned"], "a warning")
    started, warned = office.facts(ticket)
    lateness = now().fromisoformat(warned["time"]) - now().fromisoformat(started["data"]["warn_at"])
    assert timedelta(0) <= lateness < timedelta(seconds=5)


def test_a_stop_that_overtakes_its_start_waits_for_it(office: Office) -> None:
    ticket = new_id()
    at = now() - timedelta(seconds=60)
    office.tell("accepted", ticket, 2, at=at + timedelta(seconds=30))
    office.tell("raised", ticket, 1, at=at)
    eventually(lambda: office.told(ticket)["clocks.stopped"], "a stop")
    assert [(fact["type"], fact["data"].get("elapsed_s")) for fact in office.facts(ticket)] == [
        ("clocks.started", None),
        ("clocks.stopped", 30.0),
    ]


def test_events_of_a_new_ticket_that_two_processes_take_at_once_all_act(office: Office) -> None:
    tickets = [new_id() for _ in range(20)]
    repair = {"kind": "repair_home", "item": "lamp"}
    for ticket in tickets:
        for version, name in enumerate(("raised", "accepted", "dispatched", "taken", "arrived", "done"), start=1):
            office.tell(name, ticket, version, engineer="wu", **repair)
    for ticket in tickets:
        eventually(lambda ticket=ticket: office.told(ticket)["clocks.stopped"] >= 5, "five clocks stopped")  # type: ignore[misc]
        assert office.told(ticket) == {"clocks.started": 6, "clocks.stopped": 5}


def test_an_event_that_comes_twice_acts_once(office: Office) -> None:
    ticket = new_id()
    event = office.tell("raised", ticket, 1)
    for _ in range(5):
        office.send(event)
    office.tell("accepted", ticket, 2)
    eventually(lambda: office.told(ticket)["clocks.stopped"], "a stop")
    assert office.told(ticket) == {"clocks.started": 1, "clocks.stopped": 1}


def test_deadlines_that_pass_while_everything_is_killed_are_each_told_once(two_sweepers: System, office: Office) -> None:
    tickets = [new_id() for _ in range(BACKLOG)]
    soon = now() - timedelta(seconds=235)
    for ticket in tickets:
        office.tell("raised", ticket, 1, at=soon)
    for ticket in tickets:
        eventually(lambda ticket=ticket: office.told(ticket)["clocks.started"], "started")  # type: ignore[misc]
    two_sweepers.kill("clocks", signal.SIGKILL)
    two_sweepers.wait_ready()
    began = now()
    for ticket in tickets:
        office.tell("accepted", ticket, 2, at=soon + timedelta(seconds=299))
    for ticket in tickets:
        eventually(lambda ticket=ticket: office.told(ticket)["clocks.stopped"], "stopped")  # type: ignore[misc]
    for ticket in tickets:
        assert office.told(ticket) == {"clocks.started": 1, "clocks.warned": 1, "clocks.stopped": 1}
    print(f"{BACKLOG} deadlines after a kill -9 of both processes: told once each, {(now() - began).total_seconds():.1f} s")


def test_clocks_are_listed_by_state_and_subject_page_by_page(office: Office) -> None:
    project = "yh"
    running = sorted(new_id() for _ in range(3))
    for ticket in running:
        office.tell("raised", ticket, 1, project=project)
        eventually(lambda ticket=ticket: office.told(ticket)["clocks.started"], "started")  # type: ignore[misc]
    first = office.get("/projects/yh/clocks", state="running", limit=2).json()
    rest = office.get("/projects/yh/clocks", state="running", limit=2, cursor=first["next"]).json()
    assert [item["id"] for item in (*first["items"], *rest["items"])][:3] == running[::-1]
    one = office.get("/projects/yh/clocks", subject=f"tickets/{running[0]}").json()
    assert [item["id"] for item in one["items"]] == [running[0]]
    assert office.get("/projects/yh/clocks", subject=f"tickets/{running[0]}", state="breached").json()["items"] == []


def test_wrong_questions_are_answered_with_what_is_wrong(office: Office) -> None:
    refused = office.get("/projects/yh/clocks", state="sleeping")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "state")
    assert office.get("/projects/yh/clocks", subject="01k").json()["errors"][0]["field"] == "subject"
    assert office.get("/projects/yh/clocks/nothing").status_code == 404
    assert office.get("/projects/yh/clocks", role="resident").status_code == 403


def test_the_calendar_that_a_running_clock_counts_by_is_kept(two_sweepers: System, office: Office) -> None:
    ticket = new_id()
    lamp = {"kind": "repair_home", "item": "lamp", "difficulty": "simple"}
    office.tell("raised", ticket, 1, **lamp)
    office.tell("dispatched", ticket, 2, **lamp)
    eventually(lambda: office.told(ticket)["clocks.started"] >= 4, "a working clock")
    with MongoClient(two_sweepers.environ["STEWARD_MONGO_URI"]) as store:  # type: ignore[var-annotated]
        versions = [document["_id"] for document in store.steward_clocks.calendars.find({})]
    assert len(versions) == 1
    assert versions[0].startswith("2026-Asia/Shanghai-")


def test_the_board_shows_what_runs_out_soonest_and_the_report_what_was_kept(office: Office) -> None:
    overdue, running, done = new_id(), new_id(), new_id()
    office.tell("raised", overdue, 1, at=now() - timedelta(minutes=6), number="YH-1", project="wall")
    office.tell("raised", running, 1, number="YH-2", project="wall")
    office.tell("raised", done, 1, at=now() - timedelta(seconds=90), project="wall")
    office.tell("accepted", done, 2, project="wall")

    def board() -> dict[str, Any]:
        answer: dict[str, Any] = office.get("/projects/wall/clock-board", project="wall").json()
        return answer

    eventually(lambda: board()["counts"] == {"breached": 1, "running": 1, "paused": 0}, "one overdue, one running")
    assert [item["about"]["number"] for item in board()["items"]] == ["YH-1", "YH-2"]
    assert board()["items"][0]["clocks"][0]["left_s"] < 0
    report = office.get("/projects/wall/clock-report", role="manager", project="wall", month=f"{now() + timedelta(hours=8):%Y-%m}")
    assert [(row["name"], row["ended"], row["on_time"]) for row in report.json()["rows"]] == [("desk-accept", 1, 1)]
    by_colour = office.get("/projects/wall/clock-report", role="manager", project="wall", month="2026-11", by="colour")
    assert (by_colour.status_code, by_colour.json()["errors"][0]["field"]) == (422, "by")
    assert office.get("/projects/wall/clock-report", role="manager", project="wall", month="2026-13").status_code == 422


def test_a_breach_is_taken_on_once_and_climbs_no_further(office: Office) -> None:
    ticket = new_id()
    office.tell("raised", ticket, 1, at=now() - timedelta(minutes=6), project="wall")
    eventually(lambda: office.told(ticket, "wall")["clocks.breached"], "breached")
    (clock,) = office.get(f"/projects/wall/clocks/{ticket}", project="wall").json()["clocks"]

    def acknowledge(role: str = "supervisor", **body: str) -> httpx.Response:
        return office.post(f"/projects/wall/clocks/{ticket}/acknowledge", body, role=role, project="wall")

    taken = acknowledge(clock=clock["id"])
    assert (taken.status_code, taken.json()["clocks"][0]["acknowledged_by"]) == (200, "user:li")
    assert taken.json()["next_at"] is None
    assert acknowledge(clock=clock["id"]).status_code == 409
    assert acknowledge(clock="none").status_code == 404
    assert acknowledge().status_code == 422
    assert acknowledge(clock=clock["id"], role="resident").status_code == 403


def test_rules_are_looked_at_said_and_carried_over_to_clocks_that_run(office: Office) -> None:
    tickets = [new_id() for _ in range(3)]
    for ticket in tickets:
        office.tell("raised", ticket, 1, project="rule")
        eventually(lambda ticket=ticket: office.told(ticket, "rule")["clocks.started"], "started")  # type: ignore[misc]

    def rules(action: str = "", **body: Any) -> httpx.Response:
        return office.post(f"/projects/rule/clock-rules{action}", body, role="quality", project="rule")

    def limits() -> set[int]:
        board = office.get("/projects/rule/clocks", project="rule").json()["items"]
        return {clock["limit_s"] for item in board for clock in item["clocks"]}

    longer = {"desk-accept": {"limit_s": 900}}
    seen = rules("/preview", clocks=longer).json()
    assert (seen["open"], seen["moved"], len(seen["items"])) == (3, 3, 3)
    assert seen["items"][0]["about"]["number"] == "YH-2611-00042"
    assert seen["items"][0]["due_before"] < seen["items"][0]["due_after"]
    assert office.get("/projects/rule/clock-rules", project="rule").json()["version"] == 0

    wrong = rules(clocks={"desk-accept": {"limit_s": -1}})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "clocks.desk-accept.limit_s")
    unheard = rules(clocks={"gate": {"start": ["gates.opened"], "stop": ["gates.shut"], "limit_s": 60, "handbook": "ours"}})
    assert unheard.status_code == 422

    said = rules(clocks=longer, note="two of three at the desk are ill")
    assert (said.status_code, said.json()["version"], said.json()["by"]) == (200, 1, "user:li")
    held = office.get("/projects/rule/clock-rules", project="rule").json()
    assert next(row for row in held["rows"] if row["id"] == "desk-accept")["says"]["limit_s"] == 900
    assert limits() == {300}  # nobody's promise moves by itself
    eventually(lambda: rules("/replan", note="as said", limit=2).json() == {"moved": 0, "left": 0}, "all are moved")
    assert limits() == {900}
    for ticket in tickets:
        (moved,) = [fact for fact in office.facts(ticket, "rule") if fact["type"] == "clocks.replanned"]
        assert (moved["data"]["by"], moved["data"]["note"]) == ("user:li", "as said")
    assert office.post("/projects/rule/clock-rules", {"clocks": {}}, role="desk", project="rule").status_code == 403
    assert office.post("/clock-rules", {"clocks": longer}, role="quality", project="rule").status_code == 403
    assert office.post("/clock-rules", {"clocks": {}}, role="quality", project="*").status_code == 200
