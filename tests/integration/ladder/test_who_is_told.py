"""Every escalation ends at a named, active person (handbook §3 ladder, §5)."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from services.clocks.staff import REFRESH_S
from steward.ids import new_id
from steward.testing.waiting import eventually
from steward.times import iso, now
from steward.trust.principals import Principal
from tests.integration.ladder.staff import House

HANDLED = ("steward_handler_seconds_count", {"handler": "on_standing", "outcome": "ok"})
HEADS = ("desk", "supervisor", "manager", "quality")


def persons(told: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(one["role"], one["person"], one["as"]) for one in told["persons"]]


def test_while_the_only_supervisor_is_on_leave_the_managers_person_is_told_and_has_the_task(house: House) -> None:
    project, staff = house.staff(*HEADS)
    house.leave(staff["supervisor"])
    ticket, told = house.breached(project)
    assert told["audience"] == ["desk", "supervisor"] and told["nobody"] is False
    assert persons(told) == [("desk", staff["desk"], "desk"), ("supervisor", staff["manager"], "manager")]
    tasks = eventually(lambda: len(found := house.tasks(project)) == 2 and found, "two tasks")
    assert {task["person"]: task["audience"] for task in tasks} == {staff["desk"]: "role:desk", staff["manager"]: "role:supervisor"}
    manager = Principal(f"user:{staff['manager']}", "", {project: ("cleaner",)})  # whatever one is else, one's tasks are one's own
    (mine,) = house.ask_as(manager, f"/projects/{project}/messages", person="me").json()["items"]
    assert (mine["person"], mine["matter"]) == (staff["manager"], f"tickets/{ticket}")
    others = next(task["id"] for task in tasks if task["person"] == staff["desk"])
    for path, query in (("", {}), ("", {"person": staff["desk"]}), (f"/{others}", {})):
        assert house.ask_as(manager, f"/projects/{project}/messages{path}", **query).status_code == 403
    assert house.ask_as(manager, f"/projects/{project}/messages/{others}/done", {"reached": True}).status_code == 403
    done = house.ask_as(manager, f"/projects/{project}/messages/{mine['id']}/done", {"reached": True})
    assert done.json()["state"] == "delivered"


def test_who_comes_back_early_is_told_again(house: House) -> None:
    project, staff = house.staff(*HEADS)
    away = house.leave(staff["supervisor"])["away"]
    back = house.changed(f"{staff['supervisor']}/absences/{away[0]['id']}/end")
    assert back["away"] == []
    assert persons(house.breached(project)[1])[1] == ("supervisor", staff["supervisor"], "supervisor")


def test_when_everybody_else_is_on_leave_or_shut_out_quality_has_one_task_for_all(house: House) -> None:
    project, staff = house.staff(*HEADS)
    house.leave(staff["desk"])
    house.changed(f"{staff['supervisor']}/deactivate")
    house.leave(staff["manager"])
    _, told = house.breached(project)
    assert persons(told) == [("desk", staff["quality"], "quality"), ("supervisor", staff["quality"], "quality")]
    (task,) = eventually(lambda: house.tasks(project), "a task")
    assert task["person"] == staff["quality"]


def test_somebody_shut_out_after_they_were_told_is_not_told_again_by_either_process(house: House) -> None:
    project, staff = house.staff(*HEADS)
    assert persons(house.breached(project)[1])[1] == ("supervisor", staff["supervisor"], "supervisor")
    house.changed(f"{staff['supervisor']}/deactivate")
    heard = now() + timedelta(seconds=REFRESH_S)
    eventually(lambda: now() > heard, "the other process asks anew")
    for _ in range(4):
        assert persons(house.breached(project)[1])[1] == ("supervisor", staff["manager"], "manager")


def test_where_there_is_nobody_at_all_the_event_and_the_metric_say_so_and_the_task_is_the_roles(house: House) -> None:
    project, _ = house.staff()
    before = exhausted(house)
    _, told = house.breached(project)
    assert (told["persons"], told["nobody"]) == ([], True)
    tasks = eventually(lambda: len(found := house.tasks(project)) == 2 and found, "two tasks")
    assert {(task["person"], task["audience"]) for task in tasks} == {(None, "role:desk"), (None, "role:supervisor")}
    assert exhausted(house) == before + 2  # the warning, and the breach


def test_of_what_is_told_of_somebody_the_newest_stays_in_whatever_order_it_comes(house: House) -> None:
    people = [new_id() for _ in range(10)]
    told = [(person, version) for person in people for version in range(1, 7)]
    random.Random(20261123).shuffle(told)
    before = counted(house, HANDLED)
    for person, version in told:
        house.stand(person, version, {"yh": ["desk"] * (version % 2)})
    eventually(lambda: counted(house, HANDLED) >= before + len(told), "all is handled")
    assert [house.known(person)["told"] for person in people] == [6] * len(people)
    assert {house.known(person)["grants"]["yh"] == [] for person in people} == {True}


def exhausted(house: House) -> float:
    return counted(house, ("steward_clock_ladder_exhausted_total", {}))


def counted(house: House, wanted: tuple[str, dict[str, str]]) -> float:
    """The sum of a metric over all processes of clocks, where its labels are as wanted."""
    name, labels = wanted
    pages = (httpx.get(f"http://127.0.0.1:{row.port}/metrics", timeout=30).text for row in house.system.rows("clocks"))
    samples = [sample for page in pages for family in text_string_to_metric_families(page) for sample in family.samples]
    return sum(sample.value for sample in samples if sample.name == name and labels.items() <= sample.labels.items())


def test_of_the_last_two_of_quality_who_are_removed_at_the_same_moment_one_stays(house: House) -> None:
    for _ in range(5):
        project, staff = house.staff("quality")
        first, second = staff["quality"], house.hire(project, "quality")
        removals = [(f"/users/{first}/grants", {"project": project, "roles": []}), (f"/users/{second}/deactivate", {})]
        with ThreadPoolExecutor(2) as both:
            answers = list(both.map(lambda asked: house.ask(*asked), removals))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        (refused,) = [answer.json() for answer in answers if answer.status_code == 409]
        assert "nobody would hold the role quality" in refused["detail"] and refused["project"] == project


def test_the_only_one_of_quality_cannot_go_on_leave_until_there_is_another(house: House) -> None:
    project, staff = house.staff("quality")
    path = f"/users/{staff['quality']}/absences"
    spell = {"from": iso(now() + timedelta(days=2)), "until": iso(now() + timedelta(days=3))}
    refused = house.ask(path, spell)
    assert (refused.status_code, refused.json()["role"], refused.json()["at"]) == (409, "quality", spell["from"])
    house.hire(project, "quality")
    assert house.ask(path, spell).status_code == 200
    again = house.ask(path, spell)
    assert again.status_code == 422 and again.json()["errors"][0]["field"] == "from"
    never = house.ask(path, spell | {"until": "9999-12-31T23:59:59-14:00"})
    assert never.status_code == 422 and never.json()["errors"][0]["field"] == "until"
    late = house.ask(path, {"from": spell["from"]})
    assert late.status_code == 422 and late.json()["errors"][0]["field"] == "until"
