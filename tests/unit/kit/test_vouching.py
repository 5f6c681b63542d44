"""Whose events are believed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.bus.failures import hopeless
from steward.bus.vouching import MAC, Forged, Voucher

OURS, THEIRS = Voucher("a key of this installation, 32 bytes long"), Voucher("a key of some other one, of 32 bytes too")


@given(st.binary(max_size=200))
def test_what_is_vouched_for_is_believed(body: bytes) -> None:
    OURS.check(body, OURS.headers(body))


def test_a_body_that_came_as_a_text_is_the_same() -> None:
    OURS.check("业户", OURS.headers("业户".encode()))


@given(st.binary(max_size=200), st.data())
def test_no_change_of_the_body_goes_unnoticed(body: bytes, data: st.DataObject) -> None:
    other = data.draw(st.binary(max_size=200).filter(lambda one: one != body))
    with pytest.raises(Forged):
        OURS.check(other, OURS.headers(body))


@pytest.mark.parametrize("headers", [{}, {MAC: ""}, {MAC: 7}, {MAC: "é"}, {MAC: "00" * 32}, {MAC: None}, THEIRS.headers(b"{}")])
def test_what_nobody_of_ours_vouches_for_can_never_be_handled(headers: dict[str, Any]) -> None:
    with pytest.raises(Forged) as refused:
        OURS.check(b"{}", headers)
    assert hopeless(refused.value)
