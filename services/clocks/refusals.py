"""How policy is refused: what is wrong, in which table, under which key."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from steward.policy import PolicyError


class BadPolicy(PolicyError):
    """Policy that cannot be understood. ``table`` and ``key`` are where, ``said`` is what is wrong."""

    def __init__(self, table: str, key: str, said: str, where: str = "") -> None:
        self.table, self.key, self.said = table, key, said
        at = f"{table}.{key}" if key else table
        super().__init__(f"{where}: {at}: {said}" if where else f"{at}: {said}")

    def found_in(self, where: str) -> BadPolicy:
        """The same, with the file that holds it."""
        return type(self)(self.table, self.key, self.said, where)


class BadRule(BadPolicy):
    """A row of policy cannot be understood."""


class BadCalendar(BadPolicy):
    """The calendar's data cannot be understood."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`` (did you mean …?)``, if something known looks like ``name``."""
    close = get_close_matches(name, list(known), 1, 0.6)
    return f" (did you mean {close[0]}?)" if close else ""
