"""What a month of clocks comes to, exact to the events."""

from __future__ import annotations

from typing import Any

from services.clocks import compliance
from services.clocks.compliance import RULE, Row
from services.clocks.model import Watch
from tests.unit.clocks.clock_desk import CALENDARS, Desk, rules_of

DOOR = {"start": ["door.opened"], "stop": ["door.shut"], "pause": ["door.held"], "resume": ["door.freed"], "limit_s": 600}
BY = ("kind",)


class Books:
    """The outcomes as the service keeps them."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Any]] = {}

    def note(self, before: Watch, after: Watch) -> None:
        kept, gone = compliance.changes(before, after, CALENDARS, BY)
        self.kept.update({outcome.id: outcome.document for outcome in kept})
        for outcome_id in gone:
            del self.kept[outcome_id]

    def rows(self, by: str = RULE) -> list[Row]:
        return compliance.report(self.kept.values(), by)


def door(books: Books, *steps: tuple[str, float], kind: str = "front", name: str = "01k") -> Desk:
    """A door through ``steps``: event, seconds after the one before."""
    desk = Desk(rules_of(door=DOOR), kind=kind)
    desk.watch = Watch(name, "yh", f"tickets/{name}", f"tickets/{name}")
    for event, after_s in steps:
        before = desk.watch
        desk.happens(event, after_s)
        books.note(before, desk.watch)
    return desk


def test_on_time_late_and_paused_are_counted_and_ranked() -> None:
    books = Books()
    door(books, ("door.opened", 0), ("door.shut", 100), name="a")
    door(books, ("door.opened", 0), ("door.shut", 600), name="b")
    door(books, ("door.opened", 0), ("door.shut", 601), name="c", kind="back")
    door(books, ("door.opened", 0), ("door.held", 50), ("door.freed", 9_000), ("door.shut", 20), name="d")
    assert books.rows() == [Row("door", ended=4, on_time=3, late=1, paused=1, p50_s=100.0, p90_s=601.0)]
    assert books.rows()[0].share == 0.75
    assert [(row.name, row.ended, row.late) for row in books.rows("kind")] == [("back", 1, 1), ("front", 3, 0)]


def test_what_runs_or_was_called_off_has_no_outcome() -> None:
    books = Books()
    door(books, ("door.opened", 0), ("door.held", 10))
    assert books.rows() == []


def test_an_event_that_comes_late_puts_the_outcome_right() -> None:
    books = Books()
    desk = door(books, ("door.opened", 0), ("door.shut", 700))
    assert books.rows()[0].late == 1
    before = desk.watch
    desk.now = desk.watch.sightings[0].at
    desk.happens("door.shut", after_s=300, seq=1)
    books.note(before, desk.watch)
    assert [(row.ended, row.late, row.p50_s) for row in books.rows()] == [(1, 0, 300.0)]


def test_the_month_is_the_projects_own() -> None:
    books = Books()
    door(books, ("door.opened", 7 * 86_400 + 13 * 3_600 + 3_599), ("door.shut", 2 * 3_600))
    assert [outcome["month"] for outcome in books.kept.values()] == ["2026-12"]
