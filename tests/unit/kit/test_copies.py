"""Recognising somebody in what a service holds."""

from __future__ import annotations

import pytest

from steward.copies import Known

ZHANG = Known("张三", ("+8613812345678",))


@pytest.mark.parametrize(
    ("name", "phone", "theirs"),
    [
        ("张三", "138 1234 5678", True),
        ("他太太", "13812345678", True),
        ("张三", "13912345678", False),
        ("张三", None, True),
        ("张三", "", True),
        ("李四", None, False),
        (None, None, False),
        ("", "", False),
    ],
)
def test_a_phone_tells_who_it_is_and_a_name_where_there_is_none(name: str | None, phone: str | None, theirs: bool) -> None:
    assert ZHANG.has(name, phone) is theirs


def test_nobody_is_recognised_as_nobody() -> None:
    assert not Known().has("", None)
    assert not Known().has("张三", "13812345678")
