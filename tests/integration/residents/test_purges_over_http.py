"""Files whose time has run out, over the real system: what goes, in every service, what stays, and the proof."""

from __future__ import annotations

from steward.testing.waiting import eventually
from tests.integration.residents.estate import Estate, Json

NAME, PHONE, OTHER = "欧阳震华", "13800138477", "13900139488"
AFTER = {"role": "owner", "from": "2015-03-01", "to": "2018-03-01"}


def former_owner(estate: Estate, label: str = "3-1-502", name: str = NAME, phone: str = PHONE) -> tuple[str, str, Json]:
    """A person, the unit that was theirs until 2018, and a hold on the file from before anybody could look at it."""
    unit = estate.send("~/units", {"label": label})["id"]
    person = estate.send("~/people", {"name": name, "phones": [phone]})["id"]
    hold = estate.send(f"~/people/{person}/holds", {"ground": "arrears"})
    estate.send(f"~/units/{unit}/ties", {**AFTER, "person": person})
    return person, unit, hold


def ticket(estate: Estate, unit: str, name: str, phone: str) -> Json:
    body = {
        "kind": "repair_home",
        "channel": "phone",
        "what": "水龙头",
        "item": "tap",
        "unit": unit,
        "caller_name": name,
        "caller_phone": phone,
    }
    path = "~/tickets"
    answer = eventually(lambda: (it := estate.ask("POST", path, "desk", json=body)).status_code == 201 and it, "tickets knows the unit")
    found: Json = answer.json()
    return found


def purge_of(estate: Estate, person: str, state: str) -> Json:
    """The purge once it has come so far, as an auditor sees it."""

    def look() -> Json | None:
        items: list[Json] = estate.get(f"~/purges?person={person}&state={state}", role="auditor")["items"]
        return items[0] if items else None

    return eventually(look, f"the purge is {state}")


def test_a_file_whose_time_has_run_out_goes_everywhere_once_nobody_needs_it(estate: Estate) -> None:
    person, unit, hold = former_owner(estate)
    estate.send("~/vehicles", {"plate": "粤B12345", "person": person, "unit": unit})
    theirs, anothers = ticket(estate, unit, NAME, PHONE), ticket(estate, unit, "诸葛亮", OTHER)
    holds = f"~/people/{person}/holds"
    assert estate.send(holds, {"ground": "arrears"})["id"] == hold["id"]
    estate.send("~/purge-reviews", {}, role="manager")
    held = purge_of(estate, person, "held")
    assert (held["holds"], held["kept_until"]) == (["arrears"], "2023-03-01")
    estate.send(f"{holds}/{hold['id']}/release", {})
    assert [(one["id"], bool(one["released"])) for one in estate.get(holds)["items"]] == [(hold["id"], True)]
    estate.send("~/purge-reviews", {}, role="manager")
    eventually(lambda: "tickets" in purge_of(estate, person, "held")["holds"], "the open ticket holds it")
    assert estate.get(f"~/people/{person}")["name"] == NAME

    estate.send(f"~/tickets/{theirs['id']}/cancel", {"reason_code": "mistake"}, role="desk")
    proof = eventually(lambda: reviewed(estate, person), "nothing needs it any more")
    assert (proof["rule"], proof["years"], proof["missing"], proof["holds"]) == ("former_owner_years", 5, [], [])
    assert {report["service"]: report["forgotten"] for report in proof["reports"]}["tickets"] == 1
    nobody_left(estate, person)
    assert estate.get(f"~/tickets/{theirs['id']}")["caller_phone"] is None
    assert estate.get(f"~/tickets/{anothers['id']}")["caller_phone"] is not None
    assert estate.get(f"~/audit?subject=residents/{proof['id']}", role="auditor")["items"]
    estate.send("~/people", {"name": NAME, "phones": [PHONE]})
    assert [one["id"] != person for one in estate.get(f"~/people?phone={PHONE}")["items"]] == [True]


def reviewed(estate: Estate, person: str) -> Json | None:
    """The purge when it is done; else all is looked through once more, as it is day by day."""
    done: list[Json] = estate.get(f"~/purges?person={person}&state=done", role="auditor")["items"]
    if not done:
        estate.send("~/purge-reviews", {}, role="manager")
    return done[0] if done else None


def nobody_left(estate: Estate, person: str) -> None:
    assert estate.ask("GET", f"~/people/{person}").status_code == 404
    for query in (NAME, PHONE, "ouyangzhenhua", "粤B12345"):
        assert estate.get(f"~/search?q={query}")["items"] == []
    assert [vehicle["plate"] for vehicle in estate.get(f"~/vehicles?person={person}")["items"]] == [""]


def test_whose_time_has_not_run_out_or_who_came_back_is_kept(estate: Estate) -> None:
    person, unit, _ = former_owner(estate)
    later = estate.send("~/people", {"name": "诸葛亮", "phones": [OTHER]})["id"]
    estate.send(f"~/units/{unit}/ties", {"role": "owner", "from": "2018-03-01", "to": "2025-03-01", "person": later})
    estate.send(f"~/units/{unit}/ties", {"role": "resident", "from": "2025-03-01", "person": person})
    last, _, hold = former_owner(estate, "3-1-503", "司马光", "13800138499")
    estate.send(f"~/people/{last}/holds/{hold['id']}/release", {})
    estate.send("~/purge-reviews", {}, role="manager")
    purge_of(estate, last, "done")
    assert {one["person"] for one in estate.get("~/purges?state=done", role="auditor")["items"]} == {last}
    assert {one["id"] for one in estate.get("~/people")["items"]} == {person, later}


def test_holds_and_reviews_are_for_those_who_may_and_holds_have_grounds(estate: Estate) -> None:
    person = estate.send("~/people", {"name": NAME, "phones": [PHONE]})["id"]
    holds = f"~/people/{person}/holds"
    assert estate.ask("POST", holds, "desk", json={"ground": "arrears"}).status_code == 403
    assert estate.ask("POST", "~/purge-reviews", "supervisor", json={}).status_code == 403
    assert estate.ask("GET", "~/purges", "desk").status_code == 403
    refused = estate.ask("POST", holds, json={"ground": "张三 owes"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "ground")
    hold = estate.send(holds, {"ground": "arrears"})
    estate.send(f"{holds}/{hold['id']}/release", {})
    assert estate.ask("POST", f"{holds}/{hold['id']}/release", json={}).status_code == 409
    assert estate.ask("POST", "~/people/none/holds", json={"ground": "arrears"}).status_code == 404
