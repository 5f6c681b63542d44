from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from steward.local.child import BACKOFF_MOST_S, SETTLED_S, Child, State
from steward.local.part import Health, Part, Stage

GREEN, UNREADY, RED = Health(True, True), Health(True, False), Health(False, False)


def start(part: Part) -> subprocess.Popen[bytes]:
    return subprocess.Popen(part.argv)


def part(code: str, patience_s: float = 30.0) -> Part:
    return Part("stand-in", (sys.executable, "-S", "-c", code), Stage.SERVICES, 0, lambda: GREEN, patience_s=patience_s)


def await_exit(child: Child) -> None:
    assert child._popen is not None
    child._popen.wait(10)


@pytest.fixture
def sleeper() -> Iterator[Child]:
    child = Child(part("import time; time.sleep(60)"), start)
    child.start(0.0)
    yield child
    if child._popen is not None:
        child._popen.kill()
        child._popen.wait()


def test_a_process_that_ends_is_started_again_after_growing_pauses() -> None:
    child = Child(part("raise SystemExit(3)"), start)
    now, pauses = 100.0, []
    child.start(now)
    for _ in range(8):
        await_exit(child)
        assert child.tick(now)
        assert child.state is State.BACKOFF
        pauses.append(round(child._due_at - now, 3))
        assert not child.tick(child._due_at - 0.001)
        now = child._due_at
        assert child.tick(now)
    await_exit(child)
    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, BACKOFF_MOST_S, BACKOFF_MOST_S]
    assert (child.restarts, child.last_exit) == (8, 3)


def test_long_good_health_makes_the_next_failure_the_first(sleeper: Child) -> None:
    sleeper._backoff_s = 6.4
    sleeper.observe(GREEN, 10.0)
    sleeper.observe(GREEN, 10.0 + SETTLED_S)
    assert sleeper._backoff_s == 0.2


def test_a_process_red_for_too_long_is_killed(sleeper: Child) -> None:
    sleeper.observe(GREEN, 1.0)
    sleeper.observe(RED, 10.0)
    sleeper.observe(RED, 39.9)
    assert sleeper._popen is not None and sleeper._popen.poll() is None
    assert sleeper.observe(RED, 40.0)
    await_exit(sleeper)
    assert sleeper.tick(40.1)
    assert sleeper.last_exit == -signal.SIGKILL


def test_a_process_that_has_not_answered_yet_is_given_longer(sleeper: Child) -> None:
    sleeper.observe(RED, sleeper.part.start_s - 0.1)
    assert sleeper._popen is not None and sleeper._popen.poll() is None
    assert sleeper.observe(RED, sleeper.part.start_s)
    await_exit(sleeper)


def test_one_green_answer_forgives_the_red_ones(sleeper: Child) -> None:
    sleeper.observe(RED, 10.0)
    sleeper.observe(UNREADY, 39.0)
    sleeper.observe(RED, 41.0)
    assert sleeper.running and sleeper.tick(41.1) is False


def test_not_ready_is_no_reason_to_kill(sleeper: Child) -> None:
    sleeper.observe(GREEN, 1.0)
    for now in range(2, 1000, 5):
        sleeper.observe(UNREADY, float(now))
    assert sleeper.state is State.UNREADY
    assert sleeper.tick(1000.0) is False


def test_a_part_that_cannot_be_started_is_tried_again_later() -> None:
    child = Child(Part("missing", ("/nowhere/at/all",), Stage.SERVICES, 0, lambda: GREEN), start)
    child.start(0.0)
    assert child.state is State.BACKOFF
    child.tick(0.2)
    assert (child.state, child.restarts) == (State.BACKOFF, 1)
