"""Rules over the API: said, looked at before they hold, and carried over to clocks that run, when somebody asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.clocks import rulebook, schemas
from services.clocks.book import Book, check
from services.clocks.calendars import Calendars
from services.clocks.model import Watch
from services.clocks.model.replan import Move, moves, replan
from services.clocks.refusals import BadPolicy
from services.clocks.rulebook import RULEBOOKS, Rulebook, Rulebooks
from services.clocks.rules import Rules
from services.clocks.store import WATCHES, Archive, Zones
from steward.context import Context
from steward.errors import BadInput
from steward.store.provider import StoreOf

OPEN_MOST = 5_000
"""Watches that are looked at in one call: what it takes must end before the caller's deadline."""


@dataclass(frozen=True)
class Ruling:
    """What holds for the clocks of a project, and for those that run already."""

    store: StoreOf
    context: Context
    book: Book
    books: Rulebooks
    archive: Archive
    zones: Zones

    def view(self, project: str) -> dict[str, Any]:
        """The rows that hold, in the words of a policy file, and what was said."""
        self.books.forget()
        says = self.book.policy(project)["clocks"]
        rows = sorted(self.book.rules(project).rows.values(), key=lambda row: row.id)
        shown = [{"id": row.id, "title": row.title, "handbook": row.handbook, "says": says[row.id]} for row in rows]
        return self._shown(self._find(project), shown)

    def say(self, project: str, says: Mapping[str, Any], note: str) -> dict[str, Any]:
        """Say what holds in ``project`` in place of what was said before. Raises BadInput, naming table and key."""
        self._checked(project, says)
        known = self._find(project)
        with self.store.work() as work:
            before = work.load(RULEBOOKS, project) if known else None
            decision = rulebook.rewritten(before, project, says, note, self.context.principal.id, self.context.now)
            answer: dict[str, Any] = work.answer(self._shown(work.apply(RULEBOOKS, decision), []))
        self.books.forget()
        return answer

    def preview(self, project: str, says: Mapping[str, Any]) -> dict[str, Any]:
        """Which running clocks would be moved, were ``says`` said and :meth:`replan` asked for. Raises BadInput."""
        rules = self._checked(project, says)
        calendars = self._calendars(project, says)
        watches = self._open(project)
        found = [(watch, move) for watch in watches for move in moves(watch, rules, calendars, self.context.now)]
        items = [_move(watch, move, rules) for watch, move in found[: schemas.MOVES_SHOWN]]
        view: dict[str, Any] = schemas.MovesView().dump({"open": len(watches), "moved": len(found), "items": items})
        return view

    def replan(self, project: str, note: str, limit: int) -> dict[str, Any]:
        """Move the clocks of at most ``limit`` subjects; safe to repeat, to be repeated until none is left."""
        self.books.forget()
        rules, calendars = self.book.rules(project), self._calendars(project)
        waiting = [watch for watch in self._open(project) if moves(watch, rules, calendars, self.context.now)]
        moved = sum(self._move(watch, rules, calendars, note) for watch in waiting[:limit])
        return {"moved": moved, "left": max(len(waiting) - limit, 0)}

    def _move(self, seen: Watch, rules: Rules, calendars: Calendars, note: str) -> int:
        moved: list[Move] = []
        with self.store.work(key=f"replan:{seen.id}:{seen.version}", lenient=True) as work:
            watch = work.load(WATCHES, seen.id, seen.project)
            moved = moves(watch, rules, calendars, self.context.now)
            if moved:
                work.apply(WATCHES, replan(watch, moved, self.context.principal.id, note, rules.carry))
                self.archive.keep(work, calendars.current)
        return len(moved)

    def _open(self, project: str) -> list[Watch]:
        wanted = {"project": project, "state": {"$in": list(schemas.LIVELY)}}
        return self.store.read.where(WATCHES, wanted, limit=OPEN_MOST)

    def _calendars(self, project: str, says: Mapping[str, Any] | None = None) -> Calendars:
        zone = self.zones.find(self.store.read, project)
        current = self.book.calendar(project, zone) if says is None else self.book.calendar_if(project, says, zone)
        return self.archive.calendars(self.store.read, current)

    def _checked(self, project: str, says: Mapping[str, Any]) -> Rules:
        try:
            rules = check(self.book.layers(project, says))
        except BadPolicy as error:
            raise BadInput.of(".".join(filter(None, (error.table, error.key))), error.said) from error
        if unheard := sorted(rules.heard - self.book.heard):
            raise BadInput.of("clocks", f"{unheard[0]} is not heard yet: name it in a row of clocks.toml first, and start anew")
        return rules

    def _find(self, project: str) -> Rulebook | None:
        found = self.store.read.where(RULEBOOKS, {"_id": project}, limit=1)
        return found[0] if found else None

    def _shown(self, book: Rulebook | None, rows: list[dict[str, Any]]) -> dict[str, Any]:
        said = {"version": book.version, "says": rulebook.parsed(book.says), "note": book.note, "by": book.by} if book else {}
        view: dict[str, Any] = schemas.RulesView().dump({"version": 0, "says": {}, "note": "", "by": None, **said, "rows": rows})
        return view


def _move(watch: Watch, move: Move, rules: Rules) -> dict[str, Any]:
    return {
        "watch": watch.id,
        "subject": watch.subject,
        "about": watch.about(rules.carry),
        "clock": move.after.id,
        "rule": move.after.rule,
        "due_before": move.due_before,
        "due_after": move.due_after,
    }
