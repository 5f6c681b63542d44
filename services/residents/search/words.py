"""What a person is found by, and what somebody who searches may mean. Pure; what keeps it secret is :mod:`.tokens`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from enum import StrEnum

from services.residents.search import readings

LAST_DIGITS = 4
"""Of a phone number, by which people know one another's."""
PREFIX, READINGS, LEAST_INITIALS = 8, 24, 2
"""What is kept of a name: characters and syllables of the longest prefix, ways to read it, letters of the shortest initials.

Whoever changes one of them counts up the version of the tokens, so that people on file are gone over.
"""
_BETWEEN = re.compile(r"[\s·•'’\-]")
_LATIN = re.compile(r"[a-z]+")
_SYLLABLE = re.compile(r"(?=[a-z]{0,5}[aeiouv])[a-z]{1,6}")
"""What may be one syllable, or two short ones."""


class Match(StrEnum):
    """What somebody was found by, the best first."""

    PHONE = "phone"
    PLATE = "plate"
    UNIT = "unit"
    NAME = "name"
    NAME_PREFIX = "name_prefix"
    PINYIN = "pinyin"
    PINYIN_PREFIX = "pinyin_prefix"
    INITIALS = "initials"
    INITIALS_PREFIX = "initials_prefix"
    PHONE_END = "phone_end"


Word = tuple[Match, str]


def plain(text: str) -> str:
    """``text`` as it is compared: one form of each character, small letters, nothing between words; ü as keyboards have it."""
    return _BETWEEN.sub("", unicodedata.normalize("NFKC", text).casefold()).replace("ü", "v")


def of_person(name: str, phones: Iterable[str]) -> set[Word]:
    """The words that somebody with this name and these phones (as they are kept) is found by."""
    found = {
        (match, phone[-LAST_DIGITS:] if match is Match.PHONE_END else phone) for phone in phones for match in (Match.PHONE, Match.PHONE_END)
    }
    return found | set(_of_name(name))


def asked(query: str) -> list[Word]:
    """What ``query`` may mean of a person, the best first; phones are for who knows how to read them."""
    text = plain(query)
    if not text:
        return []
    if text.isdigit():
        return [(Match.PHONE_END, text)] if len(text) == LAST_DIGITS else []
    matches: tuple[Match, ...] = (Match.NAME, Match.NAME_PREFIX)
    if _LATIN.fullmatch(text):
        matches += (Match.PINYIN, Match.PINYIN_PREFIX, Match.INITIALS, Match.INITIALS_PREFIX)
    return [(match, text) for match in matches]


def broad(word: Word) -> bool:
    """Whether ``word`` by its looks is what very many are found by: a surname alone, two initials."""
    match, text = word
    if match is Match.NAME_PREFIX:
        return len(text) == 1
    if match is Match.PINYIN_PREFIX:
        return _SYLLABLE.fullmatch(text) is not None
    return match is Match.INITIALS_PREFIX and len(text) == LEAST_INITIALS


def _of_name(name: str) -> Iterator[Word]:
    whole = plain(name)
    if not whole:
        return
    yield Match.NAME, whole
    for start in {whole, *(plain(" ".join(name.split()[place:])) for place in range(1, len(name.split())))}:
        yield from ((Match.NAME_PREFIX, start[:length]) for length in range(1, min(len(start), PREFIX + 1)))
        if start != whole:
            yield Match.NAME_PREFIX, start
    if readings.HAN.search(whole):
        for syllables in readings.of_name(whole, READINGS):
            yield from _of_reading(syllables)


def _of_reading(syllables: tuple[str, ...]) -> Iterator[Word]:
    initials = "".join(syllable[0] for syllable in syllables)
    yield Match.PINYIN, "".join(syllables)
    yield Match.INITIALS, initials
    for count in range(1, min(len(syllables), PREFIX + 1)):
        yield Match.PINYIN_PREFIX, "".join(syllables[:count])
        if count >= LEAST_INITIALS:
            yield Match.INITIALS_PREFIX, initials[:count]
