"""A trend is told from samples, and from few samples none."""

from __future__ import annotations

from steward.testing.memory import Memory


def test_growth_is_told_by_name() -> None:
    memory = Memory()
    for minute in range(10):
        memory.note("tickets-0", minute, 50.0 + 2 * minute)
        memory.note("store-0", minute, 100.0)
    store, tickets = memory.trends()
    assert (store.name, store.slope_mib_min) == ("store-0", 0.0)
    assert (tickets.first_half_mib, tickets.second_half_mib) == (58.0, 68.0)
    assert round(tickets.slope_mib_min, 6) == 2.0


def test_few_samples_say_nothing() -> None:
    memory = Memory()
    memory.note("tickets-0", 1, 50.0)
    assert memory.trends() == []
