from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import timeline
from steward.trust import principals
from steward.trust.principals import Principal
from tests.unit.gateway.example import SPECS


def event(id: str, at: int, cause: str | None = None, subject: str = "parcels/1", version: int = 1, **more: Any) -> dict[str, Any]:
    found = {
        "id": id, "time": f"2026-11-23T00:00:{at:02}.000Z", "type": "parcels.arrived", "subject": subject,
        "aggregateversion": version, "project": "yh", "matter": "parcels/1", "actor": "user:li", "data": {}, **more,
    }  # fmt: skip
    return found | ({"causationid": cause} if cause else {})


def ids(events: list[Any]) -> list[str]:
    return [one["id"] for one in events]


def test_events_come_in_the_order_of_their_times_and_once_each() -> None:
    a, b = event("a", 5), event("b", 1, subject="parcels/2")
    assert ids(timeline.ordered([a, b, a])) == ["b", "a"]


def test_an_event_never_comes_before_its_cause_whatever_the_clocks_say() -> None:
    cause, effect = event("z", 9), event("a", 3, cause="z", subject="clocks/1")
    assert ids(timeline.ordered([effect, cause])) == ["z", "a"]


def test_an_aggregates_versions_stay_in_order() -> None:
    first, second = event("z", 9, version=1), event("a", 3, version=2)
    assert ids(timeline.ordered([second, first])) == ["z", "a"]


def test_events_of_one_commit_stay_as_the_service_lists_them() -> None:
    assert ids(timeline.ordered([event("z", 1), event("a", 1)])) == ["z", "a"]


def test_a_cause_that_is_not_among_them_holds_nothing_up() -> None:
    assert ids(timeline.ordered([event("a", 1, cause="elsewhere")])) == ["a"]


def test_events_that_claim_to_cause_each_other_are_shown_all_the_same() -> None:
    pair = [event("a", 1, cause="b", subject="x/1"), event("b", 2, cause="a", subject="x/2")]
    assert ids(timeline.ordered(pair)) == ["a", "b"]


@given(st.lists(st.tuples(st.integers(0, 59), st.integers(0, 30), st.integers(0, 5)), max_size=30), st.randoms())
def test_any_history_keeps_causes_before_effects(rows: list[tuple[int, int, int]], shuffle: random.Random) -> None:
    made: list[dict[str, Any]] = []
    versions: dict[int, int] = {}
    for number, (at, cause, subject) in enumerate(rows):
        versions[subject] = versions.get(subject, 0) + 1
        causes = f"e{cause}" if cause < number else None
        made.append(event(f"e{number}", at, causes, f"parcels/{subject}", versions[subject]))
    mixed = made[:]
    shuffle.shuffle(mixed)
    found = ids(timeline.ordered(mixed))
    assert sorted(found) == sorted(ids(made))
    place = {key: number for number, key in enumerate(found)}
    assert all(place[one["causationid"]] < place[one["id"]] for one in made if "causationid" in one)


def test_only_what_the_caller_may_see_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    held = {"parcels.read": frozenset({"desk", "manager"}), "parcels.secret": frozenset({"manager"})}
    monkeypatch.setattr(principals, "permitted_roles", lambda: held)
    events = [event("a", 1), event("b", 2, type="parcels.opened"), event("c", 3, project="other"), event("d", 4, type="x.y")]

    def seen(role: str) -> list[str]:
        return ids(timeline.visible(events, Principal("p", grants={"yh": (role,)}), "yh", SPECS))

    assert (seen("desk"), seen("manager"), seen("cleaner")) == (["a"], ["a", "b"], [])
