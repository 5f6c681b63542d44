from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.clocks import calendars, model
from services.clocks.book import shipped
from services.clocks.calendars import Calendars
from services.clocks.model import Sighting, Watch
from services.clocks.rows import parse
from services.clocks.rules import Rules
from steward.facts import Fact

CALENDARS = Calendars(calendars.from_policy(shipped()["calendar"]))
MONDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai
KEEP = 64


class Desk:
    """A subject under watch, as the service drives it: events in, sweeps, facts out."""

    def __init__(self, rules: Rules, **data: object) -> None:
        self.rules, self.data = rules, data
        self.watch = Watch("01k", "yh", "tickets/01k", "tickets/01k")
        self.now, self.seq = MONDAY, 0
        self.told: list[Fact] = []
        self.calendars = CALENDARS

    def happens(self, event: str, after_s: float = 0, seq: int | None = None, **data: object) -> list[Fact]:
        """The event, ``after_s`` seconds after the last one, at the next place of the subject's history."""
        self.now += timedelta(seconds=after_s)
        self.seq = self.seq + 1 if seq is None else seq
        return self.arrives(Sighting(event, self.seq, self.now, {**self.data, **data}))

    def arrives(self, sighting: Sighting, keep: int = KEEP) -> list[Fact]:
        return self._take(model.observe(self.watch, sighting, self.rules, self.calendars, keep))

    def sweeps(self, after_s: float = 0) -> list[Fact]:
        self.now += timedelta(seconds=after_s)
        return self._take(model.fire(self.watch, self.now, self.rules.carry))

    def _take(self, decision: model.watch.Decision[Watch] | None) -> list[Fact]:
        if decision is None:
            return []
        self.watch = decision.state
        self.told += decision.facts
        return list(decision.facts)

    def clock(self, rule: str) -> model.Clock:
        (clock,) = [c for c in self.watch.clocks if c.rule == rule and c.state is not model.State.ABSORBED]
        return clock


def names(facts: list[Fact]) -> list[tuple[str, str]]:
    return [(fact.name, fact.data["rule"]) for fact in facts]


def rules_of(**rows: dict[str, object]) -> Rules:
    cited = {name.replace("_", "-"): {"handbook": "§3", **row} for name, row in rows.items()}
    policy = shipped()
    return parse({"defaults": policy["defaults"], "subject": policy["subject"], "clocks": cited})
