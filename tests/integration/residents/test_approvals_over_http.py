"""What takes others' agreement, over the real system: staff cards, full files, and who stands in for whom (handbook §1, §2)."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from steward.bus.standard import APPROVALS
from steward.store.client import connect, database
from steward.testing.waiting import eventually
from steward.times import now
from steward.trust.principals import Principal, sign
from tests.integration.residents.estate import Estate, Json

PHONE, ID = "13912345678", "11010519491231002X"


def staff_card(estate: Estate) -> Json:
    """A card that the desk has asked for, and where its approval is."""
    card = estate.send("~/staff-cards", {"user": "user:wang", "reason": "new guard"}, role="desk")
    return card | {"path": f"~/cards/{card['id']}", "asked": f"~/approvals/residents/{card['approval']}"}


def state(estate: Estate, card: Json) -> str:
    return str(estate.get(card["path"])["state"])


def test_a_staff_card_is_given_out_once_two_have_agreed_each_in_a_role_of_their_own(estate: Estate) -> None:
    card = staff_card(estate)
    assert estate.ask("POST", f"{card['path']}/hand-out", json={"printed": "S-1"}).status_code == 409
    assert estate.ask("POST", f"{card['asked']}/approve", "desk", json={}).status_code == 403, "one's own request"
    assert estate.ask("POST", f"{card['asked']}/approve", "engineer", json={}).status_code == 404, "it does not concern them"
    half = estate.send(f"{card['asked']}/approve", {})
    assert (half["state"], half["waits_for"], half["votes"][0]["role"]) == ("open", ["manager"], "supervisor")
    assert estate.ask("POST", f"{card['asked']}/approve", json={}).status_code == 409, "was heard"
    stale = estate.ask("POST", f"{card['asked']}/approve", "manager", json={}, headers={"If-Match": '"1"'})
    assert (stale.status_code, state(estate, card)) == (412, "requested")
    whole = estate.send(f"{card['asked']}/approve", {"reason": "is needed"}, role="manager", headers={"If-Match": '"2"'})
    assert (whole["state"], state(estate, card)) == ("granted", "approved")
    assert estate.send(f"{card['path']}/hand-out", {"printed": "S-1"})["state"] == "in_use"
    told = [entry["type"] for entry in estate.get(f"~/timeline/residents/{card['id']}")["items"] if entry["type"].startswith("residents.")]
    assert sorted(told) == sorted(
        f"residents.{name}"
        for name in ("approval_asked", "approval_granted", "approval_voted", "card_approved", "card_issued", "card_requested")
    )


def test_a_refusal_needs_a_reason_and_ends_it_as_withdrawing_does(estate: Estate) -> None:
    refused, withdrawn = staff_card(estate), staff_card(estate)
    wrong = estate.ask("POST", f"{refused['asked']}/refuse", json={})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "reason")
    assert estate.send(f"{refused['asked']}/refuse", {"reason": "has one"})["state"] == "refused"
    assert estate.ask("POST", f"{withdrawn['asked']}/withdraw").status_code == 403
    assert estate.ask("POST", f"{withdrawn['asked']}/withdraw", "desk").json()["state"] == "withdrawn"
    assert (state(estate, refused), state(estate, withdrawn)) == ("refused", "refused")
    over = estate.ask("POST", f"{refused['asked']}/approve", "manager", json={})
    assert (over.status_code, over.json()["state"]) == (409, "refused")


def test_everybody_sees_what_waits_for_them_and_pages_hold_each_once(estate: Estate) -> None:
    cards = [staff_card(estate)["approval"] for _ in range(3)]
    first = estate.get("~/approvals?mine=true&limit=2", role="manager")
    rest = estate.get(f"~/approvals?mine=true&cursor={first['next']}", role="manager")
    assert [one["id"] for one in (*first["items"], *rest["items"])] == cards[::-1]
    estate.send(f"~/approvals/residents/{cards[0]}/approve", {}, role="manager")
    assert [one["id"] for one in estate.get("~/approvals?mine=true", role="manager")["items"]] == cards[:0:-1]
    assert len(estate.get("~/approvals?state=open&kind=staff_card", role="desk")["items"]) == 3
    assert [len(estate.get("~/approvals?own=true", role=role)["items"]) for role in ("desk", "manager")] == [3, 0]
    assert estate.get("~/approvals?own=true&mine=true", role="desk")["items"] == []
    assert estate.get("~/approvals", role="engineer")["items"] == estate.get("~/approvals?mine=true", role="desk")["items"] == []
    assert estate.get("~/approvals?service=residents")["missing"] == []
    assert estate.get("~/approvals?mine=true&state=granted", role="manager")["items"] == []
    assert estate.ask("GET", "~/approvals?state=lost").status_code == 422


def test_each_role_that_can_decide_finds_a_task_that_names_nobody(estate: Estate) -> None:
    path = f"~/messages?matter=residents/{staff_card(estate)['id']}"

    def tasks() -> list[Json]:
        return [one for one in estate.get(path)["items"] if one["state"] == "to_call"]

    told = eventually(lambda: tasks() if len(tasks()) == 2 else None, "both roles have a task")
    assert {(one["rule"], one["audience"]) for one in told} == {("approval-waits", f"role:{role}") for role in ("manager", "supervisor")}
    assert {one["text"] for one in told} == {"员工卡待审批。请在系统的“审批”页面查看后决定。"}


def test_two_who_agree_at_one_moment_grant_it_once(estate: Estate) -> None:
    card = staff_card(estate)
    with ThreadPoolExecutor(4) as several:
        roles = ["supervisor", "manager"] * 2
        codes = list(several.map(lambda role: estate.ask("POST", f"{card['asked']}/approve", role, json={}).status_code, roles))
    assert sorted(codes) == [200, 200, 409, 409]
    assert state(estate, card) == "approved"
    told = [entry["type"] for entry in estate.get(f"~/timeline/residents/{card['id']}")["items"]]
    assert told.count("residents.card_approved") == 1


def test_a_full_file_is_read_with_leave_or_by_a_right_of_ones_own_and_each_reading_is_on_record(estate: Estate) -> None:
    person = estate.send("~/people", {"name": "赵云海", "phones": [PHONE], "id_number": ID})["id"]
    path = f"~/people/{person}/full"
    assert estate.ask("POST", path, json={}).json()["errors"][0]["field"] == "reason"
    assert estate.ask("POST", path, "engineer", json={"reason": "curious"}).status_code == 403
    own = estate.send(path, {"reason": "an audit"})
    assert (own["file"]["phones"], own["file"]["id_number"], own["approval"]) == ([PHONE], ID, None)
    waits = estate.ask("POST", path, "desk", json={"reason": "owner asks for a copy"})
    assert (waits.status_code, waits.json()["file"]) == (202, None)
    again = estate.ask("POST", path, "desk", json={"reason": "owner asks again"}).json()
    assert again == waits.json(), "the same is asked for once"
    estate.send(f"~/approvals/residents/{again['approval']}/approve", {})
    read = estate.send(path, {"reason": "owner is here"}, role="desk")
    assert (read["file"]["phones"], read["approval"]) == ([PHONE], again["approval"])
    assert estate.ask("POST", path, "cashier", json={"reason": "me too"}).status_code == 202, "who asked may read, nobody else"
    trail = estate.get(f"~/audit?subject=residents/{person}&how=read&call=full_file", role="quality")["items"]
    assert [(entry["by"], entry["reason"]) for entry in trail] == [("user:desk", "owner is here"), ("user:supervisor", "an audit")]
    assert f"residents/{again['approval']}" in trail[0]["subjects"]


class Staff:
    """People who are known to the service of users."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate

    def hire(self, *roles: str) -> str:
        user = {"username": f"apv.{secrets.token_hex(5)}", "password": "a password for tests 1", "name": "李娜"}
        made = self._estate.operator.call("identity", "add_user", within_s=30, body={**user, "grants": {self._estate.project: [*roles]}})
        return str(made["id"])

    def leave(self, user: str, deputy: str, hours: float) -> Json:
        span = {"from": (now() - timedelta(minutes=1)).isoformat(), "until": (now() + timedelta(hours=hours)).isoformat()}
        made: Json = self._estate.operator.call("identity", "add_absence", within_s=20, user=user, body={**span, "deputy": deputy})
        return made

    def token(self, user: str, *roles: str) -> dict[str, str]:
        principal = Principal(f"user:{user}", "somebody", {self._estate.project: roles})
        return {"Authorization": f"Bearer {sign(principal, self._estate.system.settings.token_key, now(), timedelta(minutes=5))}"}


