"""The clocks of one watched subject: what starts, pauses, stops and fires them (handbook §3, §5).

What a watch is depends on *which* events happened, never on the order in which they came: each is remembered with
its place in the subject's own history (``seq``, the subject's version), and the clocks are followed through that
history again. Only what has been fired stays fired.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from services.clocks.calendars import Calendars
from services.clocks.model.clock import LIVE, Clock, Sighting, State, new_clock
from services.clocks.model.replay import replayed
from services.clocks.rules import Rule, Rules
from steward.errors import IllegalTransition, NotFound, OutOfOrder
from steward.facts import Decision, Fact


@dataclass(frozen=True)
class Watch:
    """A watched ``subject`` (``service/id``), its events and its clocks. Its id is the subject's.

    Events before ``floor`` have been forgotten: what comes from there comes too late.
    """

    id: str
    project: str
    matter: str
    subject: str
    sightings: tuple[Sighting, ...] = ()
    clocks: tuple[Clock, ...] = ()
    floor: int = 0
    version: int = 0

    @property
    def next_at(self) -> datetime | None:
        """The earliest moment at which something fires."""
        return min((clock.next_at for clock in self.clocks if clock.next_at), default=None)

    @property
    def awaited(self) -> frozenset[str]:
        """The events that act on its live clocks, be they in any row still or not."""
        return frozenset(event for clock in self.clocks if clock.state in LIVE for event, _ in clock.terms.turns)

    @property
    def due_at(self) -> datetime | None:
        """The earliest limit of those that run, past or to come."""
        return min((clock.due_at for clock in self.clocks if clock.state is State.RUNNING), default=None)

    @property
    def state(self) -> State:
        """The most urgent of its clocks' states; stopped when none is live."""
        shown = {clock.shown for clock in self.clocks}
        return next((s for s in (State.BREACHED, State.RUNNING, State.PAUSED) if s in shown), State.STOPPED)

    def known(self, until: Sighting | None = None) -> dict[str, Any]:
        """The subject's data after the event ``until`` (default: all of them)."""
        data: dict[str, Any] = {}
        for sighting in self.sightings:
            if until is None or sighting.seq <= until.seq:
                data.update(sighting.data)
        return data | (until.data if until else {})

    def about(self, carry: Iterable[str]) -> dict[str, Any]:
        """Of the subject's data, what ``carry`` names; None for what is not known."""
        known = self.known()
        return {name: known.get(name) for name in carry}


def observe(watch: Watch, seen: Sighting, rules: Rules, calendars: Calendars, keep: int) -> Decision[Watch] | None:
    """What ``seen`` does to the clocks of its subject; None if nothing, because it is known or forgotten.

    ``watch`` is a new one for a subject that was never seen: then an event that starts nothing raises OutOfOrder.
    ``keep``: how many events are remembered at least.
    """
    if not watch.sightings and seen.event not in rules.starts:
        raise OutOfOrder(f"{seen.event} of a subject that has not been seen")
    if seen.seq < watch.floor or any(seen.key == known.key for known in watch.sightings):
        return None
    judged = rules.remembered.union(*(clock.terms.fields for clock in watch.clocks))
    noted = {name: seen.data[name] for name in sorted(judged) if name in seen.data}
    seen = replace(seen, data=noted)
    after = replace(watch, sightings=tuple(sorted((*watch.sightings, seen), key=lambda sighting: sighting.key)))
    clocks = (*watch.clocks, *_starting(after, seen, rules, calendars))
    after = replace(after, clocks=replayed(clocks, after.sightings, calendars))
    facts = tuple(_news(watch, after, rules.carry))
    return Decision(_forget(after, keep), facts)


def fire(watch: Watch, now: datetime, carry: Iterable[str], late_after: timedelta = timedelta.max) -> Decision[Watch] | None:
    """Tell what is due at ``now``, each step once and in the order of their moments; None if nothing is.

    What is told more than ``late_after`` its moment, after an outage, is told as late.
    """
    due: list[tuple[datetime, Clock, int]] = []
    clocks = []
    for clock in watch.clocks:
        late = sum(moment <= now for moment in clock.moments[clock.fired :]) if clock.next_at else 0
        due += ((clock.moments[index], clock, index) for index in range(clock.fired, clock.fired + late))
        clocks.append(replace(clock, fired=clock.fired + late))
    if not due:
        return None
    about = watch.about(carry)
    due.sort(key=lambda item: item[0])
    facts = tuple(_step_fact(watch, clock, index, about, told_late=now - at > late_after) for at, clock, index in due)
    return Decision(replace(watch, clocks=tuple(clocks)), facts)


