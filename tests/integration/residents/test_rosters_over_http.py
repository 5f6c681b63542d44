"""Imports as runs, their corrections, their undoing; headers said once; exports. Over the real system."""

from __future__ import annotations

import csv
import hashlib
import io
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from services.residents.spec import XLSX
from steward.testing.waiting import eventually
from tests.integration.residents.estate import Estate, Json, roster
from tests.unit.residents.workbooks import workbook

ZHANG = "3,2,501,88.5,张三,13812345678,业主,2024-01-31,11010519491231002X"
LI = "3,2,502,88.5,李四,13912345678,租户,2023-01-31,"
WANG = "3,2,503,60,王五,13700005678,业主,2024-05-01,"
REASON = "?reason=yearly%20check"


def cells(book: bytes) -> list[list[Any]]:
    with CalamineWorkbook.from_filelike(io.BytesIO(book)) as opened:
        return opened.get_sheet_by_index(0).to_python()


def unit_of(estate: Estate, label: str) -> Json:
    return dict(estate.get(f"~/units?label={label}")["items"][0])


def counts(run: Json) -> tuple[int, int, int]:
    return run["imported"], run["unchanged"], run["wrong"]


def test_each_import_is_a_run_on_record_and_a_repeated_request_is_the_same_run(estate: Estate) -> None:
    content, key = roster(ZHANG, LI.replace("租户", "朋友")), {"Idempotency-Key": f"k-{estate.project}"}
    run = estate.load(content, headers=dict(key))
    assert estate.load(content, headers=dict(key)) == run
    dry = estate.load(content, "&dry_run=true")
    listed = estate.get("~/roster-runs")["items"]
    assert [one["id"] for one in listed] == [dry["id"], run["id"]]
    assert (run["state"], run["rows"], run["done"], counts(run)) == ("ended", 2, 2, (1, 0, 1))
    assert (run["started"]["by"], run["filename"], run["digest"]) == ("user:supervisor", "a.csv", hashlib.sha256(content).hexdigest())
    told = estate.get(f"~/roster-runs/{run['id']}?language=en")["problems"]
    assert [(one["row"], one["code"], one["message"]) for one in told] == [(3, "bad_role", "must be owner, resident, tenant or agent")]
    assert estate.ask("GET", "~/roster-runs", "desk").status_code == 403
    assert estate.ask("GET", "~/roster-runs/none").status_code == 404


def test_wrong_rows_come_back_as_a_workbook_that_is_corrected_and_sent_in_again(estate: Estate) -> None:
    run = estate.load(roster(ZHANG, LI.replace("13912345678", "139")), "&dry_run=true")
    path = f"~/roster-runs/{run['id']}/corrections.xlsx"
    answer = estate.ask("GET", path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, XLSX)
    header, row = cells(answer.content)
    assert (header[-1], row[-1]) == ("问题说明", "电话: 不是有效的电话号码")
    row[5] = "13912345678"
    assert counts(estate.load(workbook([header, row]), "&format=xlsx")) == (1, 0, 0)
    assert estate.ask("GET", path, "desk").status_code == 403
    right = estate.load(roster(LI))
    assert estate.ask("GET", f"~/roster-runs/{right['id']}/corrections.xlsx").status_code == 404


def test_headers_of_the_projects_own_are_said_once(estate: Estate) -> None:
    content = "栋,室,称呼,备注\n3,501,张三,x\n".encode()
    refused = estate.load(content)
    assert ("栋", "unknown_column") in {(one["column"], one["code"]) for one in refused["problems"]}
    said = {"columns": {"栋": "building", "室": "unit", "称呼": "name", "备注": None}}
    kept = estate.ask("PUT", "~/roster-columns", json=said)
    assert kept.status_code == 200 and kept.json()["columns"]["备注"] is None
    run = estate.load(content)
    assert (counts(run), run["ignored"]) == ((1, 0, 0), ["备注"])
    stale = estate.ask("PUT", "~/roster-columns", json=said, headers={"If-Match": '"7"'})
    assert stale.status_code == 412
    wrong = estate.ask("PUT", "~/roster-columns", json={"columns": {"室": "room"}})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "columns.室")
    assert estate.ask("PUT", "~/roster-columns", "desk", json=said).status_code == 403


