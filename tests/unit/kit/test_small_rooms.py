"""Ids, times, policy, sealing, principals: small and pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward import ids, times
from steward.bus.sweeps import Sweeper
from steward.errors import NotAuthenticated, NotPermitted
from steward.policy import merge
from steward.spec import Sweep
from steward.trust.principals import Principal, sign, verify
from steward.trust.sealing import Sealer, mask_phone

KEY = "k" * 32
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
moments = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))


@given(moments, moments)
def test_ids_sort_as_their_times(one: datetime, other: datetime) -> None:
    if times.truncate(one) < times.truncate(other):
        assert ids.id_at(one) < ids.id_at(other)


def test_an_id_remembers_when_it_was_made() -> None:
    before = times.now()
    assert before <= ids.time_of(ids.new_id()) <= times.now()


@given(moments)
def test_times_survive_their_text(moment: datetime) -> None:
    assert times.parse(times.iso(moment)) == times.truncate(moment)


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        times.parse("2026-11-23T04:00:00")


def test_a_project_overrides_only_what_it_names() -> None:
    company = {"limit": {"accept_s": 300, "arrive_s": 1800}, "roles": ["desk"]}
    assert merge(company, {"limit": {"arrive_s": 1200}, "roles": ["manager"]}) == {
        "limit": {"accept_s": 300, "arrive_s": 1200},
        "roles": ["manager"],
    }


@given(st.text())
def test_what_is_sealed_opens_with_the_same_key_only(text: str) -> None:
    sealed = Sealer(b"1" * 32).seal(text)
    assert Sealer(b"1" * 32).open(sealed) == text
    with pytest.raises(ValueError, match="another key"):
        Sealer(b"2" * 32).open(sealed)


def test_an_answer_is_remembered_sealed_or_as_it_is_and_both_are_told_alike() -> None:
    sealer = Sealer(b"k" * 32)
    for answer in ({"name": "张三", "phones": []}, ["张三"], None):
        kept = sealer.seal_answer(answer)
        assert "张三" not in repr(kept)
        assert sealer.open_answer(kept) == sealer.open_answer(answer) == answer


def test_sealing_twice_differs_but_the_fingerprint_does_not() -> None:
    sealer = Sealer(b"1" * 32)
    assert sealer.seal("13812345678") != sealer.seal("13812345678")
    assert sealer.fingerprint("13812345678") == sealer.fingerprint("13812345678")
    assert sealer.fingerprint("13812345678") != Sealer(b"2" * 32).fingerprint("13812345678")


@pytest.mark.parametrize(
    ("phone", "shown"), [("13812345678", "138****5678"), ("+8613812345678", "+86*******5678"), ("110", "*10"), ("", "")]
)
def test_phones_are_masked(phone: str, shown: str) -> None:
    assert mask_phone(phone) == shown


def test_a_signed_principal_is_who_it_was() -> None:
    principal = Principal("u1", "前台", {"yh": ("desk",)})
    assert verify(sign(principal, KEY, times.now(), timedelta(minutes=1)), KEY) == principal


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(sign(Principal("u1"), "x" * 32, times.now(), timedelta(minutes=1)), id="foreign key"),
        pytest.param(sign(Principal("u1"), KEY, times.now(), timedelta(minutes=-1)), id="expired"),
        pytest.param("", id="empty"),
        pytest.param("a.b.c", id="rubbish"),
        pytest.param("eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1MSIsImlzcyI6InN0ZXdhcmQiLCJleHAiOjk5OTk5OTk5OTksImlhdCI6MX0.", id="no algorithm"),
    ],
)
def test_other_tokens_are_refused(token: str) -> None:
    with pytest.raises(NotAuthenticated):
        verify(token, KEY)


def test_nothing_is_permitted_by_default() -> None:
    with pytest.raises(NotPermitted):
        Principal("u1", "", {"yh": ("desk",)}).require("no.such.permission", "yh")


def test_the_system_role_may_everything(tmp_path: Path) -> None:
    Principal("service:x", "", {"*": ("system",)}).require("no.such.permission", "anywhere")


@pytest.mark.parametrize(("every_s", "seconds", "alive"), [(1, 45, True), (1, 52, False), (300, 340, True), (300, 351, False)])
def test_a_sweep_is_stuck_when_it_is_long_overdue_however_seldom_it_is_made(every_s: float, seconds: float, alive: bool) -> None:
    sweeper = Sweeper()
    sweeper._sweep, sweeper._thread = Sweep("tidy", every_s), object()
    sweeper._progress = monotonic() - seconds
    assert sweeper._turns() is alive
