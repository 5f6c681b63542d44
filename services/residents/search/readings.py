"""How Chinese characters are read 拼音, every reading of each, without tones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice, product

from steward.settings import adopted

with adopted({"PYPINYIN_NO_PHRASES": "1"}):  # names are read character by character; its phrases would take 46 MB
    from pypinyin import Style, pinyin

HAN = re.compile(r"[〇\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_SPELT = {"v": ("v", "yu", "u")}
"""How people write ü: as keyboards have it, as passports do, and as if it were u."""


@lru_cache(maxsize=4096)
def of_character(character: str) -> tuple[str, ...]:
    """The readings of one character, the commonest first; what is no Chinese character is read as itself."""
    if not HAN.match(character):
        return (character,)
    return tuple(dict.fromkeys(spelt for reading in pinyin(character, Style.NORMAL, heteronym=True)[0] for spelt in _spellings(reading)))


def of_name(name: str, most: int) -> list[tuple[str, ...]]:
    """The ways to read ``name``, syllable by syllable, at most so many; those of the commonest readings are among them."""
    return list(islice(_by_rareness([of_character(character) for character in name]), most))


def _by_rareness(characters: list[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """Every combination, those with few uncommon readings first."""
    ranked = [list(enumerate(readings)) for readings in characters]
    for combination in sorted(islice(product(*ranked), 4096), key=lambda each: sum(rank for rank, _ in each)):
        yield tuple(reading for _, reading in combination)


def _spellings(reading: str) -> tuple[str, ...]:
    if "v" not in reading:
        return (reading,)
    return tuple(reading.replace("v", letter) for letter in _SPELT["v"])
