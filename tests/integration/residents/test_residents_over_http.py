"""Projects, units, people and rosters over the real system."""

from __future__ import annotations

import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pymongo import MongoClient

from steward.testing.waiting import eventually
from tests.integration.residents.estate import ROSTER_S, Estate, roster

Json = dict[str, Any]
GOOD = "3,2,501,88.5,张三丰,13812345678,业主,2024-01-31,11010519491231002X"


def counts(report: Json) -> tuple[int, int, int, int]:
    return report["rows"], report["imported"], report["unchanged"], report["wrong"]


def test_a_project_is_opened_once_and_only_by_an_administrator_of_its_whole_company(estate: Estate) -> None:
    body = {"id": f"{estate.project}2", "code": estate.code[::-1], "name": "新", "name_en": "New", "company": "demo"}
    assert estate.ask("POST", "/projects", json=body).status_code == 403
    for where in (estate.project, body["id"], "company:another"):
        refused = estate.ask("POST", "/projects", "admin", where, json=body)
        assert (refused.status_code, refused.json()["permission"], "demo" in refused.text) == (403, "residents.open", False)
    made = estate.ask("POST", "/projects", "admin", "company:demo", json=body)
    assert made.status_code == 201 and made.json()["timezone"] == "Asia/Shanghai"
    assert estate.ask("POST", "/projects", "admin", "*", json=body).status_code == 409
    again = estate.ask("POST", "/projects", "admin", "*", json={**body, "id": f"{estate.project}3"})
    assert again.status_code == 409 and again.json()["fields"] == ["code"]


@pytest.mark.parametrize(("field", "value"), [("timezone", "Mars/Olympus"), ("id", "UP"), ("code", "x"), ("name", ""), ("x", 1)])
def test_a_wrong_project_names_its_field(estate: Estate, field: str, value: object) -> None:
    body = {"id": "any", "code": "ANY", "name": "新", "name_en": "New", "company": "demo", field: value}
    refused = estate.ask("POST", "/projects", "admin", "*", json=body)
    assert refused.status_code == 422 and refused.json()["errors"][0]["field"] == field


def test_everybody_sees_only_the_projects_granted_to_them(estate: Estate) -> None:
    assert [project["id"] for project in estate.get("/projects")["items"]] == [estate.project]
    assert estate.get("~")["code"] == estate.code
    assert estate.ask("GET", "~", where="elsewhere").status_code == 403
    first = estate.get("/projects?limit=1", role="admin", where="*")
    seen = [project["id"] for project in first["items"]]
    while first["next"]:
        first = estate.get(f"/projects?limit=1&cursor={first['next']}", role="admin", where="*")
        seen += [project["id"] for project in first["items"]]
    assert seen == sorted(set(seen)) and estate.project in seen


def test_a_unit_its_people_and_their_ties_from_beginning_to_end(estate: Estate) -> None:
    unit = estate.send("~/units", {"label": "3-2-501", "building": "3", "area_m2": 88.5})
    assert estate.ask("POST", "~/units", json={"label": "3-2-501"}).status_code == 409
    person = estate.send("~/people", {"name": "张三丰", "phones": ["138 1234 5678"], "id_number": "11010519491231002x"})
    assert (person["phones"], person["id_number"]) == (["138****5678"], "110*************2X")
    assert estate.ask("POST", "~/people", json={"name": "张三丰", "phones": ["13812345678"]}).status_code == 409
    tie = {"person": person["id"], "role": "owner", "from": "2024-01-31"}
    tied = estate.send(f"~/units/{unit['id']}/ties", tie)
    assert tied["version"] == 2 and tied["ties"][0]["to"] is None
    assert estate.ask("POST", f"~/units/{unit['id']}/ties", json=tie).status_code == 422
    path = f"~/units/{unit['id']}/ties/{tied['ties'][0]['id']}/end"
    stale = estate.ask("POST", path, json={"to": "2025-01-31"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert estate.ask("POST", f"~/units/{unit['id']}/withdraw", json={}).status_code == 409
    assert estate.send(path, {"to": "2025-01-31"})["ties"][0]["to"] == "2025-01-31"
    assert estate.ask("POST", path, json={}).status_code == 409
    assert estate.send(f"~/units/{unit['id']}/withdraw", {})["withdrawn_at"]
    assert estate.get("~")["units"] == 0
    assert [u["id"] for u in estate.get(f"~/people/{person['id']}/units")["items"]] == [unit["id"]]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("~/people", {"name": "李", "phones": ["12"]}, "phones.0"),
        ("~/people", {"name": "李", "id_number": "110105194912310021"}, "id_number"),
        ("~/people", {"name": "李", "language": "fr"}, "language"),
        ("~/units", {"label": "1", "area_m2": -1}, "area_m2"),
        ("~/units", {"label": " "}, "label"),
        ("~/units", {"label": "1\n"}, "label"),
    ],
)
def test_wrong_input_names_its_field(estate: Estate, path: str, body: Json, field: str) -> None:
    refused = estate.ask("POST", path, json=body)
    assert refused.status_code == 422 and refused.json()["errors"][0]["field"] == field


