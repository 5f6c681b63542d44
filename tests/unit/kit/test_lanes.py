from __future__ import annotations

from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from steward.bus.lanes import Lanes


@given(st.lists(st.sampled_from("abc"), max_size=30), st.randoms(use_true_random=False))
def test_each_lane_has_one_at_a_time_in_the_order_of_arrival(arrivals: list[str], chance: object) -> None:
    lanes, started, running = Lanes(), [], []

    def start(lane: str, number: int) -> None:
        assert lane not in running
        running.append(lane)
        started.append((lane, number))

    def leave() -> None:
        lane = running.pop(0)
        lanes.leave(lane)

    for number, lane in enumerate(arrivals):
        lanes.enter(lane, partial(start, lane, number))
        if running and chance.random() < 0.5:  # type: ignore[attr-defined]
            leave()
    while running:
        leave()
    for lane in "abc":
        assert [n for at, n in started if at == lane] == [n for n, at in enumerate(arrivals) if at == lane]
