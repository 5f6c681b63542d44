"""Duties: opened once, caught up on, ticked off, skipped, reopened and missed, over the real system with two replicas."""

from __future__ import annotations

import signal
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from steward.testing.system import System
from steward.testing.waiting import eventually
from steward.times import iso, now, parse
from tests.integration.duties.works import Works

KEYS = {"count": 3, "figures": {"on_register": 40, "counted": 39}}


@pytest.fixture(scope="module")
def desk(works: Works) -> str:
    return works.open_project("desk")


def gaps(occurrences: list[str]) -> set[timedelta]:
    moments = sorted(datetime.fromisoformat(text) for text in occurrences)
    return {later - earlier for earlier, later in pairwise(moments)}


def test_every_occurrence_is_opened_exactly_once_by_two_replicas(works: Works) -> None:
    project = works.open_project("beats")
    eventually(lambda: len(works.opened(project, "beat")) >= 6, "six occurrences")
    opened = works.opened(project, "beat")
    assert set(opened.values()) == {1}
    assert gaps(list(opened)) == {timedelta(seconds=2)}
    kept = works.assignments(project, duty="beat")
    assert len({one["id"] for one in kept}) == len({one["occurrence"] for one in kept}) == len(kept) >= 6
    assert [one["opens_at"] for one in kept] == sorted((one["opens_at"] for one in kept), reverse=True)


def test_after_an_outage_each_duty_is_caught_up_on_as_its_policy_says(works: Works, two_sweepers: System) -> None:
    project = works.open_project("away")
    eventually(lambda: works.opened(project, "late") and works.opened(project, "said"), "both have begun")
    two_sweepers.kill("duties", signal.SIGSTOP)
    fell = now()
    eventually(lambda: now() > fell + timedelta(seconds=10), "three occurrences have passed")
    two_sweepers.kill("duties", signal.SIGKILL)
    two_sweepers.wait_ready()

    def missed(duty: str) -> list[dict[str, Any]]:
        return [one for one in works.assignments(project, duty=duty) if one["caught_up"] and parse(one["opens_at"]) > fell]

    eventually(lambda: len(missed("late")) >= 3 and len(missed("said")) >= 3, "what was missed is on record")
    for duty in ("late", "said"):
        opened = works.opened(project, duty)
        assert set(opened.values()) == {1} and gaps(list(opened)) == {timedelta(seconds=3)}
    assert {(one["state"], one["turns"][0]["reason"]) for one in missed("said")} == {("skipped", "missed")}
    skipped = [one for one in missed("late") if one["state"] == "skipped"]
    assert {one["turns"][0]["reason"] for one in skipped} == {"superseded"} and len(skipped) >= 2


def test_what_was_missed_troubles_no_clock(works: Works) -> None:
    missed = works.assignments("away", duty="said", state="skipped")[-1]
    eventually(lambda: len(works.clocks("away", missed)) >= 2, "its clock")
    assert [event["type"] for event in works.clocks("away", missed)] == ["clocks.started", "clocks.stopped"]
    assert works.dead_letters("clocks") == works.dead_letters("duties") == []


def test_a_duty_is_ticked_off_with_what_it_asks_for(works: Works, desk: str) -> None:
    one = works.first_open(desk, "counted")
    path = f"/assignments/{one['id']}"
    assert one["evidence"]["kinds"] == ["count", "figures"] and one["actions"] == ["done", "skip"]
    refused = works.ask("POST", desk, path + "/done", json={"evidence": {"figures": {"on_register": 1.5, "lost": 1}}})
    assert refused.status_code == 422
    assert {row["field"] for row in refused.json()["errors"]} == {
        "evidence.count", "evidence.figures.on_register", "evidence.figures.lost", "evidence.figures.counted",
    }  # fmt: skip
    assert works.ask("POST", desk, path + "/done", json={"evidence": {"count": "3"}}).status_code == 422
    assert works.ask("POST", desk, path + "/done", json={}).status_code == 422
    done = works.post(desk, path + "/done", {"evidence": KEYS})
    assert (done["state"], done["late"], done["actions"]) == ("done", False, ["reopen"])
    assert done["turns"][0]["by"] == "user:security" and done["turns"][0]["given"]["figures"] == KEYS["figures"]
    again = works.ask("POST", desk, path + "/done", json={"evidence": KEYS})
    assert (again.status_code, again.json()["legal"]) == (409, ["reopen"])
    told = [event for event in works.events(desk, "counted") if event["subject"] == f"duties/{one['id']}"]
    assert [event["type"] for event in told] == ["duties.opened", "duties.done"]
    assert told[1]["data"]["figures"] == KEYS["figures"] and told[0]["data"]["audience"] == ["security"]


