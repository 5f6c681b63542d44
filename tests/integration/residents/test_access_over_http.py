"""A copy of all that is held of somebody, over the real system."""

from __future__ import annotations

from steward.testing.waiting import eventually
from tests.integration.residents.estate import Estate, Json
from tests.integration.residents.test_purges_over_http import AFTER, NAME, OTHER, PHONE, ticket


def test_all_services_tell_what_they_hold_and_who_asked_alone_may_have_it(estate: Estate) -> None:
    unit = estate.send("~/units", {"label": "3-1-502"})["id"]
    person = estate.send("~/people", {"name": NAME, "phones": [PHONE]})["id"]
    estate.send(f"~/units/{unit}/ties", {**AFTER, "to": None, "person": person})
    estate.send("~/vehicles", {"plate": "粤B12346", "person": person, "unit": unit})
    theirs, anothers = ticket(estate, unit, NAME, PHONE), ticket(estate, unit, "诸葛亮", OTHER)
    estate.ask("POST", f"~/people/{person}/full", "desk", json={"reason": "copy for the bank"})
    path = f"~/people/{person}/access-requests"
    asked = estate.send(path, {"reason": "本人持身份证到前台申请"}, role="manager")

    done: Json = eventually(lambda: (it := estate.get(f"{path}/{asked['id']}", role="manager"))["state"] == "ready" and it, "it is ready")
    assert done["missing"] == []
    copy = estate.get(f"{path}/{asked['id']}/copy", role="manager")
    sections = {section["title"]: section["rows"] for part in copy["parts"] for section in part["sections"]}
    assert sections["个人档案"][0]["姓名"] == NAME and PHONE in sections["个人档案"][0]["电话"]
    assert [row["车牌"] for row in sections["车辆"]] == ["粤B12346"]
    assert [(row["编号"], row["姓名"]) for row in sections["报事"]] == [(theirs["number"], NAME)]
    assert [(row["事项"], row["理由"]) for row in sections["审批"]] == [("full_file", "copy for the bank")]
    assert anothers["number"] not in str(copy)
    assert [part["service"] for part in copy["parts"]] == ["residents", "tickets", "notify"]

    assert estate.ask("GET", f"{path}/{asked['id']}/copy", "admin").status_code == 403
    assert estate.ask("POST", path, "supervisor", json={"reason": "curious"}).status_code == 403
    refused = estate.ask("POST", path, "manager", json={"reason": ""})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "reason")
    assert [one["id"] for one in estate.get(path, role="admin")["items"]] == [asked["id"]]
    read = estate.get(f"~/audit?subject=residents/{person}&how=read", role="auditor")["items"]
    assert {"access_copy", "request_access"} <= {entry["call"] for entry in read}
