"""Store, broker or a service away: requests are told so in time, and everything goes on by itself afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import httpx
import pytest

from steward.testing.faults import gone, held
from steward.testing.system import System
from steward.testing.waiting import eventually
from tests.integration.away.caller import LIMIT_S, MARGIN_S, Answer, Caller

pytestmark = pytest.mark.timeout(300)

SERVICES = ("tickets", "dispatch", "clocks", "duties", "notify", "residents", "identity", "gateway")
HEARTBEATS_S = 90.0
"""After this long a silent broker has been noticed for sure."""

Fault = Callable[[System, str], AbstractContextManager[object]]


@contextmanager
def same_processes(system: System) -> Iterator[None]:
    """What happens here is survived: nothing but the part itself is started anew."""
    before = {name: system.pids(name) for name in SERVICES}
    yield
    system.wait_ready()
    assert {name: system.pids(name) for name in SERVICES} == before


def assert_refused_in_time(answers: list[Answer], statuses: tuple[int, ...]) -> None:
    late = [answer for answer in answers if answer.took_s > LIMIT_S + MARGIN_S]
    assert not late
    wrong = [answer for answer in answers if not answer.refused() or answer.status not in statuses]
    assert not wrong


FAULTS = pytest.mark.parametrize(("fault", "statuses"), [(gone, (503,)), (held, (503, 504))])
"""What is gone is told as 503 always; what hangs may use up the caller's time on a busy machine, then it is 504."""


@FAULTS
def test_with_the_store_away_requests_are_refused_and_go_through_afterwards(
    system: System, caller: Caller, fault: Fault, statuses: tuple[int, ...]
) -> None:
    with same_processes(system):
        with fault(system, "store"):
            answers = [answer for turn in range(3) for answer in caller.round(f"{fault.__name__}-{turn}")]
        assert_refused_in_time(answers, statuses)
    assert_nothing_was_lost_or_doubled(caller, [f"{fault.__name__}-{turn}" for turn in range(3)])


@FAULTS
def test_with_the_broker_away_requests_are_refused_and_go_through_afterwards(
    system: System, caller: Caller, fault: Fault, statuses: tuple[int, ...]
) -> None:
    with same_processes(system):
        with fault(system, "broker"):
            answers = [answer for turn in range(3) for answer in caller.round(f"{fault.__name__}-{turn}")]
        assert_refused_in_time(answers, statuses)
    assert_nothing_was_lost_or_doubled(caller, [f"{fault.__name__}-{turn}" for turn in range(3)])


def test_a_broker_that_is_silent_for_long_is_noticed_and_found_again(system: System, caller: Caller) -> None:
    with same_processes(system), held(system, "broker"):
        eventually(lambda: not httpx.get(f"{system.url}/readyz").is_success, "the gateway misses the broker", HEARTBEATS_S)
        assert_refused_in_time(caller.round("silent"), (503,))
    assert_nothing_was_lost_or_doubled(caller, ["silent"])


def test_a_service_that_hangs_takes_only_its_own_routes_with_it(system: System, caller: Caller) -> None:
    with same_processes(system):
        with held(system, "dispatch"):
            hung = [caller.ask("GET", "/orders"), caller.ask("GET", "/crew")]
            ticket = caller.raised("meanwhile")
            others = [caller.ask("GET", path) for path in ("/tickets", "/clocks", "/units")]
        assert_refused_in_time(hung, (503, 504))
        assert [answer.status for answer in others] == [200, 200, 200]
    caller.dispatched(ticket)
    assert caller.ask("GET", "/orders").status == 200


def assert_nothing_was_lost_or_doubled(caller: Caller, keys: list[str]) -> None:
    tickets = [caller.raised(key) for key in keys]
    for ticket in tickets:
        caller.dispatched(ticket)
    assert caller.number_of_tickets() == len(set(tickets)) == len(keys)
