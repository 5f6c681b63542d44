"""Reading rows of policy: what each key means, and what is refused (handbook §3, §5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from services.clocks.calendars import seconds_of
from services.clocks.conditions import BadCondition, Condition, conditions
from services.clocks.refusals import BadCalendar, BadRule, did_you_mean
from services.clocks.rules import Limit, On, Rule, Rules, Rung

PLAIN, WORKING = "plain", "working"
EVENT_LISTS = ("start", "stop", "cancel", "pause", "resume")
WAYS = ("limit_s", "limit_days", "limit_months", "same_day", "by", "ahead_of")
"""The ways of stating a limit, of which a row has one."""
LIMITS = frozenset({*WAYS, "by_days", "by_on", "ahead_s", "ahead_months"})
_TERMS = ("calendar", "appointment", "counts_from", "per", "warn_at", "responsible", "responsible_in", "channels", "ladder")
_KEYS = frozenset({"title", "handbook", "enabled", "reserved", "outside", *EVENT_LISTS, "when", "unless", *LIMITS, *_TERMS})
_RUNG_KEYS = frozenset({"after", "after_s", "roles", "channels"})
_EVENT = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
_ID = re.compile(r"[a-z][a-z0-9-]{1,47}")
_MIDNIGHT = "24:00"
_YEARS = 10
_LONGEST: Mapping[str, float] = {"limit_s": _YEARS * 366 * 86_400, "limit_days": _YEARS * 366, "limit_months": _YEARS * 12}
"""A limit beyond ten years is a slip of the pen."""


@dataclass(frozen=True)
class Published:
    """Which events there are: those of ``events``, and any of the services in ``unread``, whose list cannot be read."""

    events: frozenset[str]
    unread: frozenset[str] = frozenset()

    def has(self, event: str) -> bool:
        """Whether somebody publishes ``event``."""
        return event in self.events or event.partition(".")[0] in self.unread


def parse(policy: Mapping[str, Any], published: Published | None = None) -> Rules:
    """The rules in a policy with the tables ``clocks``, ``defaults`` and ``subject``.

    ``published``: the events that installed services publish (None: do not ask). A row may name others as ``reserved``,
    for a service still to come, or as ``outside``, for one that has no spec; it sleeps until one of its start events
    and one of its end events are published. Raises :class:`BadRule`.
    """
    defaults = policy.get("defaults", {})
    awake: list[Rule] = []
    asleep: list[Rule] = []
    for name, given in policy.get("clocks", {}).items():
        row = _row(name, given, defaults)
        if row is None:
            continue
        row = replace(row, unheard=_unpublished(row, given, published))
        (asleep if _sleeps(row) else awake).append(row)
    return Rules.of(awake, policy.get("subject", {}).get("carry", ()), asleep)


def _row(row_id: str, given: Any, defaults: Mapping[str, Any]) -> Rule | None:
    table = f"clocks.{row_id}"
    if not _ID.fullmatch(row_id):
        raise BadRule(table, "", "an id is lower case letters, digits and hyphens")
    if not isinstance(given, Mapping):
        raise BadRule(table, "", "is not a table")
    row = {**defaults, **given}
    if unknown := sorted(set(row) - _KEYS):
        raise BadRule(table, unknown[0], f"unknown{did_you_mean(unknown[0], _KEYS)}")
    if not row.get("enabled", True):
        return None
    read = _Reader(table, row)
    rule = Rule(
        id=row_id,
        title=dict(row.get("title", {})),
        handbook=read.text("handbook"),
        start=read.events("start"),
        stop=read.events("stop"),
        cancel=read.events("cancel"),
        pause=read.events("pause"),
        resume=read.events("resume"),
        when=read.conditions("when"),
        unless=read.conditions("unless"),
        limit=read.limit(),
        working=read.calendar() == WORKING,
        appointment=read.text("appointment"),
        counts_from=read.text("counts_from"),
        per=read.text("per"),
        warn_at=read.warnings(),
        responsible=read.texts("responsible"),
        channels=read.texts("channels"),
        ladder=read.ladder(),
        reserved=frozenset(read.texts("reserved")),
        responsible_in=read.text("responsible_in"),
    )
    _check(read, rule)
    return rule


class _Reader:
    """Reads the values of one row, and knows where it stands when one is wrong."""

    def __init__(self, table: str, row: Mapping[str, Any]) -> None:
        self.table, self.row = table, row

    def wrong(self, key: str, said: str) -> BadRule:
        return BadRule(self.table, key, said)

    def text(self, key: str) -> str:
        value = self.row.get(key, "")
        if not isinstance(value, str):
            raise self.wrong(key, f"{value!r} is not a text")
        return value

    def texts(self, key: str, given: Mapping[str, Any] | None = None) -> tuple[str, ...]:
        value = (self.row if given is None else given).get(key, [])
        if isinstance(value, str) or not isinstance(value, list | tuple) or not all(isinstance(item, str) and item for item in value):
            raise self.wrong(key if given is None else f"ladder.{key}", f"{value!r} is not a list of texts")
        return tuple(value)

    def number(self, key: str, least: float, most: float, whole: bool = False) -> float:
        value = self.row[key]
        good = isinstance(value, int | float) and not isinstance(value, bool)
        if not good or not least < value <= most:
            raise self.wrong(key, f"{value!r} is not a number more than {least:g} and at most {most:,.0f}")
        if whole and value != int(value):
            raise self.wrong(key, f"{value!r} is not a whole number")
        return float(value)

    def calendar(self) -> str:
        name = self.row.get("calendar", PLAIN)
        if name not in (PLAIN, WORKING):
            hint = did_you_mean(name, (PLAIN, WORKING)) if isinstance(name, str) else ""
            raise self.wrong("calendar", f"unknown calendar {name!r}{hint}; there is {PLAIN} and {WORKING}")
        return str(name)

    def conditions(self, key: str, given: Mapping[str, Any] | None = None, at: str = "") -> tuple[Condition, ...]:
        try:
            return conditions((self.row if given is None else given).get(key, ()))
        except (BadCondition, TypeError) as error:
            raise self.wrong(at or key, str(error)) from None

    def events(self, key: str) -> tuple[On, ...]:
        given = self.row.get(key, [])
        if not isinstance(given, list | tuple):
            raise self.wrong(key, "a list of service.event")
        return tuple(self._event(key, item) for item in given)

    def _event(self, key: str, item: Any) -> On:
        table = item if isinstance(item, Mapping) else {"event": item}
        event = table.get("event")
        if not isinstance(event, str) or not _EVENT.fullmatch(event) or set(table) - {"event", "when", "unless"}:
            raise self.wrong(key, f"{item!r} is not service.event, or a table with event, when, unless")
        return On(event, self.conditions("when", table, key), self.conditions("unless", table, key))

    def limit(self) -> Limit:
        ways = [key for key in WAYS if self.row.get(key, False) is not False]
        if len(ways) != 1:
            raise self.wrong(", ".join(ways or WAYS), "a row has exactly one limit")
        (way,) = ways
        return _LIMIT_OF[way](self)

    def seconds(self) -> Limit:
        return Limit(seconds=int(self.number("limit_s", 0, _LONGEST["limit_s"], whole=True)))

    def days(self) -> Limit:
        if self.calendar() != WORKING:
            raise self.wrong("limit_days", "counts working days, and calendar is not working")
        return Limit(days=self.number("limit_days", 0, _LONGEST["limit_days"]))

    def months(self) -> Limit:
        return Limit(months=int(self.number("limit_months", 0, _LONGEST["limit_months"], whole=True)))

    def same_day(self) -> Limit:
        if self.row["same_day"] is not True:
            raise self.wrong("same_day", "is true, or left out")
        return Limit(by=seconds_of(_MIDNIGHT))

    def by(self) -> Limit:
        try:
            by = seconds_of(self.text("by"))
        except BadCalendar as error:
            raise self.wrong("by", error.said) from None
        days = int(self.number("by_days", 0, 3660, whole=True)) if "by_days" in self.row else 0
        if days and self.text("by_on"):
            raise self.wrong("by_days, by_on", "one of them")
        return Limit(by=by, by_days=days, by_on=self.text("by_on"))

    def ahead(self) -> Limit:
        keys = [key for key in ("ahead_s", "ahead_months") if key in self.row]
        if not keys:
            raise self.wrong("ahead_s, ahead_months", "how long before that moment")
        before = {key: int(self.number(key, 0, _LONGEST[key.replace("ahead", "limit")], whole=True)) for key in keys}
        return Limit(ahead_of=self.text("ahead_of"), ahead_s=before.get("ahead_s", 0), ahead_months=before.get("ahead_months", 0))

    def warnings(self) -> tuple[float, ...]:
        given = self.row.get("warn_at", ())
        shares = list(given) if isinstance(given, list | tuple) else [given] if given else []
        if not all(isinstance(share, int | float) and not isinstance(share, bool) and 0 < share < 1 for share in shares):
            raise self.wrong("warn_at", f"{given!r}: shares of the limit, each more than 0 and less than 1 (0 or []: no warning)")
        if any(after <= before for before, after in pairwise(shares)):
            raise self.wrong("warn_at", f"{given!r}: each later than the one before")
        return tuple(float(share) for share in shares)

    def ladder(self) -> tuple[Rung, ...]:
        given = self.row.get("ladder", [])
        if not isinstance(given, list | tuple):
            raise self.wrong("ladder", "a list of rungs")
        rungs = tuple(self._rung(rung) for rung in given)
        if any((after.after, after.after_s) <= (before.after, before.after_s) for before, after in pairwise(rungs)):
            raise self.wrong("ladder", "each rung comes later than the one before")
        if any(rung.after for rung in rungs) and any(rung.after_s for rung in rungs):
            raise self.wrong("ladder", "rungs are `after` shares of the limit, or `after_s` seconds, not both")
        roles = [role for rung in rungs for role in rung.roles]
        if twice := sorted({role for role in roles if roles.count(role) > 1}):
            raise self.wrong("ladder", f"goes round: {twice[0]} is told twice")
        return rungs

    def _rung(self, rung: Any) -> Rung:
        if not isinstance(rung, Mapping) or set(rung) - _RUNG_KEYS or ("after" in rung) == ("after_s" in rung):
            raise self.wrong("ladder", "a rung needs `roles` and `after` (a share) or `after_s` (seconds)")
        after = rung.get("after", rung.get("after_s"))
        good = isinstance(after, int | float) and not isinstance(after, bool) and 0 <= after < _LONGEST["limit_s"]
        roles = self.texts("roles", rung)
        if not good or not roles:
            raise self.wrong("ladder", "a rung needs `roles`, and 0 or more `after`")
        return Rung(float(rung.get("after", 0)), roles, int(rung.get("after_s", 0)), self.texts("channels", rung))


_LIMIT_OF: Mapping[str, Callable[[_Reader], Limit]] = {
    "limit_s": _Reader.seconds,
    "limit_days": _Reader.days,
    "limit_months": _Reader.months,
    "same_day": _Reader.same_day,
    "by": _Reader.by,
    "ahead_of": _Reader.ahead,
}


def _check(read: _Reader, rule: Rule) -> None:
    kept = rule.limit.seconds is not None or rule.limit.days is not None
    wrong = {
        ("start", "names no event"): not rule.start,
        ("stop, cancel", "names no event: the clock could never end"): not rule.stop and not rule.cancel,
        ("pause, resume", "neither goes without the other"): bool(rule.pause) != bool(rule.resume),
        ("counts_from", "goes with limit_s or limit_days"): bool(rule.counts_from) and not kept,
        ("handbook", "cite the rule"): not rule.handbook,
    }
    for (key, said), is_wrong in wrong.items():
        if is_wrong:
            raise read.wrong(key, said)
    plain = [on.event for name in EVENT_LISTS[1:] for on in getattr(rule, name) if not on.when and not on.unless]
    if twice := sorted({event for event in plain if plain.count(event) > 1}):
        raise read.wrong("stop, cancel, pause, resume", f"{twice[0]} would do two things at once")


def _unpublished(row: Rule, given: Mapping[str, Any], published: Published | None) -> frozenset[str]:
    """The reserved events of ``row`` that nobody publishes yet. Raises BadRule for one that is neither."""
    if published is None:
        return frozenset()
    missing = frozenset(event for event in row.events if not published.has(event)) - frozenset(given.get("outside", ()))
    for event in sorted(missing - row.reserved):
        raise BadRule(f"clocks.{row.id}", _key_of(row, event), f"nobody publishes {event}{did_you_mean(event, published.events)}")
    return missing


def _sleeps(row: Rule) -> bool:
    return any(all(on.event in row.unheard for on in ons) for ons in (row.start, row.stop or row.cancel))


def _key_of(row: Rule, event: str) -> str:
    lists = (name for name in EVENT_LISTS if any(on.event == event for on in getattr(row, name)))
    return next(lists, "counts_from")
