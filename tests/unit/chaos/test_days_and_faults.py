"""What chaos is made of: a made-up day that says so, and a schedule that is the same each time."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

from steward.replay.ledger import Account
from steward.replay.mapping import Mapping, Request, Unusable
from steward.testing.chaos import Result
from steward.testing.days import write_day
from steward.testing.faults import HOLD_S, schedule
from steward.testing.halves import Post

TARGETS = ["broker", "store", "tickets"]


def test_a_made_up_day_has_the_rows_that_were_asked_for(tmp_path: Path) -> None:
    write_day(tmp_path / "day.csv", 60, seed=1, unusable=10)
    rows = list(Mapping().read(tmp_path / "day.csv"))
    assert Counter(type(row) for row in rows) == {Request: 60, Unusable: 10}
    assert len({row.reason for row in rows if isinstance(row, Unusable)}) == 5


def test_a_made_up_day_says_that_it_is_and_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_day(tmp_path / name, 20, seed, unusable=5)
    first, again, other = ((tmp_path / name).read_text() for name in "abc")
    assert first == again != other
    assert all(row.key.startswith("generated-") for row in Mapping().read(tmp_path / "a") if isinstance(row, Request))


def test_every_request_of_a_made_up_day_is_taken_on_by_the_desk_at_once(tmp_path: Path) -> None:
    write_day(tmp_path / "day.csv", 200, seed=3)
    channels = {row.body["channel"] for row in Mapping().read(tmp_path / "day.csv") if isinstance(row, Request)}
    assert channels == {"phone", "desk"}


def test_no_target_is_hit_twice_before_all_were() -> None:
    kills = schedule(TARGETS, 7, [10] * 7, random.Random(5))
    assert [len({kill.target for kill in kills[start : start + 3]}) for start in (0, 3)] == [3, 3]
    assert all(0 <= kill.after <= 10 for kill in kills)


def test_the_same_seed_gives_the_same_schedule() -> None:
    assert schedule(TARGETS, 5, [9] * 5, random.Random(5)) == schedule(TARGETS, 5, [9] * 5, random.Random(5))


def test_of_a_soak_some_faults_hold_a_process_for_a_while_in_place_of_killing_it() -> None:
    kills = schedule(TARGETS, 60, [9] * 60, random.Random(5), held_share=0.3)
    held = [kill.hold_s for kill in kills if kill.hold_s]
    assert 6 <= len(held) <= 30
    assert HOLD_S[0] <= min(held) and max(held) <= HOLD_S[1]
    assert not any(kill.hold_s for kill in schedule(TARGETS, 60, [9] * 60, random.Random(5)))


def test_any_single_finding_spoils_the_result() -> None:
    def found(**more: list[str]) -> Result:
        account = Account(1, Counter(), Counter())
        account.lost = more.pop("lost", [])
        post = Post(more.pop("never_sent", []), more.pop("sent_twice", []), [], [])
        return Result(account, post=post, **{name: more.get(name, []) for name in own})

    own = ("refused", "dead", "half_written", "pending", "unbalanced", "disordered", "unexplained")
    assert found().good
    for what in ("lost", "never_sent", "sent_twice", *own):
        assert not found(**{what: ["x"]}).good, what


def test_what_is_found_only_once_was_under_way_and_what_is_found_again_is_wrong() -> None:
    def found(*lines: str) -> Result:
        return Result(Account(1, Counter(), Counter()), [], [], list(lines), list(lines), Post([], [], [], []))

    later = found("torn", "just now")
    later.seen_again(found("torn", "a moment ago"))
    assert (later.half_written, later.pending) == (["torn"], ["torn"])
