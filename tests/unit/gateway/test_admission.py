from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import eventlet
import pytest

from gateway.admission import Admission
from gateway.limits import Limits
from gateway.openapi import document, statuses
from gateway.operations import Operation, of_services
from gateway.rates import MOST_CALLERS, Meter, Rate, network_of
from steward.errors import NotAuthenticated, Overloaded, Unavailable
from steward.plugins import installed_services
from steward.trust.principals import Principal
from tests.unit.gateway.example import LIMITS, front, request

LOAD = replace(LIMITS.load, start=2, least=2, most=2, queue=2, queue_s=0.05)
TIGHT = replace(LIMITS, load=LOAD, in_flight=100, rates={"caller": Rate(per_s=1, burst=3), "address": Rate(per_s=1, burst=2)})
ONE = Operation("log", "parcels", "POST", "/parcels", "", service="parcels", permission="parcels.write")
OTHER = replace(ONE, id="other", service="letters")
STREAM = replace(ONE, id="stream", service="", run="stream")


def working(admission: Admission, operation: Operation, done: eventlet.event.Event, seen: list[str]) -> None:
    try:
        with admission.place(operation) as visit:
            seen.append("in")
            done.wait()
            visit.status = 200
    except Unavailable:
        seen.append("refused")


def crowd(admission: Admission, operation: Operation, count: int) -> tuple[eventlet.event.Event, list[str]]:
    done, seen = eventlet.event.Event(), list[str]()
    for _ in range(count):
        eventlet.spawn(working, admission, operation, done, seen)
    eventlet.sleep(0)
    return done, seen


def test_whoever_finds_no_place_waits_and_whoever_finds_no_room_to_wait_is_refused_at_once() -> None:
    done, seen = crowd(Admission(TIGHT), ONE, 5)
    assert seen == ["in", "in", "refused"]
    done.send()
    eventlet.sleep(0.01)
    assert seen == ["in", "in", "refused", "in", "in"]


def test_whoever_waits_too_long_is_refused_and_takes_no_place_with_them() -> None:
    admission = Admission(TIGHT)
    done, seen = crowd(admission, ONE, 4)
    eventlet.sleep(LOAD.queue_s * 2)
    assert seen == ["in", "in", "refused", "refused"]
    done.send()
    eventlet.sleep(0)
    assert crowd(admission, ONE, 2)[1] == ["in", "in"]


def test_somebody_who_hangs_up_while_waiting_leaves_the_place_to_others() -> None:
    admission = Admission(TIGHT)
    done, _ = crowd(admission, ONE, 2)
    seen: list[str] = []
    waiting = eventlet.spawn(working, admission, ONE, done, seen)
    eventlet.sleep(0)
    waiting.kill()
    done.send()
    eventlet.sleep(0)
    assert seen == [] and admission.in_flight == 0
    assert crowd(admission, ONE, 2)[1] == ["in", "in"]


def test_a_service_that_hangs_fills_its_own_places_and_nobody_elses() -> None:
    admission = Admission(TIGHT)
    crowd(admission, ONE, 4)
    assert crowd(admission, OTHER, 2)[1] == ["in", "in"]


def test_streams_are_no_load_and_the_whole_gateway_has_a_bound() -> None:
    admission = Admission(replace(TIGHT, in_flight=1))
    assert crowd(admission, STREAM, 9)[1] == ["in"] * 9
    assert crowd(admission, ONE, 2)[1] == ["in", "refused"]


def test_each_caller_has_a_rate_of_their_own() -> None:
    admission = Admission(TIGHT)

    def count(caller: str) -> None:
        admission.count(request("POST", "/parcels"), ONE, lambda *_: (Principal(caller), ""))

    for _ in range(TIGHT.rates["caller"].burst):
        count("user:greedy")
    with pytest.raises(Overloaded) as refusal:
        count("user:greedy")
    assert refusal.value.extra["retry_after_s"] == 1
    count("user:other")


