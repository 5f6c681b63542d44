"""The search for people in what is kept: it must find whom it is to find, however they are written."""

from __future__ import annotations

import json

import pytest
from bson import encode

from steward.testing.privacy import Finder, found, opened, telling
from steward.trust.sealing import Sealer

SEALER = Sealer(b"k" * 32)
PEOPLE = {
    "张三丰": "a name",
    "+8613812345678": "a phone",
    "11010519491231002X": "an identity number",
    "Anna Maria Rossi": "a foreign name",
    "JBSWY3DPEHPK3PXP": "a secret",
}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('{"event": "no contact for 张三丰 at all"}', "a name"),
        ("住户张三丰先生来电", "a name"),
        (json.dumps({"name": "张三丰"}), "a name"),
        ("called +8613812345678 twice", "a phone"),
        ("phone=13812345678", "a phone"),
        ("'id_number': '11010519491231002X'", "an identity number"),
        ("Dear Anna Maria Rossi,", "a foreign name"),
        ("otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&issuer=y", "a secret"),
        (encode({"body": "给张三丰".encode(), "n": 1}).decode(errors="replace"), "a name"),
    ],
)
def test_a_person_is_found_wherever_they_are_put(text: str, what: str) -> None:
    assert found(PEOPLE, [("elsewhere", "nobody"), ("here", text)]) == [f"{what}: in here"]


@pytest.mark.parametrize("text", ["张三", "138****5678", "0013812345678901234", "Anna", '{"at": 1763900000123}', "a13812345678b", ""])
def test_what_is_masked_or_like_them_is_nobody(text: str) -> None:
    assert not found(PEOPLE, [("here", text)])


def test_what_is_found_is_not_told_again() -> None:
    said = found(PEOPLE, [("the log", "张三丰 13812345678")])
    assert said == ["a name: in the log", "a phone: in the log"]


@pytest.mark.parametrize("value", ["", "王", "a", "desk", "ok", "12", "daughter"])
def test_what_is_too_common_to_tell_of_anybody_is_not_looked_for(value: str) -> None:
    assert telling(value) == [] and len(Finder({value: "common"})) == 0


def test_whatever_is_sealed_in_a_document_is_looked_for_however_deep() -> None:
    document = {
        "a": SEALER.seal("张三丰"),
        "b": [{"c": SEALER.seal("x")}, "v1.no"],
        "d": 7,
        "j": f'{{"inner": "{SEALER.seal("z")}"}}',
        "e": {"f": {"g": SEALER.seal("y")}},
    }
    assert sorted(opened(SEALER, encode(document))) == ["x", "y", "z", "张三丰"]