def acknowledge(watch: Watch, clock_id: str, by: str, now: datetime, carry: Iterable[str]) -> Decision[Watch]:
    """Somebody takes the breach of a clock upon themselves: its ladder is climbed no further.

    Raises NotFound, and IllegalTransition when it is not breached, has ended, or is acknowledged already.
    """
    clock = next((clock for clock in watch.clocks if clock.id == clock_id), None)
    if clock is None:
        raise NotFound(f"no clock {clock_id!r} here")
    if clock.shown is not State.BREACHED or clock.acknowledged_by:
        raise IllegalTransition.of("acknowledge", "acknowledged" if clock.acknowledged_by else clock.shown.value, [])
    taken = replace(clock, acknowledged_by=by, acknowledged_at=now)
    after = replace(watch, clocks=tuple(taken if each.id == clock_id else each for each in watch.clocks))
    return Decision(after, (fact("acknowledged", after, taken, after.about(carry), by=by),))


def _starting(watch: Watch, seen: Sighting, rules: Rules, calendars: Calendars) -> Iterator[Clock]:
    """The clocks that ``seen`` starts, or that later events start now that its data is known."""
    existing = {(clock.rule, clock.seq) for clock in watch.clocks}
    for sighting in watch.sightings:
        if sighting.seq < seen.seq or sighting.event not in rules.starts:
            continue
        data = watch.known(sighting)
        for rule in rules.starting(sighting.event, sighting.data, data):
            since = _since(watch, sighting, rule)
            clock = new_clock(watch.id, sighting, since, rule, data, calendars) if since else None
            if clock and (rule.id, sighting.seq) not in existing:
                existing.add((rule.id, sighting.seq))
                yield clock


def _since(watch: Watch, start: Sighting, rule: Rule) -> datetime | None:
    """When the clock that ``start`` starts begins to count; None while the event that it counts from is not known."""
    if not rule.counts_from:
        return start.at
    return min((seen.at for seen in watch.sightings if seen.event == rule.counts_from and seen.seq <= start.seq), default=None)


def _news(before: Watch, after: Watch, carry: Iterable[str]) -> Iterator[Fact]:
    old = {clock.id: clock for clock in before.clocks}
    about = after.about(carry)
    for clock in after.clocks:
        was = old.get(clock.id)
        state = was.state if was else State.ABSORBED
        if state is State.ABSORBED and clock.state is not State.ABSORBED:
            yield fact("started", after, clock, about, warn_at=clock.moments[0])
        for index in range(was.fired if was else 0, clock.fired):
            yield _step_fact(after, clock, index, about)
        if clock.state is State.STOPPED and (state is not State.STOPPED or (was and was.spent_ms != clock.spent_ms)):
            yield fact("stopped", after, clock, about, elapsed_s=clock.spent_ms / 1000, late=clock.late)
        if clock.state is not state and (clock.state is State.CANCELLED or clock.state is State.ABSORBED):
            yield fact("cancelled", after, clock, about)


def _step_fact(watch: Watch, clock: Clock, index: int, about: Mapping[str, Any], told_late: bool = False) -> Fact:
    step = clock.terms.steps[index]
    nth = sum(earlier.kind is step.kind for earlier in clock.terms.steps[: index + 1])
    return fact(step.kind.value, watch, clock, about, audience=step.audience, step=nth, channels=step.channels, told_late=told_late)


def fact(name: str, watch: Watch, clock: Clock, about: Mapping[str, Any], **more: Any) -> Fact:
    """The fact ``name`` about ``clock``, with what every event of a clock says."""
    common = {
        "clock": clock.id,
        "rule": clock.rule,
        "subject": watch.subject,
        "due_at": clock.due_at,
        "limit_s": clock.terms.limit_ms // 1000,
        "department": about.get("department"),
        "about": about,
    }
    return Fact(name, common | more)


def _forget(watch: Watch, keep: int) -> Watch:
    """``watch`` without its oldest events and the clocks that ended among them; what a live clock counts by stays."""
    if len(watch.sightings) <= 2 * keep:
        return watch
    live = (clock.seq for clock in watch.clocks if clock.state in LIVE)
    floor = min((*live, watch.sightings[-keep].seq))
    kept = [sighting for sighting in watch.sightings if sighting.seq >= floor]
    first = kept[0]
    kept[0] = replace(first, data=watch.known(first))
    clocks = tuple(clock for clock in watch.clocks if clock.seq >= floor)
    return replace(watch, sightings=tuple(kept), clocks=clocks, floor=floor)