def test_a_tie_needs_a_person_who_is_on_file(estate: Estate) -> None:
    unit = estate.send("~/units", {"label": "1"})
    refused = estate.ask("POST", f"~/units/{unit['id']}/ties", json={"person": "nobody", "role": "owner"})
    assert refused.status_code == 422 and refused.json()["errors"][0]["field"] == "person"


def test_phones_and_names_are_unreadable_in_the_store_and_absent_from_events(estate: Estate) -> None:
    assert counts(estate.load(roster(GOOD))) == (1, 1, 0, 0)
    with MongoClient[Json](estate.system.settings.mongo_uri) as store:
        db = store["steward_residents"]
        kept = [doc for name in db.list_collection_names() for doc in db[name].find({"project": estate.project})]
    assert any(doc.get("key") for doc in kept)
    for secret in ("张三丰", "13812345678", "11010519491231002X"):
        assert secret not in repr(kept)


def test_contacts_are_for_services_and_the_supervisor_only(estate: Estate) -> None:
    estate.load(roster("3,2,501,88.5,李四,13912345678,租户,2023-01-31,", GOOD))
    unit = estate.get("~/units?label=3-2-501")["items"][0]
    told = estate.operator.call("residents", "unit_contact", project=estate.project, unit=unit["id"])
    assert (told["phone"], told["name"], told["language"]) == ("13812345678", "张三丰", "zh-CN")
    person = estate.operator.call("residents", "contact", project=estate.project, person=told["person"])
    assert person["phone"] == "13812345678"
    assert estate.ask("GET", "~/people", "engineer").status_code == 403
    assert "13812345678" not in estate.ask("GET", "~/people").text
    assert [found["id"] for found in estate.get("~/people?phone=%2B8613812345678")["items"]] == [told["person"]]


def test_a_dry_run_and_a_wrong_row_under_all_or_nothing_write_nothing(estate: Estate) -> None:
    content = roster(GOOD, GOOD.replace("13812345678", "138").replace("501", "502"))
    assert counts(estate.load(content, "&dry_run=true")) == (2, 1, 0, 1)
    refused = estate.load(content, "&all_or_nothing=true&language=en")
    assert counts(refused)[1] == 0
    (problem,) = refused["problems"]
    assert (problem["row"], problem["column"], problem["code"]) == (3, "电话", "bad_phone")
    assert "138" not in problem["message"]
    assert estate.get("~/units")["items"] == []


def test_right_rows_are_written_wrong_ones_leave_no_trace_and_the_same_file_again_changes_nothing(estate: Estate) -> None:
    content = roster(GOOD, GOOD.replace("业主", "朋友").replace("501", "502"), GOOD.replace("501", "503"))
    assert counts(estate.load(content)) == (3, 2, 0, 1)
    units = estate.get("~/units")["items"]
    assert sorted(unit["label"] for unit in units) == ["3-2-501", "3-2-503"]
    assert len(estate.get("~/people")["items"]) == 1
    assert counts(estate.load(content)) == (3, 0, 2, 1)
    assert estate.get("~/units")["items"] == units


