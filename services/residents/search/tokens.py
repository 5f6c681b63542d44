"""Words as the store keeps them: hashes keyed with this installation's key, different in each project."""

from __future__ import annotations

from collections.abc import Iterable

from services.residents.search import words
from services.residents.search.words import Word
from steward.trust.sealing import Sealer

VERSION = 1
"""Of the rules by which tokens are made; people whose tokens are of an earlier one are gone over again."""
_LENGTH = 24
"""Hexadecimal digits: two of a million words are the same by chance once in 10^17 installations."""


def token(sealer: Sealer, project: str, word: Word) -> str:
    """The token of ``word`` in ``project``."""
    return sealer.fingerprint("\x00".join(("search", project, word[0], word[1])))[:_LENGTH]


def of_person(sealer: Sealer, project: str, name: str, phones: Iterable[str]) -> tuple[str, ...]:
    """All tokens of somebody, in an order that tells nothing of what they are."""
    return tuple(sorted(token(sealer, project, word) for word in words.of_person(name, phones)))
