"""Which events of the past are published again, page by page."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from click.testing import CliRunner
from parcels.spec import SPEC

from steward.bus import republish
from steward.bus.envelope import Envelope
from steward.bus.postbox import Outgoing, Postbox
from steward.bus.republish import Republisher, Span
from steward.bus.vouching import Voucher
from steward.cli.republish import MOMENT
from steward.cli.republish import command as cli
from steward.errors import BadInput, Unavailable
from steward.store.journal import Journal
from steward.times import iso, now

VOUCHER = Voucher("a key of 32 bytes, or a few bytes more")
START = datetime(2026, 3, 2, tzinfo=UTC)
EVENT = Envelope("e", "parcels.received", "parcels/p", START, {}, "yh", "parcels/p", 1, "u", "c")


class Entries:
    """A journal: each number in ``orders`` is an entry of that order, with one event of its own."""

    def __init__(self, *orders: int) -> None:
        self.entries = [
            {"order": order, "events": [replace(EVENT, id=f"{order}-{number}").to_wire()]} for number, order in enumerate(orders)
        ]

    def span(self, project: str, first: int, last: int, limit: int) -> tuple[list[Any], int | None]:
        found = [entry for entry in self.entries if first <= entry["order"] <= last]
        edge = found[limit - 1]["order"] if len(found) >= limit else last
        return [entry for entry in found if entry["order"] <= edge], edge + 1 if edge < last else None


class Taker:
    """Takes what is sent, unless it has a reason not to."""

    def __init__(self, reason: str = "") -> None:
        self.reason, self.sent = reason, list[Outgoing]()

    def send_all(self, messages: list[Outgoing]) -> dict[str, str]:
        for message in messages:
            VOUCHER.check(message.body, message.headers)
        self.sent += messages
        return {message.id: self.reason for message in messages if self.reason}


def publisher(journal: Entries, taker: Taker) -> Republisher:
    return Republisher(SPEC, cast(Journal, journal), lambda: cast(Postbox, taker), VOUCHER)


def everything(journal: Entries, taker: Taker, **more: Any) -> int:
    count, after = 0, 0
    while after is not None:
        span = Span().load({"since": iso(datetime.fromtimestamp(0, UTC)), "after": after, **more})
        page = publisher(journal, taker).page("yh", span, "u")
        count, after = count + page["events"], page["next"]
    return count


@pytest.mark.parametrize("orders", [(), (1,), (1, 2, 3, 4, 5, 6, 7), (1, 2, 2, 2, 3), (2, 2, 2, 2, 3), (1, 1, 2, 2, 3, 3, 4)])
def test_every_event_is_published_once_wherever_a_page_ends(monkeypatch: pytest.MonkeyPatch, orders: tuple[int, ...]) -> None:
    monkeypatch.setattr(republish, "PAGE", 4)
    taker = Taker()
    assert everything(Entries(*orders), taker) == len(orders)
    assert [message.id for message in taker.sent] == [f"{order}-{number}" for number, order in enumerate(orders)]
    assert all((message.exchange, message.routing_key) == ("parcels.events", "received") for message in taker.sent)


def test_it_can_be_for_one_handler_alone() -> None:
    taker = Taker()
    assert everything(Entries(1, 2), taker, queue="parcels.on_received") == 2
    assert {(message.exchange, message.routing_key) for message in taker.sent} == {("", "parcels.on_received")}


def test_events_of_other_names_are_left_alone() -> None:
    assert everything(Entries(1, 2), Taker(), events=["shelved"]) == 0
    assert everything(Entries(1, 2), Taker(), queue="parcels.on_moved") == 0


def test_it_can_only_be_counted() -> None:
    taker = Taker()
    assert everything(Entries(1, 2), taker, dry_run=True) == 2
    assert not taker.sent


@pytest.mark.parametrize("wrong", [{"events": ["vanished"]}, {"queue": "tickets.on_received"}])
def test_what_the_service_does_not_publish_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        everything(Entries(1), Taker(), **wrong)


def test_what_no_queue_takes_is_told() -> None:
    with pytest.raises(Unavailable, match="1 of 1 events were not taken: full"):
        everything(Entries(1), Taker("full"))


@pytest.mark.parametrize(("text", "ago"), [("90s", 90), ("30m", 1_800), ("2h", 7_200), ("1d", 86_400)])
def test_a_moment_may_be_told_by_how_long_ago_it_was(text: str, ago: int) -> None:
    assert abs(MOMENT.convert(text, None, None) - (now() - timedelta(seconds=ago))) < timedelta(seconds=5)


@pytest.mark.parametrize("text", ["yesterday", "2026-03-02T08:00:00", "5w"])
def test_a_moment_that_is_none_is_refused_with_examples(text: str) -> None:
    told = CliRunner().invoke(cli, ["parcels", "--since", text])
    assert told.exit_code == 2 and "30m, 2h or 1d" in told.output
