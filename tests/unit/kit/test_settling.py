"""What becomes of a message, by how its handler ended."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from marshmallow import ValidationError

from steward.bus import settling
from steward.bus.envelope import Malformed
from steward.bus.retrying import RetryRules
from steward.bus.settling import Settler
from steward.errors import BadInput, Conflict, DeadlineExceeded, IllegalTransition, OutOfOrder, Unavailable


@dataclass
class Postbox:
    """Implements the one method that settling needs; keeps what was sent."""

    sent: list[Any] = field(default_factory=list)
    gone: bool = False

    def send_all(self, messages: list[Any]) -> set[str]:
        if self.gone:
            raise Unavailable("the broker is away")
        self.sent += messages
        return set()


@dataclass
class Delivery:
    headers: dict[str, Any] = field(default_factory=dict)
    body: bytes = b"{}"
    properties: dict[str, Any] = field(default_factory=dict)
    acknowledged: bool = False

    def ack(self) -> None:
        self.acknowledged = True


RETRY = RetryRules(immediate=1, conflicts=1, delays_s=(1, 5), order_s=(1, 1, 1), away_s=(2,), jitter=0.0)


def settle(error: BaseException | None, postbox: Postbox | None = None, **headers: Any) -> tuple[Delivery, list[Any]]:
    postbox = postbox or Postbox()
    delivery = Delivery({name.replace("_", "-"): value for name, value in headers.items()})
    Settler("s", "on_event", RETRY, postbox).settle(delivery, error)  # type: ignore[arg-type]
    return delivery, postbox.sent


def test_what_ended_well_is_acknowledged() -> None:
    delivery, sent = settle(None)
    assert delivery.acknowledged and not sent


@pytest.mark.parametrize("error", [Malformed("x"), ValidationError("x"), BadInput("x"), IllegalTransition("x")])
def test_what_can_never_succeed_is_given_up_at_once(error: Exception) -> None:
    delivery, [letter] = settle(error)
    assert delivery.acknowledged
    assert (letter.exchange, letter.routing_key, letter.mandatory) == ("", "s.dead", True)
    assert letter.headers[settling.QUEUE] == "s.on_event"


@pytest.mark.parametrize("error", [RuntimeError("x"), KeyError("x"), KeyboardInterrupt()])
def test_a_failure_comes_back_to_its_own_queue_alone(error: BaseException) -> None:
    _, [again] = settle(error)
    assert again.routing_key.endswith(".s.on_event")
    assert again.headers[settling.ATTEMPTS] == 1


def test_failures_end_as_a_dead_letter_when_the_delays_are_used_up() -> None:
    _, [again] = settle(RuntimeError("x"), x_steward_attempts=1)
    assert again.routing_key.endswith(".s.on_event")
    _, [letter] = settle(RuntimeError("x"), x_steward_attempts=2)
    assert letter.routing_key == "s.dead"


@pytest.mark.parametrize("error", [Unavailable("x"), DeadlineExceeded("x"), Conflict("x")])
def test_while_a_part_is_away_or_another_writer_in_the_way_no_attempt_is_counted(error: Exception) -> None:
    _, [again] = settle(error, x_steward_attempts=2, x_steward_waits=99)
    assert again.headers[settling.ATTEMPTS] == 2
    assert again.routing_key.endswith(".s.on_event")


def test_a_missing_event_is_waited_for_longer_than_a_failure() -> None:
    _, [again] = settle(OutOfOrder("x"), x_steward_attempts=2)
    assert again.routing_key.endswith(".s.on_event")
    _, [letter] = settle(OutOfOrder("x"), x_steward_attempts=3)
    assert letter.routing_key == "s.dead"


def test_when_the_broker_cannot_be_told_the_message_stays_with_it() -> None:
    delivery, _ = settle(RuntimeError("x"), Postbox(gone=True))
    assert not delivery.acknowledged


def test_the_first_failure_is_remembered() -> None:
    _, [again] = settle(RuntimeError("x"), x_steward_first_failed="2026-01-01T00:00:00Z")
    assert again.headers[settling.FIRST_FAILED] == "2026-01-01T00:00:00Z"


def test_what_fails_once_failed_first_and_last_at_the_same_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    ticking = itertools.count()
    monkeypatch.setattr(settling, "now", lambda: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=next(ticking)))
    _, [letter] = settle(BadInput("x"))
    assert letter.headers[settling.FIRST_FAILED] == letter.headers[settling.LAST_FAILED]
