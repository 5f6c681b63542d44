from __future__ import annotations

import json
from itertools import islice

import pytest

from gateway.hub import Event, Hub, lines
from steward.errors import Overloaded, Unavailable

ME = "user:me"


def event(number: int, project: str = "yh") -> Event:
    return {"id": f"e{number}", "project": project, "type": "parcels.arrived", "data": {}}


def everything(_: Event) -> bool:
    return True


def frames(hub: Hub, after: str | None = None, count: int = 100, heartbeat_s: float = 0.01) -> list[str]:
    client, complete = hub.join(everything, ME, after)
    hub.close()
    return [frame.decode() for frame in islice(lines(hub, client, complete, heartbeat_s, 10), count)]


def test_a_client_gets_what_comes_after_it_joined() -> None:
    hub = Hub(ring=10, queue=10, clients=2, each=10)
    hub.publish(event(1))
    client, complete = hub.join(everything, ME)
    hub.publish(event(2))
    hub.close()
    hello, second = [frame.decode() for frame in lines(hub, client, complete, 1, 10)]
    assert "event: hello" in hello
    assert second.startswith("id: e2\ndata: ") and second.endswith("\n\n")
    assert json.loads(second.split("data: ")[1]) == event(2)


def test_a_client_that_comes_back_gets_what_it_missed() -> None:
    hub = Hub(ring=10, queue=10, clients=2, each=10)
    for number in range(4):
        hub.publish(event(number))
    assert ["id: e2" in frame or "id: e3" in frame for frame in frames(hub, "e1")] == [False, True, True]


def test_a_client_that_was_away_too_long_is_told_of_the_gap() -> None:
    hub = Hub(ring=2, queue=10, clients=2, each=10)
    for number in range(4):
        hub.publish(event(number))
    assert "event: gap" in frames(hub, "e1")[0]


def test_only_wanted_events_are_given_live_and_from_the_ring() -> None:
    hub = Hub(ring=10, queue=10, clients=2, each=10)
    for number in range(4):
        hub.publish(event(number, "yh" if number % 2 else "other"))
    client, complete = hub.join(lambda one: one["project"] == "yh", ME, "e1")
    hub.publish(event(4, "other"))
    hub.publish(event(5, "yh"))
    hub.close()
    text = b"".join(lines(hub, client, complete, 1, 10)).decode()
    assert [f"id: e{number}" in text for number in range(6)] == [False, False, False, True, False, True]


def test_an_event_that_a_client_may_not_see_is_as_unknown_to_it_as_one_that_there_never_was() -> None:
    told = []
    for last in ("e0", "never"):
        hub = Hub(ring=10, queue=10, clients=1, each=10)
        hub.publish(event(0, "other"))
        hub.publish(event(1))
        client, complete = hub.join(lambda one: one["project"] == "yh", ME, last)
        hub.close()
        told.append(b"".join(lines(hub, client, complete, 1, 10)))
    assert told[0] == told[1] and b"event: gap" in told[0]


def test_a_slow_client_is_dropped_and_the_others_are_not() -> None:
    hub = Hub(ring=100, queue=3, clients=5, each=10)
    slow, _ = hub.join(everything, ME)
    quick, _ = hub.join(everything, ME)
    reading = lines(hub, quick, True, 1, 10)
    next(reading)
    for number in range(5):
        hub.publish(event(number))
        next(reading)
    assert (slow.dropped, quick.dropped, len(hub)) == (True, False, 1)
    assert len(list(lines(hub, slow, True, 1, 10))) == 1


def test_silence_is_broken_by_a_comment() -> None:
    hub = Hub(ring=10, queue=10, clients=2, each=10)
    client, _ = hub.join(everything, ME)
    assert list(islice(lines(hub, client, True, 0.01, 10), 3))[1:] == [b": still here\n\n"] * 2


def test_a_stream_ends_after_its_longest_time_and_is_forgotten() -> None:
    hub = Hub(ring=10, queue=10, clients=2, each=10)
    client, _ = hub.join(everything, ME)
    assert len(list(lines(hub, client, True, 0.01, 0.05))) < 10
    assert len(hub) == 0


def test_no_more_clients_than_there_is_room_for() -> None:
    hub = Hub(ring=10, queue=10, clients=1, each=10)
    client, _ = hub.join(everything, ME)
    with pytest.raises(Unavailable):
        hub.join(everything, ME)
    hub.leave(client)
    hub.join(everything, ME)


def test_one_principal_cannot_take_the_streams_of_all_others() -> None:
    hub = Hub(ring=10, queue=10, clients=10, each=2)
    first, _ = hub.join(everything, ME, session="s1")
    hub.join(everything, ME, session="s2")
    with pytest.raises(Overloaded):
        hub.join(everything, ME, session="s3")
    hub.join(everything, "user:another")
    hub.leave(first)
    hub.join(everything, ME)
