"""Messages that were in hand when a process died are worked on one at a time."""

from __future__ import annotations

import random

import eventlet

from steward.bus.suspects import SUSPECT_FROM, Suspects
from steward.bus.topology import DELIVERY_LIMIT


class Desk:
    """Remembers what was begun."""

    def __init__(self, seed: int = 1) -> None:
        self.suspects = Suspects(random.Random(seed), gather_s=0)
        self.begun: list[str] = []

    def enter(self, name: str, times: int) -> None:
        self.suspects.enter(name, times, lambda: self.begun.append(name))

    def gathered(self) -> None:
        for _ in range(3):
            eventlet.sleep(0)


def test_what_comes_for_the_first_time_begins_at_once() -> None:
    desk = Desk()
    desk.enter("a", 0)
    desk.enter("b", SUSPECT_FROM - 1)
    assert desk.begun == ["a", "b"]
    desk.suspects.leave("a")
    assert desk.begun == ["a", "b"]


def test_suspects_are_done_one_at_a_time_beside_what_is_fresh() -> None:
    desk = Desk()
    for name, times in (("nine", 9), ("two", 2), ("five", 5)):
        desk.enter(name, times)
    assert desk.begun == []
    desk.gathered()
    assert len(desk.begun) == 1
    desk.enter("fresh", 0)
    desk.suspects.leave("fresh")
    assert desk.begun[1:] == ["fresh"]
    desk.suspects.leave(desk.begun[0])
    desk.suspects.leave(desk.begun[2])
    assert sorted(desk.begun) == ["five", "fresh", "nine", "two"]


def test_after_the_last_one_the_next_suspect_begins_by_itself() -> None:
    desk = Desk()
    for name in "ab":
        desk.enter(name, 2)
        desk.gathered()
        desk.suspects.leave(name)
    assert desk.begun == ["a", "b"]


def test_it_is_by_lot_so_none_is_first_after_every_death() -> None:
    first = set()
    for seed in range(40):
        desk = Desk(seed)
        for times, name in enumerate("abcd", SUSPECT_FROM):
            desk.enter(name, times)
        desk.gathered()
        first.update(desk.begun)
    assert first == set("abcd")


def test_of_those_in_hand_only_what_kills_is_delivered_again_and_again() -> None:
    """A small crash loop: eight in hand, one of them kills; what is done is replaced by a fresh message."""
    chance = random.Random(7)
    counts = {"deadly": 0} | {f"m{number}": 0 for number in range(7)}
    worst, fresh = 0, 7
    for _ in range(60):
        desk = Desk(chance.randrange(1_000))
        for name, times in counts.items():
            desk.enter(name, times)
        desk.gathered()
        while desk.begun and desk.begun[-1] != "deadly" and "deadly" not in desk.begun:
            done = len(desk.begun)
            desk.suspects.leave(desk.begun[-1])
            if len(desk.begun) == done:
                break
        harmless = [name for name in desk.begun if name != "deadly"]
        early = [name for name in harmless if counts[name] >= SUSPECT_FROM]  # the others die with the process, at work
        for name in early:
            del counts[name]
        counts = {name: times + 1 for name, times in counts.items()}
        worst = max([worst, *(times for name, times in counts.items() if name != "deadly")])
        while len(counts) < 8:
            fresh += 1
            counts[f"m{fresh}"] = 0
    assert counts["deadly"] > 50
    assert worst < 20


def test_where_processes_die_of_something_else_none_waits_until_the_broker_gives_it_up() -> None:
    """Eight in hand, and after each death but one of the suspects gets done; what is done is replaced by a fresh message."""
    counts = {f"m{number}": 0 for number in range(8)}
    worst, fresh = 0, 8
    for life in range(200):
        desk = Desk(life)
        for name, times in counts.items():
            desk.enter(name, times)
        desk.gathered()
        for name in [name for name in desk.begun if counts[name] >= SUSPECT_FROM]:
            del counts[name]
        counts = {name: times + 1 for name, times in counts.items()}
        worst = max([worst, *counts.values()])
        while len(counts) < 8:
            counts[f"m{fresh}"] = 0
            fresh += 1
    assert worst < DELIVERY_LIMIT / 2
