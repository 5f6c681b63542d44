"""Why a clock has counted what it has: the stretches in which it ran, and day by day what of them counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.clocks import working
from services.clocks.calendars import Calendars
from services.clocks.model.clock import ENDED, TRANSITIONS, Clock, Sighting, State
from services.clocks.model.replay import acting
from services.clocks.model.watch import Watch
from services.clocks.working import Day, Span


@dataclass(frozen=True)
class Stretch:
    """A time in which a clock ran, what ended it (empty: nothing yet), and what of it counted.

    ``days`` say for each local day which rule decided; there are none in plain time, where all of it counts.
    """

    run: Span
    ended_by: str
    counted: timedelta
    days: tuple[Day, ...]


def explained(watch: Watch, clock: Clock, calendars: Calendars, now: datetime) -> tuple[Stretch, ...]:
    """How ``clock`` of ``watch`` has counted until ``now``; what the stretches counted is what it has spent."""
    return tuple(_stretch(run, by, clock, calendars) for run, by in _runs(watch, clock, now) if run.start <= run.end)


def _runs(watch: Watch, clock: Clock, now: datetime) -> Iterator[tuple[Span, str]]:
    if clock.state is State.ABSORBED:
        return
    state, since = State.RUNNING, clock.started_at
    for turn, sighting in acting(clock, _used(watch, clock), watch.sightings):
        after = TRANSITIONS.get((state, turn))
        if after is None:
            continue
        if state is State.RUNNING:
            yield Span(since, sighting.at), sighting.event
        state, since = after, sighting.at
        if state in ENDED:
            return
    if state is State.RUNNING:
        yield Span(since, now), ""


def _used(watch: Watch, clock: Clock) -> Sighting | None:
    """What ended the run before, if that happened in the commit that started ``clock``."""
    before = [other for other in watch.clocks if other.seq < clock.seq and (other.rule, other.part) == (clock.rule, clock.part)]
    ended = {other.ended_at for other in before if other.state in ENDED}
    turns = (sighting for sighting in watch.sightings if sighting.seq == clock.seq and sighting.at in ended)
    return next((sighting for sighting in turns if clock.terms.turns_of(sighting.event, sighting.data)), None)


def _stretch(run: Span, ended_by: str, clock: Clock, calendars: Calendars) -> Stretch:
    if clock.terms.calendar is None:
        return Stretch(run, ended_by, run.length, ())
    days = working.explain(run.start, run.end, calendars.of(clock.terms.calendar))
    return Stretch(run, ended_by, sum((span.length for day in days for span in day.spans), timedelta()), days)
