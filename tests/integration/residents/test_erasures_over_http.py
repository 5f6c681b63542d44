"""Erasure at somebody's wish, over the real system: what stands against it, who must agree, what goes, and the proof."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

from services.residents.model import Stamp
from services.residents.model.erasures import Erasure, ErasureState, Outcome, purge_of
from services.residents.store import ERASURES, PURGES
from steward.ids import new_id
from steward.store.client import connect, database
from steward.testing.waiting import eventually
from steward.times import now
from tests.integration.residents.estate import Estate, Json
from tests.integration.residents.test_purges_over_http import NAME, OTHER, PHONE, nobody_left, ticket

REASON = "本人欧阳震华持身份证到前台申请"
FORMER = {"role": "tenant", "from": "2015-03-01", "to": "2018-03-01"}
LIVES_HERE = {"role": "owner", "from": "2015-03-01"}


def somebody(estate: Estate, *phones: str, **tie: str) -> tuple[str, str, str]:
    """A person, where what they wish is asked for, and a unit to which they are tied so."""
    unit = estate.send("~/units", {"label": "3-1-502"})["id"]
    person = estate.send("~/people", {"name": NAME, "phones": [*phones]})["id"]
    if tie:
        estate.send(f"~/units/{unit}/ties", {**tie, "person": person})
    return person, f"~/people/{person}/erasure-requests", unit


def agree(estate: Estate, wish: Json) -> Json:
    return estate.send(f"~/approvals/residents/{wish['approval']}/approve", {"reason": f"{NAME} 已核实"}, role="manager")


def came_to(estate: Estate, path: str, wish: Json, state: str) -> Json:
    def look() -> Json | None:
        found = estate.get(f"{path}/{wish['id']}", role="auditor")
        return found if found["state"] == state else None

    return eventually(look, f"the wish is {state}")


def test_a_former_tenants_file_goes_everywhere_once_a_second_person_has_agreed(estate: Estate) -> None:
    person, path, unit = somebody(estate, PHONE, **FORMER)
    estate.send("~/vehicles", {"plate": "粤B12345", "person": person, "unit": unit})
    theirs = ticket(estate, unit, NAME, PHONE)
    seen = estate.ask("POST", f"~/people/{person}/full", "desk", json={"reason": f"{NAME} asks for it"}).json()["approval"]
    under_way = estate.send(path, {"reason": REASON})
    assert (under_way["outcome"], [ground["name"] for ground in under_way["grounds"]]) == ("partial", ["tickets"])
    assert under_way["grounds"][0]["title"] == {"zh-CN": "报事未办结", "en": "A ticket is open"}
    estate.send(f"~/approvals/residents/{under_way['approval']}/withdraw", {})
    assert estate.get(f"{path}/{under_way['id']}")["state"] == "withdrawn"
    estate.send(f"~/tickets/{theirs['id']}/cancel", {"reason_code": "mistake"}, role="desk")

    wish = eventually(lambda: whole(estate, path), "nothing that was to be told is on its way any more")
    again = estate.ask("POST", path, "admin", json={"reason": REASON})
    assert (again.status_code, again.json()["erasure"]) == (409, wish["id"])
    assert estate.ask("POST", f"~/approvals/residents/{wish['approval']}/approve", json={}).status_code == 403, "one's own"
    agree(estate, wish)
    done = came_to(estate, path, wish, "done")
    assert (done["outcome"], done["reason"], done["ended_at"] is None) == ("whole", "", False)
    nobody_left(estate, person)
    assert estate.get(f"~/tickets/{theirs['id']}")["caller_phone"] is None
    (proof,) = estate.get(f"~/purges?person={person}", role="auditor")["items"]
    assert (proof["wish"], proof["rule"], proof["state"], {one["service"] for one in proof["reports"]}) == (
        wish["id"],
        "erasure",
        "done",
        {"tickets", "notify"},
    )
    for approval in (seen, under_way["approval"], wish["approval"]):
        known = estate.get(f"~/approvals/residents/{approval}", role="auditor")
        assert {known["reason"], *(vote["reason"] for vote in known["votes"])} == {""}
    listed = estate.get(path, role="auditor")["items"]
    assert [(one["id"], one["reason"]) for one in listed] == [(wish["id"], ""), *((one["id"], "") for one in listed[1:])]
    trail = estate.get(f"~/audit?subject=residents/{person}&call=request_erasure", role="auditor")["items"]
    assert {entry["by"] for entry in trail} == {"user:supervisor"}


def grounds(estate: Estate, path: str, wish: Json) -> list[str]:
    return [ground["name"] for ground in estate.get(f"{path}/{wish['id']}")["grounds"]]


def looked_at(estate: Estate, path: str, wish: Json) -> Json | None:
    """The wish when it is done; else all is looked through once more, as it is day by day."""
    found = estate.get(f"{path}/{wish['id']}")
    if found["state"] != "done":
        estate.send("~/purge-reviews", {}, role="manager")
    return found if found["state"] == "done" else None


def whole(estate: Estate, path: str) -> Json | None:
    """The wish once nothing stands against it; before, it is taken back."""
    wish = estate.send(path, {"reason": REASON})
    if wish["outcome"] == "whole":
        return wish
    estate.send(f"~/approvals/residents/{wish['approval']}/withdraw", {})
    return None


def test_of_who_lives_here_that_goes_which_nothing_needs_and_grounds_are_told_openly(estate: Estate) -> None:
    person, path, _ = somebody(estate, PHONE, OTHER, **LIVES_HERE)
    wife = {"name": "司马青", "relation": "妻子", "phone": "13900139499"}
    estate.send(f"~/people/{person}/change", {"emergency_contacts": [wife], "preferences": {"channels": ["letter"]}})
    wish = estate.send(path, {"reason": REASON})
    assert (wish["state"], wish["outcome"], set(wish["goes"])) == ("asked", "partial", {"other_phones", "emergency", "wishes"})
    (ground,) = wish["grounds"]
    assert (ground["name"], ground["until"], ground["title"]["zh-CN"]) == ("tied", None, "与房屋有现有关系")
    assert all("13" in ground["basis"]["en"] and "第十三条" in ground["basis"]["zh-CN"] for ground in wish["grounds"])
    agree(estate, wish)
    kept = estate.get(f"{path}/{wish['id']}", role="auditor")
    assert (kept["state"], kept["gone"]) == ("kept", wish["goes"]), "where copies stay nobody is waited for"
    assert (set(kept["keeps"]), kept["kept_until"], kept["erased_at"]) == ({"name", "phone"}, None, None)
    left = estate.get(f"~/people/{person}")
    assert (left["name"], len(left["phones"]), left["emergency_contacts"], left["preferences"]["channels"]) == (NAME, 1, [], [])
    assert estate.get(f"~/purges?person={person}", role="auditor")["items"][0]["parts"] == wish["goes"]
    assert estate.get(f"~/search?q={OTHER}")["items"] == []
    assert [hit["person"]["id"] for hit in estate.get(f"~/search?q={PHONE}")["items"]] == [person]
    again = estate.send(path, {"reason": REASON})
    assert (again["state"], again["outcome"], again["goes"]) == ("asked", "refused", [])
    agree(estate, again)
    withdraw = f"{path}/{again['id']}/withdraw"
    assert estate.ask("POST", withdraw, "desk", json={}).status_code == 403
    assert estate.ask("POST", f"{path}/none/withdraw", json={}).status_code == 404
    assert estate.send(withdraw, {})["state"] == "withdrawn"
    assert estate.ask("POST", withdraw, json={}).status_code == 409


def test_what_a_ground_kept_goes_once_when_the_last_one_has_ended(estate: Estate) -> None:
    person, path, unit = somebody(estate, PHONE, role="tenant", **{"from": "2015-03-01"})
    estate.send("~/vehicles", {"plate": "粤B12345", "person": person, "unit": unit})
    holds = f"~/people/{person}/holds"
    hold = estate.send(holds, {"ground": "arrears"})
    wish = estate.send(path, {"reason": REASON})
    assert (wish["outcome"], wish["goes"]) == ("refused", [])
    agree(estate, wish)
    (tie,) = estate.get(f"~/units/{unit}")["ties"]
    estate.send(f"~/units/{unit}/ties/{tie['id']}/end", {"to": "2018-03-01"})
    estate.send(f"{holds}/{hold['id']}/release", {})
    theirs = ticket(estate, unit, NAME, PHONE)
    estate.send("~/purge-reviews", {}, role="manager")
    eventually(lambda: "tickets" in grounds(estate, path, wish), "what came up elsewhere is a ground, too")
    assert estate.get(f"~/people/{person}")["name"] == NAME and "arrears" not in grounds(estate, path, wish)
    estate.send(f"~/tickets/{theirs['id']}/cancel", {"reason_code": "mistake"}, role="desk")
    done = eventually(lambda: looked_at(estate, path, wish), "nothing keeps it any more")
    assert (done["outcome"], done["keeps"], done["reason"], done["erased_at"] is None) == ("whole", [], "", False)
    nobody_left(estate, person)
    (proof,) = estate.get(f"~/purges?person={person}", role="auditor")["items"]
    assert (proof["wish"], proof["rule"], len(proof["reports"])) == (wish["id"], "erasure", 2)
    told = [one["type"] for one in estate.get(f"~/timeline/residents/{person}", role="manager")["items"]]
    assert [told.count(f"residents.{name}") for name in ("person_purged", "erasure_done")] == [1, 1]


def test_who_is_tied_to_a_unit_again_before_the_vote_is_looked_at_again(estate: Estate) -> None:
    person, path, unit = somebody(estate, PHONE, OTHER)
    wish = estate.send(path, {"reason": REASON})
    assert (wish["outcome"], wish["grounds"]) == ("whole", [])
    estate.send(f"~/units/{unit}/ties", {**LIVES_HERE, "person": person})
    agree(estate, wish)
    done = came_to(estate, path, wish, "kept")
    assert (done["outcome"], done["gone"], [ground["name"] for ground in done["grounds"]]) == ("partial", ["other_phones"], ["tied"])
    assert estate.get(f"~/people/{person}")["name"] == NAME


def test_wishes_are_for_those_who_may_with_a_reason_and_of_who_is_on_file(estate: Estate) -> None:
    person, path, _ = somebody(estate, PHONE)
    assert estate.ask("POST", path, "desk", json={"reason": REASON}).status_code == 403
    assert estate.ask("GET", path, "desk").status_code == 403
    wrong = estate.ask("POST", path, json={"reason": ""})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "reason")
    assert estate.ask("POST", "~/people/none/erasure-requests", json={"reason": REASON}).status_code == 404
    with ThreadPoolExecutor(3) as several:
        answers = list(
            several.map(lambda role: estate.ask("POST", path, role, json={"reason": REASON}), ("supervisor", "manager", "admin"))
        )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409], "one is open at a time"
    wish = estate.get(path)["items"][0]
    by = "manager" if wish["asked"]["by"] != "user:manager" else "admin"
    estate.send(f"~/approvals/residents/{wish['approval']}/refuse", {"reason": "not who they say"}, role=by)
    assert estate.get(f"{path}/{wish['id']}")["state"] == "declined"
    assert estate.get(f"~/people/{person}")["name"] == NAME
    other = estate.send("~/people", {"name": "诸葛亮", "phones": [OTHER]})["id"]
    assert estate.ask("GET", f"~/people/{other}/erasure-requests/{wish['id']}").status_code == 404


def test_what_was_waited_for_elsewhere_is_asked_for_again_on_the_next_day(estate: Estate) -> None:
    person, path, _ = somebody(estate, PHONE, **FORMER)
    asked = Stamp(now(), "user:supervisor")
    wish = Erasure(new_id(), estate.project, person, REASON, asked, (), Outcome.WHOLE, (), ErasureState.AGREED)
    with connect(estate.system.settings.mongo_uri) as client:
        kept = database(client, "residents")
        for repository, state in ((ERASURES, wish), (PURGES, purge_of(wish, date(2026, 11, 23)))):
            kept[repository.collection].insert_one(repository.to_document(state) | {"version": 1, "_order": 1})  # type: ignore[attr-defined]
    assert estate.ask("POST", path, json={"reason": REASON}).json()["erasure"] == wish.id
    estate.send("~/purge-reviews", {}, role="manager")
    came_to(estate, path, {"id": wish.id}, "done")
    assert estate.ask("GET", f"~/people/{person}").status_code == 404
