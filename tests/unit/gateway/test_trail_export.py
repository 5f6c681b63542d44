"""A file of the audit trail has every page, or breaks off."""

from __future__ import annotations

from collections.abc import Collection
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gateway import trail
from gateway.asking import Asked
from steward.errors import Unavailable
from steward.store.trail import Place, place_of

PAGES = 3
ASKED = cast(Asked, SimpleNamespace(arguments={"project": "yh", "query": {}}))


class Late:
    """One service with three pages, of which each is too late so many times before it comes."""

    def __init__(self, late: int) -> None:
        self._late, self._left = late, late

    def __call__(self, call: str, kwargs: dict[str, Any], services: Collection[str]) -> tuple[dict[str, Any], list[str]]:
        if self._left:
            self._left -= 1
            return {}, ["tickets"]
        self._left = self._late
        cursor = kwargs["query"].get("cursor")
        order = place_of(cursor).order - 1 if cursor else PAGES
        entry = dict.fromkeys(trail.COLUMNS) | {"service": "tickets", "id": f"k{order}", "order": order}
        following = Place(order, f"k{order}", "tickets").cursor() if order > 1 else None
        return {"tickets": {"items": [entry], "next": following}}, []


def ids(late: int) -> list[str]:
    _, *lines = b"".join(trail.export(ASKED, ["tickets"], Late(late))).decode().splitlines()
    return [line.rpartition(",")[2] for line in lines]


@pytest.mark.parametrize("late", [0, trail.ATTEMPTS - 1])
def test_a_page_that_comes_too_late_is_asked_for_again(late: int) -> None:
    assert ids(late) == ["k3", "k2", "k1"]


def test_a_service_that_stays_away_breaks_the_file_off() -> None:
    with pytest.raises(Unavailable, match="tickets did not answer"):
        ids(trail.ATTEMPTS)
