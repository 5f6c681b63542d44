"""Moving running clocks to the rules as they are now: never by itself, only when somebody asks and says why (handbook §5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from services.clocks.calendars import Calendars
from services.clocks.model.clock import LIVE, Clock, Kind, State, Step, new_clock
from services.clocks.model.replay import replayed
from services.clocks.model.watch import Watch, fact
from services.clocks.rules import Rules
from steward.facts import Decision


@dataclass(frozen=True)
class Move:
    """A clock that would count otherwise by the rules of now; a limit in milliseconds, due None where it is paused."""

    before: Clock
    after: Clock

    @property
    def due_before(self) -> datetime | None:
        """When its limit is reached as it stands."""
        return self.before.due_at if self.before.state is State.RUNNING else None

    @property
    def due_after(self) -> datetime | None:
        """When it would be reached."""
        return self.after.due_at if self.after.state is State.RUNNING else None


def moves(watch: Watch, rules: Rules, calendars: Calendars, now: datetime) -> list[Move]:
    """The live clocks of ``watch`` that the rules of now would treat otherwise; those whose rule is gone run on as they are."""
    planned = replayed([_by(rules, watch, clock, calendars) for clock in watch.clocks], watch.sightings, calendars)
    before = {clock.id: clock for clock in watch.clocks}
    changed = (clock for clock in planned if before[clock.id].state in LIVE and clock.terms != before[clock.id].terms)
    return [Move(before[clock.id], _told(before[clock.id], clock, now)) for clock in changed]


def replan(watch: Watch, moved: Iterable[Move], by: str, note: str, carry: Iterable[str]) -> Decision[Watch]:
    """Make ``moved`` so; each is a fact that says who wanted it, and why."""
    after = {move.after.id: move.after for move in moved}
    planned = replace(watch, clocks=tuple(after.get(clock.id, clock) for clock in watch.clocks))
    before = {clock.id: clock for clock in watch.clocks}
    about = watch.about(carry)
    facts = (fact("replanned", planned, clock, about, due_before=before[name].due_at, by=by, note=note) for name, clock in after.items())
    return Decision(planned, tuple(facts))


def _by(rules: Rules, watch: Watch, clock: Clock, calendars: Calendars) -> Clock:
    """``clock`` with the terms that it would be given today, had it started when it did."""
    rule = rules.rows.get(clock.rule)
    start = next((seen for seen in watch.sightings if seen.key == (clock.seq, clock.event)), None)
    if clock.state not in LIVE or rule is None or start is None:
        return clock
    fresh = new_clock(watch.id, start, clock.started_at, rule, watch.known(start), calendars)
    return replace(clock, terms=fresh.terms) if fresh else clock


def _told(before: Clock, after: Clock, now: datetime) -> Clock:
    """``after`` with the steps told that were told before and lie in the past still; nothing is told twice."""
    known = set(_numbered(before.terms.steps[: before.fired]))
    fired = 0
    for step, at in zip(_numbered(after.terms.steps), after.moments, strict=True):
        if step not in known or at > now:
            break
        fired += 1
    kept = replace(after, fired=fired)
    return kept if kept.breached else replace(kept, acknowledged_by=None, acknowledged_at=None)


def _numbered(steps: Iterable[Step]) -> list[tuple[Kind, int]]:
    """The steps as kind and how many of that kind came before."""
    kinds = [step.kind for step in steps]
    return [(kind, kinds[:place].count(kind)) for place, kind in enumerate(kinds)]
