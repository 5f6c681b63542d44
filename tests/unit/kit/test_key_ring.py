"""Sealing under a ring of keys: what was sealed says with which, and opens with any of them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.errors import AnswerForgotten, Unavailable
from steward.store.resealing import places
from steward.trust.sealing import Sealer, UnknownKey

OLD, NEW, OTHER = b"o" * 32, b"n" * 32, b"x" * 32
UNNAMED = "v1.AAECAwQFBgcICQoL/Tmm3GbyfSiV2G/9P4Ru8UYsuFOr28QfkA=="
UNNAMED_FILE = bytes.fromhex("000102030405060708090a0b7eec6a5dfa85dfa7213d580143bfc9a4a80deba6")
"""As was sealed with OLD before keys had names."""
DAY = date(2026, 11, 23)


class Kept:
    """Keys of a service, kept in memory."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes] = {}

    def look_up(self) -> bytes:
        return b"l" * 32

    def of_answers(self, day: date) -> tuple[str, bytes]:
        return str(day), self.answers.setdefault(str(day), bytes([day.day]) * 32)

    def of_answer(self, name: str) -> bytes | None:
        return self.answers.get(name)


@given(st.text(), st.binary())
def test_everything_opens_with_any_key_of_the_ring_and_is_sealed_with_the_first(text: str, content: bytes) -> None:
    before, during, after = Sealer(OLD), Sealer(NEW, OLD), Sealer(NEW)
    sealed, file = before.seal(text), before.seal_bytes(content)
    assert during.open(sealed) == text
    assert during.open_bytes(file) == content
    assert after.open(during.seal(text)) == text
    assert after.open_bytes(during.seal_bytes(content)) == content


@given(st.text(), st.binary())
def test_what_is_under_a_former_key_is_renewed_once(text: str, content: bytes) -> None:
    during, after = Sealer(NEW, OLD), Sealer(NEW)
    fresh, file = during.renewed(Sealer(OLD).seal(text)), during.renewed(Sealer(OLD).seal_bytes(content))
    assert isinstance(fresh, str)
    assert isinstance(file, bytes)
    assert (after.open(fresh), after.open_bytes(file)) == (text, content)
    assert during.renewed(fresh) is None
    assert during.renewed(file) is None


def test_what_was_sealed_before_keys_had_names_opens_and_is_renewed() -> None:
    for sealer in (Sealer(OLD), Sealer(NEW, OLD)):
        assert (sealer.open(UNNAMED), sealer.open_bytes(UNNAMED_FILE)) == ("张三丰", b"file")
        assert str(sealer.renewed(UNNAMED)).startswith(f"v2.{sealer.name}.")
    with pytest.raises(UnknownKey):
        Sealer(NEW).open(UNNAMED)


def test_what_a_key_outside_of_the_ring_has_sealed_is_told_as_such_and_may_come_back() -> None:
    sealed = Sealer(OTHER).seal("张三")
    with pytest.raises(UnknownKey) as told:
        Sealer(NEW, OLD).open(sealed)
    assert isinstance(told.value, Unavailable)
    assert "张三" not in str(told.value)
    assert Sealer(NEW, OLD, OTHER).open(sealed) == "张三"


@pytest.mark.parametrize("damage", ["", "v1.", "v2.", "v2.aabbccdd", "v9.aabbccdd.AAAA", "{}x", "{}=A", "v1.AAAA", "张"])
def test_what_is_damaged_is_refused(damage: str) -> None:
    sealer = Sealer(NEW)
    with pytest.raises(ValueError, match=r"."):
        sealer.open(damage.format(sealer.seal("张三")[:-9]))


def test_nobody_passes_one_key_off_as_another() -> None:
    name, other = Sealer(NEW).name, Sealer(OLD).name
    with pytest.raises(ValueError, match="damaged"):
        Sealer(NEW, OLD).open(Sealer(NEW).seal("张三").replace(name, other))


def test_fingerprints_stay_when_the_ring_changes() -> None:
    kept = Kept()
    found = {sealer.fingerprint("13812345678") for sealer in (Sealer(OLD, kept=kept), Sealer(NEW, OLD, kept=kept), Sealer(NEW, kept=kept))}
    assert len(found) == 1
    assert found != {Sealer(NEW).fingerprint("13812345678")}


def test_answers_are_told_under_any_ring_until_the_key_of_their_day_is_gone() -> None:
    kept = Kept()
    remembered = Sealer(OLD, kept=kept).seal_answer({"name": "张三"}, DAY)
    after = Sealer(NEW, kept=kept)
    assert after.open_answer(remembered) == {"name": "张三"}
    kept.answers.clear()
    with pytest.raises(AnswerForgotten):
        after.open_answer(remembered)


def test_places_are_found_in_lists_and_within() -> None:
    document = {"name": "a", "phones": [{"text": "b"}, {"text": None}, {}], "records": [{"given": {"signature": "c"}}], "none": None}
    paths = ("name", "phones.text", "records.given.signature", "none", "none.text", "missing.too")
    found = dict(place for path in paths for place in places(document, path.split(".")))
    assert found == {"name": "a", "phones.0.text": "b", "records.0.given.signature": "c"}
