"""The way up (逐级上报): who is told in place of a role that nobody fills (handbook §3 ladder, §5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from services.clocks.refusals import BadRule, did_you_mean

TABLE = "escalation"
_KEYS = ("up", "end", "staff")


@dataclass(frozen=True)
class Ways:
    """``up`` names the role above a role; above those that it does not name is ``end``, the last of all."""

    up: Mapping[str, str]
    end: str

    def chain(self, role: str) -> Iterator[str]:
        """``role`` and those above it, one after the other, up to the end."""
        while role != self.end:
            yield role
            role = self.up.get(role, self.end)
        yield role


def from_policy(table: Any) -> Ways:
    """The ways in the table ``escalation``. Raises BadRule for one that goes round, leads nowhere, or is no text."""
    if not isinstance(table, Mapping) or not isinstance(table.get("up"), Mapping):
        raise BadRule(TABLE, "up", "is not a table")
    if unknown := sorted(set(table) - set(_KEYS)):
        raise BadRule(TABLE, unknown[0], f"unknown{did_you_mean(unknown[0], _KEYS)}")
    up, end = table["up"], table.get("end")
    if not isinstance(end, str) or not end:
        raise BadRule(TABLE, "end", f"{end!r} is not a role")
    if end in up:
        raise BadRule(f"{TABLE}.up", end, "is the end of every way: nobody is above it")
    for role in up:
        _check(role, up, end)
    return Ways(dict(up), end)


def _check(role: str, up: Mapping[str, Any], end: str) -> None:
    above = up[role]
    if not isinstance(above, str) or (above != end and above not in up):
        raise BadRule(f"{TABLE}.up", role, f"nobody is above {above!r}, which is not {end}{did_you_mean(str(above), [*up, end])}")
    passed = [role]
    while above in up:
        if above in passed:
            raise BadRule(f"{TABLE}.up", "", f"goes round: {' → '.join([*passed, above])}")
        passed.append(above)
        above = up[above]