def test_undoing_takes_back_what_nobody_has_touched_and_says_why_the_rest_stays(estate: Estate) -> None:
    before = estate.load(roster(WANG))
    run = estate.load(roster(ZHANG, LI, WANG.replace("业主,2024-05-01", "住户,")))
    zhang, li, wang = (unit_of(estate, label) for label in ("3-2-501", "3-2-502", "3-2-503"))
    estate.send(f"~/units/{li['id']}/change", {"area_m2": 90})
    raised = {"kind": "enquiry", "channel": "web", "what": "when is the pool open", "unit": zhang["id"]}
    eventually(lambda: estate.ask("POST", "~/tickets", "desk", json=raised).status_code == 201, "tickets knows the unit")
    path = f"~/roster-runs/{run['id']}/undo"
    undone = estate.ended(estate.send(path, {}))
    assert (undone["state"], undone["taken_back"]) == ("undone", {"ties": 3, "units": 1, "people": 2, "stay": 1})
    assert undone["stays"] == [{"kind": "unit", "id": li["id"], "reason": "changed"}]
    assert unit_of(estate, "3-2-501")["withdrawn_at"] and not unit_of(estate, "3-2-502")["ties"]
    assert [tie["role"] for tie in unit_of(estate, "3-2-503")["ties"]] == ["owner"] and len(wang["ties"]) == 2
    assert [one["name"] for one in estate.get("~/people")["items"]] == ["王五"]
    assert estate.get("~/search", params={"q": "张三"})["items"] == []
    eventually(lambda: estate.ask("POST", "~/tickets", "desk", json=raised).status_code == 422, "tickets has heard that the unit is gone")
    assert estate.send(path, {})["taken_back"] == undone["taken_back"]
    assert counts(estate.load(roster(ZHANG, LI.replace("88.5", "90")))) == (2, 0, 0)
    assert unit_of(estate, "3-2-501")["id"] == zhang["id"] and estate.get("~")["units"] == 3
    dry = estate.load(roster(ZHANG), "&dry_run=true")
    assert estate.ask("POST", f"~/roster-runs/{dry['id']}/undo", json={}).status_code == 409
    assert estate.ask("POST", f"~/roster-runs/{before['id']}/undo", "desk", json={}).status_code == 403


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_an_export_imported_again_changes_nothing_and_is_on_record(estate: Estate, ending: str) -> None:
    estate.load(roster(ZHANG, LI, "5,1,101,60,,,,,"))
    answer = estate.ask("GET", f"~/roster.{ending}{REASON}")
    assert answer.status_code == 200 and f"roster.{ending}" in answer.headers["Content-Disposition"]
    assert counts(estate.load(answer.content, f"&format={ending}")) == (0, 3, 0)
    trail = estate.get(f"~/audit?call=export_{ending}", role="auditor")["items"]
    assert [(entry["by"], entry["reason"], len(entry["subjects"])) for entry in trail] == [("user:supervisor", "yearly check", 2)]


def test_who_may_not_see_phones_has_them_masked_in_the_file_too(estate: Estate) -> None:
    estate.load(roster(ZHANG))
    _, row = csv.reader(io.StringIO(estate.ask("GET", f"~/roster.csv{REASON}&language=en", "manager").content.decode("utf-8-sig")))
    assert row == ["3", "3-2-501", "88.5", "张三", "138****5678", "owner", "2024-01-31", "110*************2X"]
    assert estate.ask("GET", f"~/roster.csv{REASON}", "engineer").status_code == 403
    refused = estate.ask("GET", "~/roster.csv")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "reason")
    assert estate.ask("GET", f"~/roster.xlsx{REASON}&cursor=x").status_code == 422


def test_a_header_alone_is_exported_of_a_project_in_which_nothing_is(estate: Estate) -> None:
    assert estate.ask("GET", f"~/roster.csv{REASON}").content.decode("utf-8-sig").count("\n") == 1