def test_nobody_known_is_counted_by_address() -> None:
    admission = Admission(TIGHT)

    def unknown(*_: object) -> tuple[Principal, str]:
        raise NotAuthenticated("who?")

    for _ in range(TIGHT.rates["address"].burst):
        with pytest.raises(NotAuthenticated):
            admission.count(request("POST", "/parcels"), ONE, unknown)
    with pytest.raises(Overloaded):
        admission.count(request("POST", "/parcels"), ONE, unknown)


@pytest.mark.parametrize(("proxies", "refused"), [(0, True), (1, False), (2, True)])
def test_an_address_is_what_our_own_proxies_say_and_nobody_elses_word(proxies: int, refused: bool) -> None:
    admission = Admission(replace(TIGHT, proxies=proxies))
    public = replace(ONE, permission="public")

    def count(forwarded: str) -> None:
        admission.count(request("POST", "/parcels", X_Forwarded_For=forwarded), public, lambda *_: (Principal("anonymous"), ""))

    count("10.0.0.7, 192.0.2.1")
    count("10.0.0.7, 192.0.2.2")
    if refused:
        with pytest.raises(Overloaded):
            count("10.0.0.7, 192.0.2.3")
    else:
        count("10.0.0.7, 192.0.2.3")


def test_a_bucket_fills_again_with_time() -> None:
    meter = Meter(Rate(per_s=2, burst=2))
    assert [meter.take("a", 0.0) for _ in range(3)] == [0.0, 0.0, 0.5]
    assert [meter.take("a", 0.5) for _ in range(2)] == [0.0, 0.5]
    assert [meter.take("a", 100.0) for _ in range(3)] == [0.0, 0.0, 0.5]


def test_every_operation_that_can_be_refused_says_so_in_its_document() -> None:
    operations = front().router.operations
    made = document(operations)
    for operation in operations:
        if not operation.light:
            assert {429, 503} <= statuses(operation)
            responses = made["paths"][operation.path][operation.method.lower()]["responses"]
            assert all("Retry-After" in responses[status]["headers"] for status in ("429", "503"))


def test_numbers_come_from_the_company_where_it_has_its_own(tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text("[load]\nmost = 7\n[rates.caller]\nburst = 3\n")
    limits = Limits.read(tmp_path)
    assert limits.load.most == 7 and limits.rates["caller"].burst == 3
    assert limits.load.least == LIMITS.load.least


def test_what_is_rarely_needed_has_a_stricter_rate_beside_that_of_its_caller() -> None:
    admission = Admission(
        replace(TIGHT, rates={"caller": Rate(per_s=1, burst=9), "address": Rate(per_s=1, burst=9), "login": Rate(per_s=1, burst=2)})
    )
    login = replace(ONE, permission="public", rate="login")

    def count(operation: Operation, address: str) -> None:
        admission.count(request("POST", "/parcels", address=address), operation, lambda *_: (Principal("anonymous"), ""))

    for _ in range(2):
        count(login, "192.0.2.1")
    with pytest.raises(Overloaded):
        count(login, "192.0.2.1")
    count(replace(login, rate=""), "192.0.2.1")
    count(login, "192.0.2.2")


def test_all_addresses_of_one_ipv6_network_are_one() -> None:
    assert network_of("2001:db8:1:2:3:4:5:6") == network_of("2001:db8:1:2::1") != network_of("2001:db8:1:3::1")
    assert [network_of(one) for one in ("192.0.2.1", "", "no: address")] == ["192.0.2.1", "", "no: address"]


def test_a_meter_remembers_no_more_callers_than_it_may() -> None:
    meter = Meter(Rate(per_s=1, burst=1))
    for number in range(MOST_CALLERS + 100):
        meter.take(f"198.51.100.{number}", 0.0)
    assert len(meter) == MOST_CALLERS
    assert meter.take(f"198.51.100.{MOST_CALLERS + 99}", 0.0) > 0 and meter.take("198.51.100.0", 0.0) == 0


def test_logging_in_is_counted_apart_and_more_strictly() -> None:
    login = next(one for one in of_services(installed_services(), LIMITS.rates) if one.id == "identity.log_in")
    assert LIMITS.rates[login.rate].per_s < LIMITS.rates["address"].per_s
