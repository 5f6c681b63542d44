"""Passwords are checked in the same time whether the user exists or not."""

from __future__ import annotations

import statistics
import time

from services.identity.passwords import Passwords, passwords
from services.identity.spec import SPEC
from steward.policy import shipped

CHEAP = Passwords(time_cost=1, memory_kib=64, parallelism=1)


def test_only_the_right_password_is_right() -> None:
    hashed = CHEAP.hash("correct horse battery")
    assert CHEAP.right(hashed, "correct horse battery")
    assert not CHEAP.right(hashed, "correct horse batterz")
    assert not CHEAP.right("not a hash", "correct horse battery")


def test_nobody_knows_the_password_of_nobody() -> None:
    assert not CHEAP.right(None, "nobody has this password")
    assert not CHEAP.right(None, "")


def test_a_hash_of_another_cost_is_renewed_and_one_of_this_cost_is_kept() -> None:
    hashed = CHEAP.hash("correct horse battery")
    assert CHEAP.renewed(hashed, "correct horse battery") == hashed
    dearer = Passwords(time_cost=2, memory_kib=64, parallelism=1)
    assert dearer.right(dearer.renewed(hashed, "correct horse battery"), "correct horse battery")


def test_an_unknown_user_takes_as_long_as_a_known_one() -> None:
    book = passwords(shipped(SPEC))
    hashed = book.hash("correct horse battery")
    book.right(None, "warm up")
    known, unknown = [], []
    for _ in range(9):
        for times, given in ((known, hashed), (unknown, None)):
            started = time.perf_counter()
            book.right(given, "wrong")
            times.append(time.perf_counter() - started)
    ratio = statistics.median(known) / statistics.median(unknown)
    assert 0.5 < ratio < 2
