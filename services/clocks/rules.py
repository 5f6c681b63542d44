"""Rows of policy, checked: which clock starts, pauses and stops on which event, and how long it may run.

Nothing here knows what the events mean. A service brings rows of its own in the ``[clocks]`` tables of its
``policy.toml``; a company changes them, or adds more, in its ``clocks.toml``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

PLAIN, WORKING = "plain", "working"
_EVENT = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
_ID = re.compile(r"[a-z][a-z0-9-]{1,47}")
_EVENT_LISTS = ("start", "stop", "cancel", "pause", "resume")
_CONDITIONS = ("when", "unless")
_TERMS = ("limit_s", "limit_days", "calendar", "appointment", "warn_at", "responsible", "ladder")
_KEYS = frozenset({"title", "handbook", "enabled", *_EVENT_LISTS, *_CONDITIONS, *_TERMS})
Condition = Mapping[str, tuple[Any, ...]]


class BadRule(ValueError):
    """A row of policy cannot be understood; the message names the row and what is wrong."""


@dataclass(frozen=True)
class Rung:
    """One rung of the ladder: ``roles`` are told ``after`` this share of the limit beyond the breach."""

    after: float
    roles: tuple[str, ...]


@dataclass(frozen=True)
class Rule:
    """One row. Conditions look at the subject's data when the clock starts: ``when`` one alternative must hold,
    ``unless`` none may.

    Exactly one of ``limit_s`` (seconds) and ``limit_days`` (working days) is set. ``appointment`` names the data
    field whose moment, when there is one in the future, replaces the limit. ``warn_at`` is a share of the limit.
    """

    id: str
    title: Mapping[str, str]
    handbook: str
    start: tuple[str, ...]
    stop: tuple[str, ...]
    cancel: tuple[str, ...]
    pause: tuple[str, ...]
    resume: tuple[str, ...]
    when: tuple[Condition, ...]
    unless: tuple[Condition, ...]
    limit_s: int | None
    limit_days: float | None
    working: bool
    appointment: str
    warn_at: float
    responsible: tuple[str, ...]
    ladder: tuple[Rung, ...]

    def matches(self, data: Mapping[str, Any]) -> bool:
        """Whether a clock starts for a subject with ``data``. A field that is not known fulfils no condition."""
        if any(field not in data for condition in self.unless for field in condition):
            return False
        wanted = not self.when or any(_holds(condition, data) for condition in self.when)
        return wanted and not any(_holds(condition, data) for condition in self.unless)

    def limit(self, day_length: timedelta) -> timedelta:
        """The limit, where a working day lasts ``day_length``."""
        if self.limit_days is not None:
            return day_length * self.limit_days
        return timedelta(seconds=self.limit_s or 0)

    @property
    def ends(self) -> tuple[str, ...]:
        """Every event that acts on a running clock."""
        return (*self.stop, *self.cancel, *self.pause, *self.resume)

    @property
    def fields(self) -> frozenset[str]:
        """The data fields that the row looks at."""
        named = {field for condition in (*self.when, *self.unless) for field in condition}
        return frozenset(named | ({self.appointment} if self.appointment else set()))


@dataclass(frozen=True)
class Rules:
    """The rows that hold in one project. ``carry`` are data fields that the clocks' own events repeat."""

    rows: Mapping[str, Rule]
    carry: tuple[str, ...]
    remembered: frozenset[str]
    starts: frozenset[str]
    heard: frozenset[str]

    @classmethod
    def of(cls, rows: Iterable[Rule], carry: Iterable[str]) -> Rules:
        """The rules made of ``rows``."""
        by_id = {row.id: row for row in rows}
        starts = frozenset(event for row in by_id.values() for event in row.start)
        return cls(
            rows=by_id,
            carry=tuple(carry),
            remembered=frozenset(carry).union(*(row.fields for row in by_id.values())),
            starts=starts,
            heard=starts.union(*(row.ends for row in by_id.values())),
        )

    def starting(self, event: str, data: Mapping[str, Any]) -> Iterator[Rule]:
        """The rows whose clock ``event`` starts for a subject with ``data``."""
        return (row for row in self.rows.values() if event in row.start and row.matches(data))


