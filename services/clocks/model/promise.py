"""What a clock promises when it starts: how long, counted how (handbook §3)."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from services.clocks.rules import Limit, Rule
from services.clocks.working import Calendar, NoWorkingTime, days_from
from steward.times import parse


@dataclass(frozen=True)
class Promise:
    """``limit`` of working time by the ``calendar`` of that version, of plain time if there is none."""

    limit: timedelta
    calendar: str | None = None
    provisional: bool = False


def promised(rule: Rule, start: datetime, data: Mapping[str, Any], calendar: Calendar) -> Promise | None:
    """What ``rule`` promises from ``start`` on; None if ``data`` lack the moment that its limit depends on."""
    appointment = _moment(data.get(rule.appointment)) if rule.appointment else None
    if appointment and appointment > start:
        return Promise(appointment - start)
    length = rule.limit.length(calendar.day_length)
    if length is not None:
        return Promise(length, calendar.version if rule.working else None)
    due = _due(rule, start, data, calendar)
    if due is None:
        return None
    return Promise(max(due - start, timedelta()), provisional=rule.working and calendar.is_provisional(start, due))


def months_later(moment: datetime, months: int, calendar: Calendar) -> datetime:
    """The same day of the month and time of day, ``months`` later (or before); a month too short gives its last day."""
    if not months:
        return moment
    day = calendar.local_day(moment)
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    wanted = date(year, month, min(day.day, monthrange(year, month)[1]))
    wall = calendar.wall(moment)
    seconds = wall.hour * 3600 + wall.minute * 60 + wall.second
    return calendar.at(wanted, seconds) + timedelta(microseconds=moment.microsecond)


def _due(rule: Rule, start: datetime, data: Mapping[str, Any], calendar: Calendar) -> datetime | None:
    limit = rule.limit
    if limit.months is not None:
        return months_later(start, limit.months, calendar)
    if limit.ahead_of:
        moment = _moment(data.get(limit.ahead_of))
        return months_later(moment, -limit.ahead_months, calendar) - timedelta(seconds=limit.ahead_s) if moment else None
    if limit.by_on:
        day = _day(data.get(limit.by_on), calendar)
        return calendar.at(day, limit.by or 0) if day else None
    return _by(limit, start, calendar, rule.working)


def _by(limit: Limit, start: datetime, calendar: Calendar, working: bool) -> datetime:
    """The next such time of day: today's if it is still to come, ``by_days`` days on."""
    first = calendar.local_day(start)
    worked = days_from(first, calendar, working)
    if limit.by_days:
        later: Iterator[date] = islice((day for day in worked if day > first), limit.by_days - 1, None)
    else:
        later = (day for day in worked if calendar.at(day, limit.by or 0) > start)
    day = next(later, None)
    if day is None:
        raise NoWorkingTime(calendar.version)
    return calendar.at(day, limit.by or 0)


def _moment(value: Any) -> datetime | None:
    try:
        return parse(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _day(value: Any, calendar: Calendar) -> date | None:
    """The local day that an ISO date, or moment, names."""
    if moment := _moment(value):
        return calendar.local_day(moment)
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
