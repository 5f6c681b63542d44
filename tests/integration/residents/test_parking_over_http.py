"""Parking leases and vacant units over the real system (handbook §2)."""

from __future__ import annotations

from datetime import date, timedelta

from steward.testing.waiting import eventually
from tests.integration.residents.estate import Estate, roster
from tests.integration.residents.test_cases_over_http import ID, SIGNED, Road


def test_a_parking_lease_gives_a_permit_that_security_knows(estate: Estate) -> None:
    estate.load(roster(f"3,2,501,88.5,李四,13912345678,业主,2023-01-31,{ID}"))
    home = estate.get("~/units")["items"][0]
    person, space = home["ties"][0]["person"], estate.send("~/units", {"label": "P-12"})
    vehicle = estate.send("~/vehicles", {"plate": "粤B12345", "person": person, "unit": home["id"]})
    until = str(date.fromisoformat(vehicle["filed"]["at"][:10]) + timedelta(days=365))
    body = {"kind": "parking", "unit": space["id"], "person": person, "vehicle": vehicle["id"], "until": until}
    for field in ("vehicle", "until"):
        refused = estate.ask("POST", "~/cases", json={**body, field: None})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
    road = Road(estate, **body)
    road.take("identity", id_number=ID)
    road.take("papers", papers=["identity_card", "driving_licence", "vehicle_licence", "vehicle_photos", "driver_photos"])
    road.take("contract", papers=["lease"], **SIGNED)
    road.take("fee", "cashier", amount_fen=30_000, receipt="SJ-3")
    road.take("deposit", "cashier", amount_fen=10_000, receipt="SJ-4")
    road.take("permit", number="P-0007")
    road.take("security", "security")
    assert road.complete().status_code == 200
    listed = {row["label"]: row["permits"] for row in estate.get("~/security-list", role="security")["items"]}
    assert listed["3-2-501"] == [{"plate": "粤B12345", "permit": "P-0007", "space": space["id"], "to": until}]
    assert estate.ask("POST", "~/cases", json=body).status_code == 409
    ended = estate.send(f"~/vehicles/{vehicle['id']}/end-lease", {})
    assert ended["leases"][0]["to"] == ended["leases"][0]["from"]
    assert estate.ask("POST", f"~/vehicles/{vehicle['id']}/end-lease", json={}).status_code == 409


def test_vacant_units_are_confirmed_each_month_and_counted(estate: Estate) -> None:
    empty, other = (estate.send("~/units", {"label": label})["id"] for label in ("1", "2"))
    confirmed = estate.send("~/vacant-units/confirm", {"units": [empty, empty]})
    assert confirmed["made"]["by"] == "user:supervisor"
    assert [unit["id"] for unit in estate.get("~/vacant-units?confirmed=false", role="cleaner")["items"]] == [other]
    estate.send(f"~/units/{other}/change", {"stated": "occupied"})
    for wrong in (other, "none"):
        refused = estate.ask("POST", "~/vacant-units/confirm", json={"units": [empty, wrong]})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "units.1")
    (count,) = eventually(lambda: estate.get("~/vacancy-counts")["items"], "the month is counted")
    assert count["vacant"] in (0, 1, 2) and count["month"]