def parse(policy: Mapping[str, Any]) -> Rules:
    """The rules in a policy with the tables ``clocks``, ``defaults`` and ``subject``. Raises :class:`BadRule`."""
    defaults = policy.get("defaults", {})
    rows = [_row(name, {**defaults, **row}) for name, row in policy.get("clocks", {}).items()]
    return Rules.of([row for row in rows if row], policy.get("subject", {}).get("carry", ()))


def _row(row_id: str, row: Mapping[str, Any]) -> Rule | None:
    if not _ID.fullmatch(row_id):
        raise BadRule(f"clocks.{row_id}: an id is lower case letters, digits and hyphens")
    if unknown := sorted(set(row) - _KEYS):
        raise BadRule(f"clocks.{row_id}: unknown {', '.join(unknown)}")
    if not row.get("enabled", True):
        return None
    rule = Rule(
        id=row_id,
        title=dict(row.get("title", {})),
        handbook=str(row.get("handbook", "")),
        when=_conditions(row.get("when", ())),
        unless=_conditions(row.get("unless", ())),
        limit_s=row.get("limit_s"),
        limit_days=row.get("limit_days"),
        working=row.get("calendar", PLAIN) == WORKING,
        appointment=row.get("appointment", ""),
        warn_at=float(row.get("warn_at", 0)),
        responsible=tuple(row.get("responsible", ())),
        ladder=tuple(sorted((_rung(row_id, rung) for rung in row.get("ladder", ())), key=lambda rung: rung.after)),
        **{name: _events(row_id, name, row.get(name, ())) for name in _EVENT_LISTS},
    )
    _check(rule, str(row.get("calendar", PLAIN)))
    return rule


def _check(rule: Rule, calendar: str) -> None:
    limit = rule.limit_s if rule.limit_days is None else rule.limit_days
    wrong = {
        "start: names no event": not rule.start,
        "stop: names no event": not rule.stop,
        "pause, resume: neither goes without the other": bool(rule.pause) != bool(rule.resume),
        "calendar: plain or working": calendar not in (PLAIN, WORKING),
        "limit_s, limit_days: exactly one": (rule.limit_s is None) == (rule.limit_days is None),
        "limit_s, limit_days: more than 0": not isinstance(limit, int | float) or limit <= 0,
        "limit_days: counts working days, calendar is not working": rule.limit_days is not None and not rule.working,
        "warn_at: a share, more than 0 and less than 1 (0: no warning)": not 0 <= rule.warn_at < 1,
        "handbook: cite the rule": not rule.handbook,
    }
    if found := [text for text, is_wrong in wrong.items() if is_wrong]:
        raise BadRule(f"clocks.{rule.id}.{found[0]}")


def _rung(row_id: str, rung: Mapping[str, Any]) -> Rung:
    after, roles = rung.get("after"), tuple(rung.get("roles", ()))
    if not isinstance(after, int | float) or after < 0 or not roles:
        raise BadRule(f"clocks.{row_id}.ladder: a rung needs `after` (0 or more) and `roles`")
    return Rung(float(after), roles)


def _events(row_id: str, name: str, events: Any) -> tuple[str, ...]:
    if isinstance(events, str) or not all(_EVENT.fullmatch(str(event)) for event in events):
        raise BadRule(f"clocks.{row_id}.{name}: a list of service.event")
    return tuple(events)


def _conditions(given: Any) -> tuple[Condition, ...]:
    """One table of conditions, or a list of alternatives; a value, or a list of them."""
    alternatives = [given] if isinstance(given, Mapping) else given
    return tuple(
        {field: tuple(value) if isinstance(value, list | tuple) else (value,) for field, value in alternative.items()}
        for alternative in alternatives
        if alternative
    )


def _holds(condition: Condition, data: Mapping[str, Any]) -> bool:
    return all(field in data and data[field] in wanted for field, wanted in condition.items())
