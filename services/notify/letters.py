"""Letters as PDF: the same kept text gives the same bytes (handbook §9).

Rendering is pure computing, up to 0.3 s for the first, which would hold up every green thread of the process:
:func:`pdf` goes through a real thread. Only the engine runs there, because locks of loggers, metrics or pymongo taken
in one would stop the process for good.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import typst
from eventlet import tpool
from fontTools.ttLib import TTCollection, TTFont

from services.notify.words import word

_SOURCE = files("services.notify").joinpath("templates/letter.typ").read_bytes()
_DRAWN_AS_NOTHING = frozenset("\n\r\t\u200b\ufeff")


class FontMissing(RuntimeError):
    """The font of the policy is not installed; the message names its file."""


@dataclass(frozen=True)
class Letter:
    """What stands on the page."""

    company: str
    place: str
    to: str
    number_word: str
    number: str
    title: str
    paragraphs: tuple[str, ...]
    date: str
    lang: str
    family: str

    def characters(self) -> set[str]:
        """Every character that must be printable."""
        return set(json.dumps(asdict(self), ensure_ascii=False))


def letter(
    text: str,
    *,
    number: str,
    to: str | None,
    unit_label: str | None,
    company: str,
    place: str,
    language: str,
    at: datetime,
    zone: str,
    family: str,
) -> Letter:
    """The letter of a kept ``text``, whose first line is its title; ``at`` is when it was made, UTC."""
    title, _, body = text.partition("\n")
    addressee = " ".join(part for part in (unit_label, to) if part) or word("letter", "residents", language)
    return Letter(
        company=company,
        place=place,
        to=f"{word('letter', 'to', language)} {addressee}",
        number_word=word("letter", "number", language),
        number=number,
        title=title.strip(),
        paragraphs=tuple(part.strip() for part in body.split("\n\n") if part.strip()),
        date=_date(at.astimezone(ZoneInfo(zone)), language),
        lang=language.partition("-")[0],
        family=family,
    )


def pdf(page: Letter, rules: Mapping[str, Any]) -> bytes:
    """``page`` as PDF; ``rules`` is the policy table ``[channel.letter]``."""
    data = json.dumps(asdict(page), ensure_ascii=False)
    rendered: bytes = tpool.execute(_compile, data, tuple(rules["fonts"]))
    return rendered


def missing_glyphs(page: Letter, rules: Mapping[str, Any]) -> list[str]:
    """Characters of ``page`` that the font lacks, which would be left out without a word. Raises FontMissing."""
    glyphs = _glyphs(tuple(rules["fonts"]), rules["file"], rules["family"])
    return sorted(c for c in page.characters() - _DRAWN_AS_NOTHING if ord(c) not in glyphs)


def _compile(data: str, folders: tuple[str, ...]) -> bytes:
    rendered: bytes = typst.compile(_SOURCE, font_paths=_fonts(folders), format="pdf", timestamp=0, sys_inputs={"letter": data})
    return rendered


@cache
def _fonts(folders: tuple[str, ...]) -> typst.Fonts:
    """Searched once: that takes a hundred times as long as a letter."""
    return typst.Fonts(include_system_fonts=False, font_paths=list(folders))


def _date(moment: datetime, language: str) -> str:
    if language == "zh-CN":
        return f"{moment.year}年{moment.month}月{moment.day}日"
    return f"{moment.day} {moment:%B %Y}"


@cache
def _glyphs(folders: tuple[str, ...], file: str, family: str) -> frozenset[int]:
    for folder in folders:
        for path in Path(folder).rglob(file):
            return _characters(path, family)
    raise FontMissing(f"{file} is in none of {', '.join(folders)}")


def _characters(path: Path, family: str) -> frozenset[int]:
    with path.open("rb") as file:
        many = file.read(4) == b"ttcf"
        file.seek(0)
        fonts = TTCollection(file, lazy=True).fonts if many else [TTFont(file, lazy=True)]
        font = next((font for font in fonts if font["name"].getDebugName(1) == family), fonts[0])
        return frozenset(font["cmap"].getBestCmap())
