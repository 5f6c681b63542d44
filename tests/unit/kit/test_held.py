"""What of an outbox waits behind an event without a queue: only what would overtake it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from steward.bus.held import PAUSES_S, HeldBack

START = datetime(2026, 3, 2, tzinfo=UTC)
PAGE = 3

Entry = dict[str, Any]


def entry(order: int, *subjects: str) -> Entry:
    at = START + timedelta(seconds=order)
    return {"_id": f"e{order}", "order": order, "at": at, "events": [{"subject": subject} for subject in subjects]}


class Outbox:
    """A relay in small: pages, a broker that takes no event about ``unroutable``, and a clock."""

    def __init__(self, *entries: Entry, unroutable: set[str], page: int = PAGE) -> None:
        self.pending, self.unroutable, self.page = list(entries), unroutable, page
        self.held = HeldBack()
        self.sent: list[str] = []
        self.tries = 0
        self.moment = 0.0

    def turn(self) -> bool:
        """One page; whether there may be more."""
        self.held.due(self.moment)
        after = self.held.after
        entries = [each for each in self.pending if after is None or each["order"] > after][: self.page]
        chosen = self.held.choose(entries)
        self.tries += len(chosen)
        refused = [each for each in chosen if any(event["subject"] in self.unroutable for event in each["events"])]
        done = [each for each in chosen if each not in refused]
        self.sent += [each["_id"] for each in done]
        self.pending = [each for each in self.pending if each not in done]
        before = len(self.held)
        self.held.note(entries, chosen, refused, self.moment)
        return len(entries) == self.page or len(self.held) < before

    def work(self) -> None:
        """Turn until there is nothing to do before the clock goes on."""
        while self.turn():
            pass

    def later(self, seconds: float) -> None:
        self.moment += seconds
        self.work()


def test_without_anything_held_back_the_outbox_is_read_from_its_beginning() -> None:
    outbox = Outbox(*(entry(number, f"a{number}") for number in range(10)), unroutable=set())
    outbox.work()
    assert outbox.sent == [f"e{number}" for number in range(10)]
    assert outbox.held.after is None and not outbox.held


def test_others_go_past_more_than_a_page_of_events_without_a_queue() -> None:
    stuck = [entry(number, f"stuck{number}") for number in range(10)]
    outbox = Outbox(*stuck, entry(50, "fine"), unroutable={f"stuck{number}" for number in range(10)})
    outbox.work()
    assert outbox.sent == ["e50"]
    assert outbox.held.oldest == START
    outbox.pending.append(entry(60, "fine"))
    outbox.work()
    assert outbox.sent == ["e50", "e60"]
    assert outbox.tries == 12  # nothing was tried twice before its time


def test_later_events_of_the_same_aggregate_wait_and_follow_in_order() -> None:
    outbox = Outbox(entry(1, "a"), unroutable={"a"})
    outbox.work()
    outbox.unroutable = set()
    outbox.pending += [entry(2, "a"), entry(3, "b"), entry(4, "a")]
    outbox.work()
    assert outbox.sent == ["e3"]
    outbox.later(PAUSES_S[0])
    assert outbox.sent == ["e3", "e1", "e2", "e4"]
    assert not outbox.held and outbox.held.after is None and outbox.held.oldest is None


def test_of_a_held_aggregate_one_event_is_tried_at_a_time() -> None:
    outbox = Outbox(*(entry(number, "a") for number in range(3)), unroutable={"a"})
    outbox.work()
    tries = outbox.tries
    outbox.later(PAUSES_S[0])
    assert outbox.tries == tries + 1


def test_the_pauses_grow_and_begin_anew_once_nothing_is_held_back() -> None:
    outbox = Outbox(entry(1, "a"), unroutable={"a"})
    outbox.work()
    for pause in PAUSES_S:
        assert outbox.held.wait_s(outbox.moment) == pause
        outbox.later(pause)
    outbox.unroutable = set()
    outbox.later(PAUSES_S[-1])
    assert outbox.sent == ["e1"]
    outbox.unroutable = {"b"}
    outbox.pending.append(entry(2, "b"))
    outbox.work()
    assert outbox.held.wait_s(outbox.moment) == PAUSES_S[0]


def test_an_entry_about_two_aggregates_holds_both_back() -> None:
    outbox = Outbox(entry(1, "a", "b"), unroutable={"a"})
    outbox.work()
    outbox.pending += [entry(2, "b"), entry(3, "c")]
    outbox.work()
    assert outbox.sent == ["e3"]


def test_what_was_committed_late_with_an_early_order_is_sent_in_the_next_pass() -> None:
    outbox = Outbox(entry(5, "a"), unroutable={"a"})
    outbox.work()
    outbox.pending.insert(0, entry(4, "late"))
    outbox.work()
    assert outbox.sent == []
    outbox.later(PAUSES_S[0])
    assert outbox.sent == ["e4"]


@given(
    subjects=st.lists(st.sets(st.sampled_from("abcdef"), min_size=1, max_size=2), min_size=1, max_size=25),
    unroutable=st.lists(st.sets(st.sampled_from("abcdef")), max_size=5),
)
@settings(deadline=None)
def test_whatever_finds_no_queue_for_however_long_everything_is_sent_once(subjects: list[set[str]], unroutable: list[set[str]]) -> None:
    outbox = Outbox(unroutable=set())
    for number, about in enumerate(subjects):
        outbox.pending.append(entry(number, *sorted(about)))
        if unroutable:
            outbox.unroutable = unroutable[number % len(unroutable)]
        outbox.later(0.3)
    outbox.unroutable = set()
    for _ in range(3):
        outbox.later(PAUSES_S[-1])
    assert sorted(outbox.sent) == sorted(f"e{number}" for number in range(len(subjects)))
    assert not outbox.held


@given(
    subjects=st.lists(st.sampled_from("abcdef"), min_size=1, max_size=25),
    unroutable=st.lists(st.sets(st.sampled_from("abcdef")), max_size=5),
)
@settings(deadline=None)
def test_whatever_finds_no_queue_the_order_of_an_aggregate_is_kept(subjects: list[str], unroutable: list[set[str]]) -> None:
    """A queue is missing for an aggregate as a whole here: what of one page is under way already is not called back."""
    outbox = Outbox(unroutable=set())
    for number, about in enumerate(subjects):
        outbox.pending.append(entry(number, about))
        if unroutable:
            outbox.unroutable = unroutable[number % len(unroutable)]
        outbox.later(0.3)
    outbox.unroutable = set()
    for _ in range(3):
        outbox.later(PAUSES_S[-1])
    for about in "abcdef":
        mine = [f"e{number}" for number, each in enumerate(subjects) if each == about]
        assert [name for name in outbox.sent if name in mine] == mine
