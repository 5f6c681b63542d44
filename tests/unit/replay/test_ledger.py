"""The account finds a planted loss, a planted double, a planted stranger; and nothing where nothing is wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from steward.replay.ledger import Entry, account, percentile

START = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
TICKET = "01t"


def event(id: str, type: str, cause: str | None = None, **data: Any) -> dict[str, Any]:
    return {
        "id": id,
        "type": type,
        "subject": f"{type.partition('.')[0]}/{TICKET}",
        "aggregateversion": 1,
        "causationid": cause,
        "data": data,
    }


def entry(key: str, seconds: float, cause: str | None, *events: dict[str, Any], pending: bool = False) -> Entry:
    return Entry("s", key, START + timedelta(seconds=seconds), 0, f"tickets/{TICKET}", cause, pending, list(events))


GOOD = [
    entry("call:1", 0, None, event("e1", "tickets.raised")),
    entry("on_ticket:e1", 0.5, "e1", event("e2", "dispatch.ordered", "e1", order="o1")),
    entry("on_ticket:e2", 0.8, "e2", event("e6", "tickets.dispatched", "e2", order="o1")),
    entry("on_event:e1", 0.2, "e1", event("e3", "clocks.started", "e1", rule="arrival", clock="c1")),
    entry("heard:e1", 0.3, "e1", event("e4", "notify.queued", "e1", rule="raised", audience="caller", message="m1", channel="sms")),
    entry("send:m1", 9.0, None, event("e5", "notify.sent", None, message="m1", channel="sms")),
]
ACKNOWLEDGED = {TICKET: START + timedelta(seconds=0.1)}


def test_nothing_wrong_is_found_where_nothing_is() -> None:
    found = account(GOOD, ACKNOWLEDGED)
    assert found.good
    assert found.messages == {("sms", "sent"): 1}


def test_the_latency_ends_with_the_last_listener_not_with_later_sweeps() -> None:
    assert account(GOOD, ACKNOWLEDGED).latencies_s == [0.7]


def test_each_planted_loss_is_found() -> None:
    for missing in range(5):
        assert not account([e for n, e in enumerate(GOOD) if n != missing], ACKNOWLEDGED).good


def test_a_planted_double_is_found() -> None:
    for n in range(1, 5):
        double = replace(GOOD[n], key="again")
        assert account([*GOOD, double], ACKNOWLEDGED).doubled


def test_a_planted_stranger_is_found() -> None:
    stranger = replace(GOOD[0], key="call:2", matter="tickets/02t")
    assert account([*GOOD, stranger], ACKNOWLEDGED).unexpected == ["02t"]


def test_an_unpublished_entry_is_found() -> None:
    assert account([*GOOD[:-1], replace(GOOD[-1], pending=True)], ACKNOWLEDGED).pending == {f"{GOOD[-1].service}: {GOOD[-1].key}"}


def test_percentiles_are_nearest_rank() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([3.0, 1.0, 2.0], 1.0) == 3.0
    assert percentile([], 0.5) == 0.0
