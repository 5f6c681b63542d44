"""Letters: printed as they were written, every character of them (handbook §9)."""

from __future__ import annotations

import io
import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files

from pypdf import PdfReader

from services.notify.letters import Letter, letter, missing_glyphs, pdf
from services.notify.words import Words, spoken

RULES = tomllib.loads(files("services.notify").joinpath("policy.toml").read_text(encoding="utf-8"))["channel"]["letter"]
MADE = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)


def a_letter(language: str = "zh-CN", name: str | None = "欧阳玥") -> Letter:
    words = spoken({"number": "YH-2611-00042", "kind": "complaint"}, language)
    return letter(
        Words().render("complaint", "letter", language, words),
        number="YH-2611-00042",
        to=name,
        unit_label="3-1-501",
        company="幸福物业服务有限公司",
        place="阳光花园",
        language=language,
        at=MADE,
        zone="Asia/Shanghai",
        family=RULES["family"],
    )


def printed(page: Letter) -> str:
    reader = PdfReader(io.BytesIO(pdf(page, RULES)))
    assert len(reader.pages) == 1
    assert [round(float(side)) for side in reader.pages[0].mediabox[2:]] == [595, 842]
    return "".join(reader.pages[0].extract_text().split())


def test_a_chinese_letter_can_be_read_back() -> None:
    text = printed(a_letter())
    head = ("幸福物业服务有限公司", "阳光花园", "致3-1-501欧阳玥", "编号YH-2611-00042")
    for part in (*head, "关于您投诉事项的回执", "您的投诉我们已收到", "2026年11月24日"):
        assert part in text


def test_an_english_letter_can_be_read_back() -> None:
    text = printed(a_letter("en"))
    for part in ("Receiptofyourcomplaint", "YH-2611-00042", "24November2026"):
        assert part in text


def test_the_same_letter_is_the_same_bytes() -> None:
    assert pdf(a_letter(), RULES) == pdf(a_letter(), RULES)


def test_nothing_in_a_letter_acts_as_mark_up() -> None:
    wicked = '#import "x": * $a_b$ *bold* #read("/etc/passwd") \\'
    assert "".join(wicked.split()) in printed(replace(a_letter(), to=wicked)).replace("’", "'").replace("”", '"').replace("“", '"')


def test_characters_that_the_font_lacks_are_named() -> None:
    assert missing_glyphs(a_letter(), RULES) == []
    assert missing_glyphs(a_letter(name="張𠮷"), RULES) == []
    assert missing_glyphs(a_letter(name="😀ก"), RULES) == ["ก", "😀"]