def test_who_stands_in_for_somebody_on_leave_agrees_for_them_as_long_as_it_lasts(estate: Estate) -> None:
    staff = Staff(estate)
    boss, deputy = staff.hire("manager"), staff.hire("zone_manager")
    as_deputy = staff.token(deputy, "zone_manager")
    card, later = staff_card(estate), staff_card(estate)
    assert estate.ask("POST", f"{card['asked']}/approve", json={}, headers=as_deputy).status_code == 404
    away = staff.leave(boss, deputy, 1)
    assert away["away"][0]["deputy"] == deputy
    mine = estate.ask("GET", "~/approvals?mine=true", headers=as_deputy).json()["items"]
    assert {one["id"] for one in mine} == {card["approval"], later["approval"]}
    spoken = estate.ask("POST", f"{card['asked']}/approve", json={}, headers=as_deputy).json()
    assert (spoken["votes"][0]["by"], spoken["votes"][0]["behalf"]) == (f"user:{deputy}", f"user:{boss}")
    estate.operator.call("identity", "end_absence", within_s=20, user=boss, absence=away["away"][0]["id"], body={})
    assert estate.ask("POST", f"{later['asked']}/approve", json={}, headers=as_deputy).status_code == 404
    assert estate.ask("GET", "~/approvals?mine=true", headers=as_deputy).json()["items"] == []


def test_a_deputy_must_be_somebody_and_not_oneself(estate: Estate) -> None:
    staff = Staff(estate)
    boss = staff.hire("manager")
    span = {"from": now().isoformat(), "until": (now() + timedelta(hours=1)).isoformat()}
    for deputy in ("nobody", boss):
        refused = estate.ask("POST", f"/users/{boss}/absences", json={**span, "deputy": deputy}, headers=staff.token("admin", "admin"))
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "deputy")


def test_what_nobody_decides_in_time_is_closed_and_so_is_what_it_was_for(estate: Estate) -> None:
    card = staff_card(estate)
    asked = {"asked_at": now() - timedelta(days=30), "due_at": now() - timedelta(days=16)}
    with connect(estate.system.settings.mongo_uri) as client:
        database(client, "residents")[APPROVALS.name].update_one({"_id": card["approval"]}, {"$set": asked})
    late = estate.ask("POST", f"{card['asked']}/approve", json={})
    assert (late.status_code, late.json()["state"]) == (409, "expired")
    eventually(lambda: state(estate, card) == "refused", "it is closed")
    assert estate.get(card["asked"])["state"] == "expired"
