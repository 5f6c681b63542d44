"""Breakers: when they open, how often they try, when they close; and what a handler's gate does with its messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import eventlet
from eventlet.timeout import Timeout

from steward.breaker import Breaker
from steward.bus.gate import Gate, Held
from steward.bus.retrying import BreakerRules
from steward.errors import Unavailable
from steward.ids import new_id

AWAY = Unavailable("the store is away")


def broken(breaker: Breaker, at: float = 0.0, times: int = 3) -> Breaker:
    for _ in range(times):
        breaker.away(at)
    return breaker


def test_it_opens_after_so_many_failures_in_a_row_only() -> None:
    breaker = broken(Breaker(3, (1,)), times=2)
    breaker.well()
    assert not broken(breaker, times=2).open
    assert broken(breaker, times=1).open


def test_while_open_one_probe_at_a_time_is_let_through_at_growing_intervals() -> None:
    breaker = broken(Breaker(3, (1, 5)), at=100)
    assert not breaker.may(100.9)
    assert breaker.may(101) and not breaker.may(101)
    breaker.away(102)
    assert not breaker.may(106.9) and breaker.may(107)
    breaker.away(107)
    assert breaker.wait_s(107) == 5


def test_a_probe_that_works_closes_it_and_one_that_tells_nothing_is_followed_by_another() -> None:
    breaker = broken(Breaker(3, (1,)))
    assert breaker.may(1)
    breaker.undecided()
    assert breaker.may(1)
    breaker.well()
    assert not breaker.open and breaker.may(1)


def test_stragglers_that_fail_while_it_is_open_do_not_put_off_the_probe() -> None:
    breaker = broken(Breaker(3, (1, 60)))
    broken(breaker, at=0.5, times=5)
    assert breaker.may(1)


@dataclass
class Delivery:
    id: str = field(default_factory=new_id)
    lost: bool = False


class Desk:
    """A handler at work: fails while ``away``, keeps what was settled with which error."""

    def __init__(self, **rules: Any) -> None:
        self.gate = Gate("parcels", f"on_{new_id()}", BreakerRules(**{"failures": 2, "probe_s": (0.01,), "hold_s": 60, **rules}))
        self.away = True
        self.faulty: Any = None
        self.tried: list[Any] = []
        self.settled: list[tuple[Any, BaseException | None]] = []

    def take(self, count: int) -> list[Any]:
        deliveries = [Delivery() for _ in range(count)]
        for delivery in deliveries:
            self.gate.enter(Held(delivery, None, self._work, self._settle))  # type: ignore[arg-type]
        return deliveries

    def _work(self, held: Held) -> None:
        self.tried.append(held.delivery)
        error = AWAY if self.away or held.delivery is self.faulty else None
        if not self.gate.left(held, error):
            self._settle(held, error)

    def _settle(self, held: Held, error: BaseException | None) -> None:
        self.settled.append((held.delivery, error))


def until(condition: Any) -> None:
    with Timeout(10):
        while not condition():
            eventlet.sleep(0.005)


def test_a_shut_gate_keeps_everything_in_hand_and_tries_one_after_the_other() -> None:
    desk = Desk()
    first, *others = desk.take(6)
    assert [delivery for delivery, _ in desk.settled] == [first]  # the first failure alone goes the usual way
    assert desk.tried == [first, others[0]]
    until(lambda: len(desk.tried) >= 2 + len(others))
    assert desk.tried[2:7] == others
    desk.away = False
    until(lambda: len(desk.settled) == 6)
    assert {delivery.id for delivery, _ in desk.settled[1:]} == {delivery.id for delivery in others}
    assert {error for _, error in desk.settled[1:]} == {None}
    assert desk.gate.told() == "closed"


def test_a_message_that_alone_is_at_fault_does_not_keep_the_gate_shut() -> None:
    desk = Desk()
    desk.take(1)
    (poison,) = desk.take(1)
    desk.faulty = poison
    desk.away = False
    desk.take(3)
    until(lambda: len(desk.settled) == 5)
    assert (poison, AWAY) in desk.settled  # the usual way: it comes back after a delay
    assert desk.gate.told() == "closed"


def test_what_was_in_hand_for_long_is_given_back() -> None:
    desk = Desk(hold_s=0.02)
    _, second, third = desk.take(3)
    until(lambda: len(desk.settled) == 3)
    assert sorted(delivery.id for delivery, _ in desk.settled[1:]) == sorted([second.id, third.id])
    assert {error for _, error in desk.settled} == {AWAY}
    desk.away = False
    assert desk.take(1)
    until(lambda: len(desk.settled) == 4)


def test_what_was_lost_with_its_connection_is_not_worked_on() -> None:
    desk = Desk(probe_s=(0.05,))
    _, second, third = desk.take(3)
    second.lost = third.lost = True
    tried = len(desk.tried)
    until(lambda: len(desk.settled) == 3)
    assert len(desk.tried) == tried
