"""R10: a network that swallows, delays and breaks off; a broker that takes nothing. Publishing ends in time, doubles are absorbed."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from steward.bus.postbox import CONFIRM_TIMEOUT_S, Outgoing, Postbox
from steward.errors import Unavailable
from steward.testing.cluster import Node
from steward.testing.proxy import Proxy
from steward.testing.system import System
from steward.testing.waiting import eventually
from tests.chaos.bus.parcels_desk import SETTLE_S, all_shelved, commit, pending
from tests.chaos.conftest import Keep
from tests.chaos.process.accounting import settled
from tests.chaos.process.crew import Crew
from tests.chaos.process.load import Load, lay_before

EVENTS = 30
MARGIN_S = 5.0
"""For a machine that is shared by many; a hang would be for ever."""

Fault = Callable[[Proxy], AbstractContextManager[None]]


def longest_s(postbox: Postbox, tries: int) -> float:
    """How long sending takes at most before it says that nothing was confirmed."""
    took_s = []
    for number in range(tries):
        started = time.monotonic()
        with pytest.raises(Unavailable):
            postbox.send_all([Outgoing("parcels.events", "unheard", b"{}", str(number))])
        took_s.append(time.monotonic() - started)
    return max(took_s)


@pytest.mark.long
def test_confirms_that_are_swallowed_cost_no_more_than_the_deadline_and_double_no_effect(
    ground: System, node: Node, crew: Crew, proxy: Proxy, figure: Keep
) -> None:
    """All that the broker says is held back, what it is told arrives.

    So it has the events and has confirmed them, the relay never hears of it, gives up the connection and sends them again.
    """
    postbox = Postbox(proxy.uri(node.uri), confirms=True)
    postbox.send_all([Outgoing("parcels.events", "unheard", b"{}", "first")])
    with proxy.deaf():
        events = commit(ground, ["A"] * EVENTS)
        took_s = longest_s(postbox, 1)
        assert took_s < CONFIRM_TIMEOUT_S + MARGIN_S
        assert pending(ground) == EVENTS
    postbox.close()
    eventually(lambda: all_shelved(ground, events), "each parcel is shelved once", SETTLE_S)
    found = settled(ground, [event.aggregate for event in events])
    figure("R10", fault="confirms swallowed", longest_s=took_s, events=EVENTS, **found.figures())
    assert found.good, found


@pytest.mark.long
def test_a_broker_short_of_memory_costs_no_more_than_the_deadline_and_no_event(
    ground: System, node: Node, crew: Crew, figure: Keep
) -> None:
    """With its memory alarm on, RabbitMQ reads nothing more from connections that publish; connections stay open."""
    postbox = Postbox(node.uri, confirms=True)
    shown = lay_before(ground, ["broken"] * 10)  # their handler wants to send them around, and may not
    with Load(ground) as load:
        load.until(1)
        with node.memory_alarm():
            events = commit(ground, ["A"] * EVENTS)
            took_s = longest_s(postbox, 3)
            assert took_s < CONFIRM_TIMEOUT_S + MARGIN_S
        load.until(5)
    postbox.close()
    eventually(lambda: all_shelved(ground, events), "each parcel is shelved once", SETTLE_S)
    found = settled(ground, [event.aggregate for event in events] + list(load.acknowledged.values()))
    figure("R10", fault="memory alarm", longest_s=took_s, events=EVENTS + len(load.acknowledged) + len(shown), **found.figures())
    assert not (found.lost or found.doubled or found.half_written or found.disordered or found.unexplained), found


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seconds", [3, 10, 30])
def test_a_partition_costs_no_event_and_doubles_no_effect(ground: System, crew: Crew, proxy: Proxy, figure: Keep, seconds: int) -> None:
    """Nothing passes either way, and nobody is told; connections stay open until a heartbeat is missed."""
    with Load(ground) as load:
        load.until(10)
        with proxy.partitioned():
            time.sleep(seconds)  # the length of the partition is what is tested
        healed, known = time.monotonic(), len(load.acknowledged)
        eventually(lambda: len(load.acknowledged) > known, "work goes on")
        recovery_s = time.monotonic() - healed
        load.until(10)
    found = settled(ground, load.acknowledged.values())
    figure("R10", partition_s=seconds, recovery_s=recovery_s, acknowledged=len(load.acknowledged), **found.figures())
    assert found.good, found


def _reset(proxy: Proxy) -> int:
    """RST on every connection: a firewall that was restarted."""
    return proxy.reset()


def _forgotten(proxy: Proxy) -> int:
    """The broker sees the connections closed, the service is told nothing, ever: only a heartbeat shows it."""
    return proxy.forget()


@pytest.mark.parametrize("fault", [_reset, pytest.param(_forgotten, marks=pytest.mark.long)])
def test_connections_that_break_cost_no_event_and_double_no_effect(
    ground: System, crew: Crew, proxy: Proxy, figure: Keep, fault: Callable[[Proxy], int]
) -> None:
    with Load(ground) as load:
        load.until(10)
        broken = fault(proxy)
        assert broken >= 3
        at, known = time.monotonic(), len(load.acknowledged)
        eventually(lambda: len(load.acknowledged) > known, "work goes on")
        recovery_s = time.monotonic() - at
        load.until(10)
    found = settled(ground, load.acknowledged.values())
    figure(
        "R10",
        fault=fault.__name__.strip("_"),
        connections=broken,
        recovery_s=recovery_s,
        acknowledged=len(load.acknowledged),
        **found.figures(),
    )
    assert found.good, found


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_slow_network_costs_no_event_and_doubles_no_effect(ground: System, crew: Crew, proxy: Proxy, figure: Keep) -> None:
    """Each piece takes 150 ms longer each way: more than any time-out on the way may be too short for."""
    with Load(ground) as load, proxy.slow(0.15):
        load.until(40)
    found = settled(ground, load.acknowledged.values())
    figure("R10", fault="150 ms each way", acknowledged=len(load.acknowledged), unanswered=load.unanswered, **found.figures())
    assert found.good, found
