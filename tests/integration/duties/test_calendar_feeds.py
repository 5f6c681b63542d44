"""Addresses for calendar programs, which cannot log in: signed, listed and revoked by whoever asked for them."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from steward.testing.system import System
from tests.integration.duties.works import Works


@pytest.fixture(scope="module")
def works(system: System) -> Iterator[Works]:
    with Works(system) as works:
        yield works


@pytest.fixture(scope="module")
def desk(works: Works) -> str:
    return works.open_project("feeds")


def read(system: System, address: str) -> httpx.Response:
    """As a calendar program does: without a token."""
    return httpx.get(system.url + address, timeout=20)


def test_a_feed_is_read_without_a_token_until_it_is_revoked(works: Works, system: System, desk: str) -> None:
    made = works.post(desk, "/duty-feeds", {"role": "security", "language": "en"})
    assert (made["owner"], made["role"], made["revoked_at"]) == ("user:security", "security", None)
    calendar = read(system, made["address"])
    assert (calendar.status_code, calendar.headers["content-type"].split(";")[0]) == (200, "text/calendar")
    assert "BEGIN:VCALENDAR" in calendar.text and "CATEGORIES:cashier" not in calendar.text
    assert [feed["address"] for feed in works.get(desk, "/duty-feeds")["items"]] == [made["address"]]
    gone = works.post(desk, f"/duty-feeds/{made['id']}/revoke", {})
    assert (gone["revoked_by"], gone["address"]) == ("user:security", None)
    assert read(system, made["address"]).status_code == 404
    assert works.get(desk, "/duty-feeds")["items"] == []
    assert works.ask("POST", desk, f"/duty-feeds/{made['id']}/revoke", json={}).status_code == 409


def test_no_address_can_be_made_up_and_none_opens_anything_else(works: Works, system: System, desk: str) -> None:
    made = works.post(desk, "/duty-feeds", {})
    token = made["address"].split("/")[3]
    forged = token[:-1] + ("0" if token[-1] != "0" else "1")
    assert read(system, made["address"].replace(token, forged)).status_code == 404
    assert read(system, made["address"].replace(token, made["id"])).status_code == 404
    assert httpx.get(f"{system.url}/v1/projects/{desk}/duties", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_others_neither_see_a_feed_nor_revoke_it_but_the_manager_who_does_not_learn_its_address(works: Works, desk: str) -> None:
    made = works.post(desk, "/duty-feeds", {})
    assert made["id"] not in [feed["id"] for feed in works.get(desk, "/duty-feeds", "cleaner")["items"]]
    assert works.ask("POST", desk, f"/duty-feeds/{made['id']}/revoke", "cleaner", json={}).status_code == 404
    (seen,) = [feed for feed in works.get(desk, "/duty-feeds", "manager")["items"] if feed["id"] == made["id"]]
    assert seen["address"] is None
    assert works.post(desk, f"/duty-feeds/{made['id']}/revoke", {}, "manager")["revoked_by"] == "user:manager"
    refused = works.ask("POST", desk, "/duty-feeds", json={"role": "gardener"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "role")
    assert works.ask("POST", desk, "/duty-feeds", "resident", json={}).status_code == 403
