"""One list of the dead letters of all services, page after page."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest

from gateway import deadletters, everywhere
from gateway.asking import Asked
from gateway.own import OWN
from steward.errors import NotFound
from steward.ids import id_at
from steward.store.reading import cursor_of
from steward.times import now

LIST = next(operation for operation in OWN if operation.id == "dead_letters")
REPLAY = next(operation for operation in OWN if operation.id == "replay_dead_letters")
SERVICES = ("a", "b", "away")
MOMENT = id_at(now())[:24]


class Shelves:
    """What each service keeps; one is away."""

    def __init__(self, **letters: list[str]) -> None:
        self.letters = letters
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def everybody(self, call: str, kwargs: dict[str, Any], services: Collection[str]) -> tuple[dict[str, Any], list[str]]:
        self.asked.append((call, kwargs))
        there = [service for service in services if service in self.letters]
        return {service: self._answer(service, **kwargs) for service in there}, sorted(set(services) - set(there))

    def _answer(self, service: str, query: dict[str, Any] | None = None, body: dict[str, Any] | None = None) -> dict[str, Any]:
        if query is None:
            return {"matched": len(self.letters[service]), "done": 1}
        limit = int(query["limit"])
        last = {cursor_of(letter): letter for kept in self.letters.values() for letter in kept}.get(query.get("cursor", ""), "~")
        found = [letter for letter in sorted(self.letters[service], reverse=True) if letter < last]
        return {"items": [{"id": letter} for letter in found[:limit]], "next": cursor_of(found[limit - 1]) if len(found) > limit else None}


def asked(operation: Any, **arguments: Any) -> Asked:
    return Asked(operation, "req-1", None, "", arguments)  # type: ignore[arg-type]


def ids(*tails: str) -> list[str]:
    """Of one moment, so that their tails alone say which is newer."""
    return [MOMENT + tail for tail in tails]


@pytest.mark.parametrize("limit", [1, 2, 3, 9])
def test_pages_of_any_size_hold_every_letter_once_in_order(limit: int) -> None:
    shelves = Shelves(a=ids("01", "03", "04"), b=ids("02", "05"))
    seen: list[str] = []
    query: dict[str, Any] = {"limit": str(limit)}
    while query.get("cursor", "") is not None:
        page = everywhere.page(asked(LIST, query=dict(query)), SERVICES, shelves.everybody)
        seen += [letter["id"] for letter in page["items"]]
        assert page["missing"] == ["away"]
        query["cursor"] = page["next"]
    assert [letter[-2:] for letter in seen] == ["05", "04", "03", "02", "01"]


def test_one_service_may_be_meant_and_must_be_known() -> None:
    shelves = Shelves(a=ids("01"), b=ids("02"))
    page = everywhere.page(asked(LIST, query={"service": "b", "limit": "5"}), SERVICES, shelves.everybody)
    assert [letter["service"] for letter in page["items"]] == ["b"] and page["missing"] == []
    with pytest.raises(NotFound):
        everywhere.page(asked(LIST, query={"service": "c"}), SERVICES, shelves.everybody)


def test_an_action_on_many_is_told_service_by_service_and_in_all() -> None:
    shelves = Shelves(a=ids("01"), b=ids("02", "03"))
    done = deadletters.many(asked(REPLAY, body={"all": True}), SERVICES, shelves.everybody)
    assert (done["matched"], done["done"], done["missing"]) == (3, 2, ["away"])
    assert shelves.asked == [("replay_dead_letters", {"body": {"all": True}})]
