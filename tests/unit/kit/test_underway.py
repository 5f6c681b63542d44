"""Work that has begun and does not end is noticed."""

from __future__ import annotations

from steward.observe.health import Underway


def test_nothing_under_way_is_in_time() -> None:
    assert Underway().in_time()


def test_what_has_ended_is_in_time_and_what_takes_too_long_is_not() -> None:
    work = Underway()
    work.begin("quick", 0.0)
    work.begin("long", 60.0)
    assert not work.in_time()
    work.end("quick")
    work.end("never begun")
    assert work.in_time()
