"""What people see of what is to come: worked out when they ask, never written down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from services.duties.ics import Entry
from services.duties.model import Assignment, Site, Terms, id_of, upcoming


def feed_entries(
    site: Site, rows: Mapping[str, Terms], open_ones: Iterable[Assignment], rules: Mapping[str, Any], language: str, now: datetime
) -> list[Entry]:
    """What is open, then what comes in the next days, each in order of time."""
    until = now + timedelta(days=rules["days"])
    present = [_of_assignment(assignment, language) for assignment in sorted(open_ones, key=lambda one: one.due_at)]
    coming = [
        _entry(id_of(site.project, duty, turn.local), turn.opens_at, turn.due_at, terms.title, terms.role, terms.handbook, language)
        for duty, terms in rows.items()
        for turn in upcoming(terms, site.zone, now, until, rules["most_of_one"])
    ]
    return list(islice([*present, *sorted(coming, key=lambda entry: entry.starts)], rules["most"]))


def _of_assignment(assignment: Assignment, language: str) -> Entry:
    due_at = max(assignment.due_at, assignment.opens_at)
    return _entry(assignment.id, assignment.opens_at, due_at, assignment.title, assignment.role, assignment.number, language)


def _entry(id: str, starts: datetime, ends: datetime, title: Mapping[str, str], role: str, about: str, language: str) -> Entry:
    summary = title.get(language) or next(iter(title.values()), "")
    return Entry(f"{id}@steward", starts, ends, summary, about, role)
