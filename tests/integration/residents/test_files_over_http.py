"""The tree, units' facts, people's files, vehicles and search over the real system."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo import MongoClient

from steward.bus.client import Client
from steward.testing.waiting import eventually
from tests.integration.residents.estate import Estate, Json, roster

ZHANG = "3,2,501,88.5,单雄信,13812345678,业主,2024-01-31,"
LI = "3,2,502,88.5,张三,13912345678,租户,2023-01-31,"
WANG = "4,1,101,60,张三丰,13700005678,业主,,"


def refused(estate: Estate, path: str, body: Json, status: int, **options: Any) -> str:
    answer = estate.ask("POST", path, json=body, **options)
    assert answer.status_code == status, answer.text
    field: str = answer.json()["errors"][0]["field"] if status == 422 else ""
    return field


def events(estate: Estate, matter: str) -> list[tuple[str, Json]]:
    told = estate.operator.call("residents", "timeline", within_s=20, project=estate.project, matter=f"residents/{matter}")
    return [(event["type"].partition(".")[2], event["data"]) for event in told]


def found(estate: Estate, query: str) -> list[tuple[str, str]]:
    hits = estate.get("~/search", params={"q": query})["items"]
    return [(hit["match"], name_of(hit)) for hit in hits]


def name_of(hit: Json) -> str:
    name: str = hit[hit["kind"]][{"person": "name", "unit": "label", "vehicle": "plate"}[hit["kind"]]]
    return name


def person_of(estate: Estate, phone: str) -> Json:
    (person,) = estate.get(f"~/people?phone={phone}")["items"]
    return dict(person)


def test_zones_are_opened_buildings_move_into_them_and_units_are_found_there(estate: Estate) -> None:
    estate.load(roster(ZHANG, WANG))
    zone = estate.send("~/zones", {"code": "east", "name": "东区"})
    assert refused(estate, "~/zones", {"code": "east"}, 409) == ""
    tree = estate.get("~/tree")
    assert [building["code"] for building in tree["buildings"]] == ["3", "4"]
    moved = estate.send(f"~/buildings/{tree['buildings'][0]['id']}/change", {"zone": zone["id"], "name": "听涛阁"})
    assert (moved["code"], moved["name"], moved["zone"]) == ("3", "听涛阁", zone["id"])
    stale = estate.ask("POST", f"~/buildings/{moved['id']}/change", json={"name": "x"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert [unit["label"] for unit in estate.get(f"~/units?zone={zone['id']}")["items"]] == ["3-2-501"]
    assert estate.ask("GET", "~/units?zone=none").status_code == 422
    (told,) = estate.get("~/tree")["zones"]
    assert (told["name_en"], [building["name"] for building in told["buildings"]]) == ("东区", ["听涛阁"])
    assert refused(estate, "~/buildings", {"code": "9", "zone": "none"}, 422) == "zone"
    assert estate.send("~/buildings", {"code": "9", "zone": zone["id"]})["name"] == "9"
    estate.send("~/units", {"label": "9-101", "building": "9"})
    first = estate.get(f"~/units?zone={zone['id']}&limit=1")
    second = estate.get(f"~/units?zone={zone['id']}&limit=1&cursor={first['next']}")
    assert [unit["label"] for one in (first, second) for unit in one["items"]] == ["9-101", "3-2-501"]
    assert [unit["label"] for unit in estate.get(f"~/units?zone={zone['id']}&state=vacant")["items"]] == ["9-101"]
    assert [unit["label"] for unit in estate.get(f"~/units?zone={zone['id']}&building=3")["items"]] == ["3-2-501"]
    assert estate.ask("POST", "~/zones", "desk", json={"code": "west"}).status_code == 403
    assert [name for name, _ in events(estate, moved["id"])] == ["building_changed"]


def test_a_unit_is_changed_by_whoever_saw_it_as_it_is_and_tells_what_changed(estate: Estate) -> None:
    unit = estate.send("~/units", {"label": "3-2-501", "building": "3"})
    assert unit["state"] == "vacant"
    change = {"area_m2": 90, "building": "5", "handed_over_on": "2024-02-29", "stated": "occupied"}
    changed = estate.send(f"~/units/{unit['id']}/change", change)
    assert (changed["state"], changed["liable_until"]["heating"]) == ("occupied", "2026-02-28")
    assert [building["code"] for building in estate.get("~/tree")["buildings"]] == ["3", "5"]
    assert estate.ask("POST", f"~/units/{unit['id']}/change", json={}, headers={"If-Match": '"1"'}).status_code == 412
    ((_, told),) = [event for event in events(estate, unit["id"]) if event[0] == "unit_changed"]
    assert told["changed"] == ["area_m2", "building", "handed_over_on", "state"]
    assert [one["label"] for one in estate.get("~/units?state=occupied&building=5")["items"]] == ["3-2-501"]


@pytest.mark.parametrize(("field", "value"), [("area_m2", 0), ("handed_over_on", "2999-01-01"), ("stated", "full"), ("building", "x" * 21)])
def test_a_wrong_fact_of_a_unit_names_its_field(estate: Estate, field: str, value: object) -> None:
    unit = estate.send("~/units", {"label": "1"})
    assert refused(estate, f"~/units/{unit['id']}/change", {field: value}, 422) == field


def test_co_owners_own_at_most_the_whole(estate: Estate) -> None:
    estate.load(roster(ZHANG, LI))
    unit = estate.get("~/units?label=3-2-501")["items"][0]
    path, tie = f"~/units/{unit['id']}/ties", unit["ties"][0]["id"]
    assert estate.send(f"{path}/{tie}/share", {"share": "4/6"})["ties"][0]["share"] == "2/3"
    second = {"person": person_of(estate, "13912345678")["id"], "role": "owner", "share": "1/2"}
    assert refused(estate, path, second, 422) == "share"
    tied = estate.send(path, {**second, "share": "1/3"})["ties"]
    assert tied[1]["made"]["by"] == "user:supervisor"
    assert refused(estate, f"{path}/{tie}/share", {"share": "3/4"}, 422) == "share"
    assert refused(estate, f"{path}/{tie}/share", {"share": "0.5"}, 422) == "share"


def test_a_change_of_phone_is_told_to_whoever_calls_and_kept_without_the_number(estate: Estate) -> None:
    estate.load(roster(ZHANG))
    before = person_of(estate, "13812345678")
    body = {
        "phones": ["13600000001"],
        "name": "单 雄信",
        "preferences": {"channels": ["letter", "sms"], "quiet_from": "21:00", "quiet_to": "09:00"},
        "emergency_contacts": [{"name": "单小妹", "relation": "女儿", "phone": "13700000002"}],
    }
    changed = estate.send(f"~/people/{before['id']}/change", body)
    assert (changed["phones"], changed["emergency_contacts"][0]["phone"]) == (["136****0001"], "137****0002")
    told = estate.operator.call("residents", "contact", within_s=20, project=estate.project, person=before["id"])
    assert (told["phone"], told["preferences"]["channels"]) == ("13600000001", ["letter", "sms"])
    history = estate.get(f"~/people/{before['id']}/history")
    (change,) = history["changes"]
    assert (change["by"], change["phones_added"], change["phones_removed"]) == ("user:supervisor", 1, 1)
    assert change["changed"] == ["emergency", "name", "phones", "preferences"]
    assert [tie["label"] for tie in history["ties"]] == ["3-2-501"]
    for secret in ("13812345678", "13600000001", "13700000002", "单小妹"):
        assert secret not in kept(estate)
    assert found(estate, "13812345678") == []
    assert found(estate, "13600000001") == [("phone", "单 雄信")]


def kept(estate: Estate) -> str:
    with MongoClient[Json](estate.system.settings.mongo_uri) as store:
        db = store["steward_residents"]
        return repr([doc for name in db.list_collection_names() for doc in db[name].find({"project": estate.project})])


def test_a_roster_from_before_a_change_files_nobody_twice(estate: Estate) -> None:
    estate.load(roster(ZHANG))
    person = person_of(estate, "13812345678")
    changed = estate.send(f"~/people/{person['id']}/change", {"phones": ["13600000001"]})
    assert estate.send(f"~/people/{person['id']}/change", {"phones": ["136 0000 0001"]})["version"] == changed["version"]
    assert estate.load(roster(ZHANG))["unchanged"] == 1
    assert len(estate.get("~/people")["items"]) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"phones": ["12"]}, "phones.0"),
        ({"name": " "}, "name"),
        ({"preferences": {"channels": ["pigeon"]}}, "preferences.channels.0"),
        ({"preferences": {"quiet_from": "25:00", "quiet_to": "07:00"}}, "preferences.quiet_from"),
        ({"emergency_contacts": [{"name": "x", "phone": "1"}]}, "emergency_contacts.0.phone"),
    ],
)
def test_a_wrong_change_of_a_file_names_its_field(estate: Estate, body: Json, field: str) -> None:
    person = estate.send("~/people", {"name": "李四"})
    assert refused(estate, f"~/people/{person['id']}/change", body, 422) == field


def test_an_answer_that_is_repeated_is_the_same_and_is_not_kept_in_clear(estate: Estate) -> None:
    body, key = {"name": "欧阳锋", "phones": ["13600000009"]}, {"Idempotency-Key": secrets.token_hex(8)}
    first = estate.send("~/people", body, headers=dict(key))
    assert estate.send("~/people", body, headers=dict(key)) == first
    assert first["name"] == "欧阳锋" and "欧阳锋" not in kept(estate)


def test_households_that_need_care_are_flagged_listed_and_unflagged(estate: Estate) -> None:
    person = estate.send("~/people", {"name": "李四"})
    estate.send("~/people", {"name": "王五"})
    path = f"~/people/{person['id']}/care"
    assert estate.send(path, {"every_days": 7})["care"]["every_days"] == 7
    assert [one["id"] for one in estate.get("~/people?care=true")["items"]] == [person["id"]]
    assert refused(estate, path, {"every_days": 400}, 422) == "every_days"
    assert estate.send(path, {"every_days": None})["care"] is None
    assert estate.ask("POST", path, json={"every_days": None}).status_code == 409
    assert estate.get("~/people?care=true")["items"] == []
    assert [data for name, data in events(estate, person["id"]) if name == "care_changed"][-1]["every_days"] is None


def test_a_vehicle_is_filed_moved_and_gone_and_its_plate_is_free_again(estate: Estate) -> None:
    estate.load(roster(ZHANG))
    unit, person = estate.get("~/units")["items"][0], person_of(estate, "13812345678")
    body = {"plate": "粤B·12345", "person": person["id"], "unit": unit["id"]}
    vehicle = estate.send("~/vehicles", body)
    assert vehicle["plate"] == "粤B12345"
    assert refused(estate, "~/vehicles", {**body, "plate": "粤b 12345"}, 409) == ""
    for field in ("person", "unit", "plate"):
        assert refused(estate, "~/vehicles", {**body, "plate": "粤B1", field: "none"}, 422) in (field, "plate")
    assert found(estate, "粤b12345") == [("plate", "粤B12345")]
    assert "粤B12345" not in kept(estate)
    other = estate.send("~/units", {"label": "P-12"})
    assert estate.send(f"~/vehicles/{vehicle['id']}/change", {"unit": other["id"]})["unit"] == other["id"]
    assert estate.send(f"~/vehicles/{vehicle['id']}/remove", {})["gone"]["by"] == "user:supervisor"
    assert estate.ask("POST", f"~/vehicles/{vehicle['id']}/change", json={}).status_code == 409
    assert estate.send("~/vehicles", body)["id"] != vehicle["id"]
    assert len(estate.get("~/vehicles", params={"plate": "粤B12345"})["items"]) == 2


def test_security_is_told_names_and_plates_and_cleaners_which_units_are_vacant(estate: Estate) -> None:
    estate.load(roster(ZHANG, LI, "5,1,101,60,,,,,"))
    unit, person = estate.get("~/units?label=3-2-501")["items"][0]["id"], person_of(estate, "13812345678")["id"]
    estate.send("~/vehicles", {"plate": "粤B12345", "person": person, "unit": unit})
    listed = estate.ask("GET", "~/security-list", "security")
    assert "138" not in listed.text and estate.ask("GET", "~/people", "security").status_code == 403
    rows = {row["label"]: (row["people"], row["plates"]) for row in listed.json()["items"]}
    assert rows["3-2-501"] == ([{"name": "单雄信", "role": "owner"}], ["粤B12345"])
    estate.send(f"~/units/{unit}/change", {"stated": "vacant"})
    vacant = {row["label"]: row["sold"] for row in estate.get("~/vacant-units", role="cleaner")["items"]}
    assert vacant == {"3-2-501": True, "5-1-101": False}


def test_people_are_found_by_what_is_known_of_them_the_best_match_first(estate: Estate) -> None:
    estate.load(roster(ZHANG, LI, WANG))
    assert found(estate, "张三") == [("name", "张三"), ("name_prefix", "张三丰")]
    assert found(estate, "zhangsan") == [("pinyin", "张三"), ("pinyin_prefix", "张三丰")]
    assert found(estate, "ZSF") == [("initials", "张三丰")]
    assert found(estate, "shanxiongxin") == found(estate, "danxiongxin") == [("pinyin", "单雄信")]
    assert found(estate, "+86 139 1234 5678") == [("phone", "张三")]
    assert sorted(found(estate, "5678")) == [("phone_end", "单雄信"), ("phone_end", "张三"), ("phone_end", "张三丰")]
    assert found(estate, "3-2-501") == [("unit", "3-2-501")]
    assert found(estate, "李") == []
    assert estate.ask("GET", "~/search?q=x", "engineer").status_code == 403
    assert estate.ask("GET", "~/search").status_code == 422


def test_pages_of_a_search_hold_everybody_once_and_in_order_of_the_match(estate: Estate) -> None:
    estate.load(roster(*(f"3,2,{n},80,{'张三' if n % 3 else '张三丰'},138{n:08d},业主,," for n in range(100, 160))))
    seen, cursor = [], ""
    while cursor is not None:
        answer = estate.get("~/search", params={"q": "张三", "limit": "7", **({"cursor": cursor} if cursor else {})})
        seen += [(hit["match"], hit["person"]["id"]) for hit in answer["items"]]
        cursor = answer["next"]
    assert [match for match, _ in seen] == ["name"] * 40 + ["name_prefix"] * 20
    assert len({person for _, person in seen}) == 60
    assert estate.ask("GET", "~/search?q=x&cursor=AAAA").status_code == 422


def test_files_of_an_earlier_release_are_brought_to_what_is_kept_now_while_the_service_runs(estate: Estate, operator: Client) -> None:
    estate.load(roster(ZHANG, LI, WANG))
    with MongoClient[Json](estate.system.settings.mongo_uri) as store:
        db, here = store["steward_residents"], {"project": estate.project}
        db["people"].update_many(here, {"$unset": {"tokens": 1, "searchable": 1, "former": 1, "preferences": 1}})
        db["units"].update_many({**here, "label": {"$ne": "4-1-101"}}, {"$unset": {"state": 1, "turns_at": 1}})
        late = {"state": "let", "turns_at": datetime(2024, 1, 1, tzinfo=UTC)}
        db["units"].update_one({**here, "label": "4-1-101"}, {"$set": late})
        db["buildings"].delete_many(here)
        db["projects"].update_one(here, {"$unset": {"tree": 1}})
    eventually(lambda: found(estate, "zs") == [("initials", "张三"), ("initials_prefix", "张三丰")], "all are searchable")
    eventually(lambda: len(estate.get("~/tree")["buildings"]) == 2, "buildings are on file")
    states = {"3-2-501": "occupied", "3-2-502": "let", "4-1-101": "occupied"}
    eventually(lambda: {unit["label"]: unit["state"] for unit in estate.get("~/units")["items"]} == states, "states are known")
    turned = estate.get("~/units?label=4-1-101")["items"][0]["id"]
    told = [data["changed"] for name, data in events(estate, turned) if name == "unit_changed"]
    assert told == [["state"]]