def test_the_same_idempotency_key_is_told_the_same_report(estate: Estate) -> None:
    key = {"Idempotency-Key": secrets.token_hex(8)}
    first = estate.load(roster(GOOD), headers=dict(key))
    assert estate.load(roster(GOOD), headers=dict(key)) == first
    assert counts(first) == (1, 1, 0, 0)


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "empty"), (roster(), "no_rows"), ("房号\n1".encode("utf-16"), "encoding"), (b"PK\x03\x04", "format")],
)
def test_a_file_of_no_use_is_a_422_that_says_why(estate: Estate, content: bytes, code: str) -> None:
    refused = estate.ask("POST", "~/roster?filename=a.csv", content=content)
    assert refused.status_code == 422 and refused.json()["code"] == code
    assert refused.json()["errors"][0]["field"] == "content"


def test_the_same_roster_from_four_callers_at_once_is_written_once(estate: Estate) -> None:
    content = roster(*(f"3,2,{n},80,人{n},138{n:08d},业主,2024-01-31," for n in range(100, 350)))
    with ThreadPoolExecutor(4) as callers:
        answers = list(callers.map(lambda _: estate.ask("POST", "~/roster", content=content), range(4)))
    assert {answer.status_code for answer in answers} <= {200, 202}
    told = [counts(estate.ended(answer.json())) for answer in answers]
    assert [sum(each) for each in zip(*told, strict=True)] == [4 * 250, 250, 3 * 250, 0]  # they take turns
    assert estate.get("~")["units"] == 250


def test_every_unit_is_announced_once_in_events_of_at_most_a_hundred(estate: Estate) -> None:
    content = roster(*(f"3,2,{n},80,,,,," for n in range(100, 330)))
    assert counts(estate.load(content)) == (230, 230, 0, 0)
    matter = f"residents/{estate.project}"
    events = estate.operator.call("residents", "timeline", within_s=20, project=estate.project, matter=matter)
    told = [event["data"]["units"] for event in events if event["type"] == "residents.units_registered"]
    assert max(len(units) for units in told) <= 100
    assert len(labels := [unit["label"] for units in told for unit in units]) == len(set(labels)) == 230
    last = told[-1][-1]["id"]
    enquiry = {"kind": "enquiry", "channel": "web", "what": "when is the pool open", "unit": last}
    eventually(lambda: estate.ask("POST", "~/tickets", "desk", json=enquiry).status_code == 201, "tickets knows the last unit")


def test_an_import_survives_the_death_of_its_process_between_two_commits_and_counts_every_row_once(estate: Estate) -> None:
    content = roster(*(f"{n // 100},{n % 4},{n},80,人{n},138{n:08d},业主,2024-01-31," for n in range(1_000)))
    with ThreadPoolExecutor(1) as caller:
        caller.submit(estate.ask, "POST", "~/roster", content=content)
        run = eventually(lambda: next((one for one in estate.get("~/roster-runs")["items"] if one["done"]), None), "a commit is made")
        estate.system.kill("residents")
    estate.system.wait_ready()
    run = estate.ended(estate.get(f"~/roster-runs/{run['id']}"))
    assert counts(run) == (1_000, 1_000, 0, 0)
    assert estate.get("~")["units"] == 1_000


@pytest.mark.long
def test_a_large_roster_is_written_in_time_and_again_in_less(estate: Estate, capsys: pytest.CaptureFixture[str]) -> None:
    rows = 5_000
    content = roster(*(f"{n // 100},{n % 4},{n},80,人{n},138{n:08d},业主,2024-01-31," for n in range(rows)))
    started = time.monotonic()
    assert counts(estate.load(content)) == (rows, rows, 0, 0)
    written = time.monotonic() - started
    started = time.monotonic()
    assert counts(estate.load(content)) == (rows, 0, rows, 0)
    with capsys.disabled():
        print(f"\n{rows}-row roster over HTTP: written in {written:.1f} s, again in {time.monotonic() - started:.1f} s")
    assert written < ROSTER_S