def test_repeating_a_request_ticks_off_once(works: Works, desk: str) -> None:
    one = works.first_open(desk, "counted")
    path, key = f"/assignments/{one['id']}/done", {"Idempotency-Key": f"done-{one['id']}"}
    first = works.post(desk, path, {"evidence": KEYS}, headers=key)
    assert works.post(desk, path, {"evidence": KEYS}, headers=key) == first
    stale = works.ask("POST", desk, f"/assignments/{one['id']}/reopen", "manager", json={"reason": "x"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412


def test_only_the_role_of_a_duty_or_the_office_ticks_it_off_and_only_the_manager_skips(works: Works, desk: str) -> None:
    one = works.first_open(desk, "counted")
    path = f"/assignments/{one['id']}"
    assert works.ask("POST", desk, path + "/done", "cleaner", json={"evidence": KEYS}).status_code == 403
    assert works.ask("POST", desk, path + "/skip", "supervisor", json={"reason": "rain"}).status_code == 403
    assert works.ask("POST", desk, path + "/skip", "manager", json={}).status_code == 422
    skipped = works.post(desk, path + "/skip", {"reason": "key box is away"}, "manager")
    assert (skipped["state"], skipped["turns"][0]["reason"], skipped["turns"][0]["note"]) == ("skipped", "by_hand", "key box is away")
    assert works.ask("POST", desk, path + "/reopen", "security", json={"reason": "it is back"}).status_code == 403
    reopened = works.post(desk, path + "/reopen", {"reason": "it is back"}, "manager")
    assert reopened["state"] == "open" and parse(reopened["due_at"]) > now()
    assert works.post(desk, path + "/done", {"evidence": KEYS}, "desk")["state"] == "done"
    eventually(lambda: len(works.clocks(desk, one)) >= 4, "two clocks")
    assert [event["type"] for event in works.clocks(desk, one)] == ["clocks.started", "clocks.stopped"] * 2


def test_what_is_not_done_in_time_breaches_and_goes_up_the_ladder(works: Works) -> None:
    project = works.open_project("hasty")
    one = works.first_open(project, "quick")
    eventually(lambda: any(event["type"] == "clocks.breached" for event in works.clocks(project, one)), "a breach")
    told = {event["type"]: event["data"] for event in works.clocks(project, one)}
    breach = told["clocks.breached"]
    assert (breach["rule"], breach["audience"], breach["subject"]) == ("duty-done", ["cleaner", "supervisor"], f"duties/{one['id']}")
    assert parse(breach["due_at"]) == parse(one["due_at"])
    assert (breach["about"]["kind"], breach["about"]["number"], breach["department"]) == ("duty", one["number"], "cleaner")
    done = works.post(project, f"/assignments/{one['id']}/done", {"evidence": {}}, "cleaner")
    assert done["late"] is True
    eventually(lambda: works.clocks(project, one)[-1]["data"].get("late"), "stopped late")


def test_assignments_are_found_by_state_role_duty_and_time(works: Works, desk: str) -> None:
    eventually(lambda: len(works.assignments(desk, duty="counted")) >= 3, "three occurrences")
    known = works.assignments(desk, duty="counted")
    middle = known[len(known) // 2]["opens_at"]
    later, earlier = works.assignments(desk, duty="counted", **{"from": middle}), works.assignments(desk, duty="counted", to=middle)
    assert min(one["opens_at"] for one in later) == max(one["opens_at"] for one in earlier) == middle
    assert works.assignments(desk, role="finance") == works.assignments(desk, duty="no-such") == []
    assert {one["role"] for one in works.assignments(desk, role="security", state="open")} == {"security"}
    assert works.ask("GET", desk, "/assignments?state=lost").status_code == 422
    assert works.ask("GET", desk, "/assignments?from=yesterday").status_code == 422
    assert works.ask("GET", desk, "/assignments/nothing").status_code == 404


def test_duties_are_listed_with_what_comes_next_in_the_time_zone_of_the_project(works: Works, desk: str) -> None:
    abroad = works.open_project("abroad")
    for project, zone, noon in ((desk, "Asia/Shanghai", "00:00:00"), (abroad, "America/New_York", None)):
        listed = works.get(project, "/duties", until=iso(now() + timedelta(days=40)))
        duties = {one["duty"]: one for one in listed["items"]}
        assert listed["timezone"] == zone and "laundry-run" not in duties
        turn = duties["statistics"]["next"][0]
        assert turn["occurrence"].endswith("-26T08:00")
        assert noon is None or parse(turn["opens_at"]).time().isoformat() == noon
        assert duties["statistics"]["handbook"].startswith("§3, §5")
    assert "patrol" in duties and "patrol" not in {one["duty"] for one in works.get(desk, "/duties")["items"]}
    assert works.get(abroad, "/duties/keys-counted")["evidence"]["set"] == "keys"
    assert works.ask("GET", desk, "/duties/patrol").status_code == 404
    assert works.ask("GET", desk, "/duties", params={"until": iso(now() + timedelta(days=800))}).status_code == 422


def test_a_calendar_program_reads_what_is_open_and_what_comes(works: Works, desk: str) -> None:
    one = works.first_open(desk, "counted")
    answer = works.ask("GET", desk, "/duties.ics", params={"role": "security"})
    assert answer.headers["content-type"].startswith("text/calendar")
    text = answer.content.decode().replace("\r\n ", "")
    assert text.startswith("BEGIN:VCALENDAR\r\n") and text.endswith("END:VCALENDAR\r\n")
    assert f"UID:{one['id']}@steward" in text and "SUMMARY:盘点，复核；签字" in text and "SUMMARY:空置房入户巡查" in text
    assert "CATEGORIES:desk" not in text
    english = works.ask("GET", desk, "/duties.ics", params={"role": "security", "language": "en"}).content.decode()
    assert 'SUMMARY:Counted\\, checked\\; "signed"' in english
    assert works.ask("GET", desk, "/duties.ics", params={"role": "owner"}).status_code == 422


def test_a_project_sees_and_touches_its_own_duties_only(works: Works, desk: str) -> None:
    one = works.first_open(desk, "counted")
    assert works.ask("GET", "beats", f"/assignments/{one['id']}").status_code == 404
    assert works.ask("POST", "beats", f"/assignments/{one['id']}/done", json={"evidence": KEYS}).status_code == 404
    assert works.ask("GET", desk, "/assignments", of="beats").status_code == 403
    assert works.ask("GET", desk, "/duties.ics", of="beats").status_code == 403
    assert {item["project"] for item in works.assignments("beats")} == {"beats"}
    assert works.ask("GET", "nowhere", "/duties").status_code == 404
