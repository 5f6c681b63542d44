"""Owner cards and staff cards over the real system (handbook §2)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.integration.residents.estate import Estate, Json, roster

ID = "11010519491231002X"


def household(estate: Estate) -> Json:
    estate.load(roster(f"3,2,501,88.5,李四,13912345678,业主,2023-01-31,{ID}"))
    unit = estate.get("~/units")["items"][0]
    return {"unit": unit["id"], "person": unit["ties"][0]["person"]}


def test_of_five_cards_issued_at_one_moment_exactly_three_are_free(estate: Estate) -> None:
    body = household(estate)
    with ThreadPoolExecutor(5) as several:
        cards = list(several.map(lambda number: estate.send("~/cards", {**body, "printed": f"0{number}"}), range(5)))
    assert sorted(card["charge_fen"] for card in cards) == [0, 0, 0, 5_000, 5_000]
    assert estate.ask("POST", "~/cards", json={**body, "printed": "01"}).status_code == 409
    assert estate.ask("POST", "~/cards", "engineer", json={**body, "printed": "09"}).status_code == 403
    stranger = estate.send("~/people", {"name": "王五"})["id"]
    refused = estate.ask("POST", "~/cards", json={**body, "person": stranger, "printed": "09"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "person")


def test_a_card_is_lost_against_the_holders_id_and_its_number_is_free_once_it_is_back(estate: Estate) -> None:
    body = {**household(estate), "printed": "77"}
    path = f"~/cards/{estate.send('~/cards', body)['id']}"
    for said in ({}, {"id_number": "440524188001010014"}):
        refused = estate.ask("POST", f"{path}/lose", "security", json=said)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "id_number")
    lost = estate.send(f"{path}/lose", {"id_number": ID}, role="security")
    assert (lost["state"], lost["id_checked"], lost["blocked"]["by"]) == ("blocked", True, "user:security")
    assert [card["id"] for card in estate.get("~/cards?printed=77", role="security")["items"]] == [lost["id"]]
    assert estate.ask("POST", "~/cards", json=body).status_code == 409
    assert estate.send(f"{path}/return", {})["state"] == "returned"
    assert estate.send("~/cards", body)["charge_fen"] == 0
