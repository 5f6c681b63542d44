"""What the desk of a service keeps of a call that it has answered."""

from __future__ import annotations

import gc
import time
import weakref
from typing import Any

import eventlet

from steward.bus.serving import Answer, _Reply
from steward.context import Context
from steward.ids import new_id
from steward.times import now
from steward.trust.principals import Principal


class Page(list[int]):
    """A large answer."""


class Desk:
    """Takes down what callers are told."""

    def __init__(self) -> None:
        self.overdue: set[Any] = set()
        self.told: list[Answer] = []

    def tell(self, delivery: Any, answer: Answer) -> None:
        self.told.append(answer)


class Delivery:
    """A call that can be acknowledged."""

    def ack(self) -> None: ...


def reply(desk: Desk, within_s: float) -> _Reply:
    context = Context(Principal(id="operator"), now(), new_id(), new_id(), deadline=time.time() + within_s)
    return _Reply(desk, Delivery(), context)  # type: ignore[arg-type]


def answered(desk: Desk) -> weakref.ref[Page]:
    """An hour before its caller's deadline."""
    page = Page([1])
    reply(desk, 3_600).done(None, Answer(page), None)
    desk.told.clear()
    return weakref.ref(page)


def test_an_answer_that_was_told_is_kept_by_nobody_until_the_deadline_of_its_caller() -> None:
    kept = answered(Desk())
    gc.collect()
    assert kept() is None


def test_a_caller_hears_before_the_deadline_that_it_is_not_done_yet() -> None:
    desk = Desk()
    late = reply(desk, 0.05)
    with eventlet.Timeout(10):
        while not desk.told:
            eventlet.sleep(0)
    late.done(None, Answer(Page([1])), None)
    (told,) = desk.told
    assert told.error is not None and "not done yet" in str(told.error)
