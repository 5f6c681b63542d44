"""Following clocks through the history of their subject, in the order in which it happened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from services.clocks import working
from services.clocks.calendars import Calendars
from services.clocks.model.clock import ENDED, MILLISECOND, TRANSITIONS, Clock, Sighting, State, Terms, Turn

_TURNS = tuple(Turn)


def replayed(clocks: Iterable[Clock], sightings: Iterable[Sighting], calendars: Calendars) -> tuple[Clock, ...]:
    """Every clock followed through the history; a rule's second run starts only after its first has ended."""
    ends: dict[tuple[str, str], Sighting | None] = {}
    followed = []
    history = tuple(sightings)
    for clock in sorted(clocks, key=lambda clock: (clock.seq, clock.rule)):
        clock, key = _since_first(clock, history), (clock.rule, clock.part)
        end = ends.get(key)
        if key in ends and (end is None or end.seq > clock.seq):
            followed.append(replace(clock, state=State.ABSORBED, since=None))
            continue
        run, ends[key] = _followed(clock, end, history, calendars)
        followed.append(_overdue(run))
    return tuple(followed)


def _since_first(clock: Clock, history: Iterable[Sighting]) -> Clock:
    """``clock`` as it counts from the first of the events that it counts from."""
    firsts = (sighting.at for sighting in history if sighting.event == clock.terms.counts_from and sighting.seq <= clock.seq)
    return replace(clock, started_at=min((clock.started_at, *firsts))) if clock.terms.counts_from else clock


def _followed(clock: Clock, used: Sighting | None, history: Iterable[Sighting], calendars: Calendars) -> tuple[Clock, Sighting | None]:
    """``clock`` after all that happened since its start, and what ended it. ``used`` ended the run before it."""
    state, spent, end = State.RUNNING, 0, None
    since, before = clock.started_at, 0
    for turn, sighting in acting(clock, used, history):
        after = TRANSITIONS.get((state, turn))
        if after is None:
            continue
        if state is State.RUNNING:
            spent += counted(since, sighting.at, clock.terms, calendars)
        if after is State.RUNNING:
            since, before = sighting.at, spent
        state = after
        if state in ENDED:
            end = sighting
            break
    run = replace(
        clock,
        state=state,
        spent_ms=spent,
        since=since if state is State.RUNNING else None,
        ended_at=end.at if end else None,
        moments=_moments(clock.terms, since, before, calendars),
    )
    provisional = _provisional(run, calendars)
    return (run if run.provisional == provisional else replace(run, provisional=provisional)), end


def acting(clock: Clock, used: Sighting | None, history: Iterable[Sighting]) -> list[tuple[Turn, Sighting]]:
    """What acts on ``clock``, in the order in which it does. ``used`` ended the run before it."""
    found = [
        (turn, sighting)
        for sighting in history
        if sighting.seq >= clock.seq
        and sighting.key != (clock.seq, clock.event)
        and (used is None or sighting.key != used.key)
        and _concerns(clock, sighting)
        for turn in clock.terms.turns_of(sighting.event, sighting.data)
    ]
    return sorted(found, key=lambda item: (item[1].seq, _TURNS.index(item[0])))


def _concerns(clock: Clock, sighting: Sighting) -> bool:
    """Whether an event is about the part of the subject that ``clock`` is for; one that names no part is about all."""
    part = sighting.data.get(clock.terms.per)
    return not clock.terms.per or part is None or str(part) == clock.part


def counted(start: datetime, end: datetime, terms: Terms, calendars: Calendars) -> int:
    if terms.calendar is None:
        return max(end - start, timedelta()) // MILLISECOND
    return working.elapsed(start, end, calendars.of(terms.calendar)) // MILLISECOND


def _moments(terms: Terms, since: datetime, spent: int, calendars: Calendars) -> tuple[datetime, ...]:
    left = [max(step.after_ms - spent, 0) * MILLISECOND for step in terms.steps]
    if terms.calendar is None:
        return tuple(since + duration for duration in left)
    calendar = calendars.of(terms.calendar)
    return tuple(working.add(since, duration, calendar) for duration in left)


def _provisional(clock: Clock, calendars: Calendars) -> bool:
    version = clock.terms.calendar
    unannounced = version is not None and calendars.of(version).is_provisional(clock.started_at, clock.due_at)
    return clock.terms.provisional or unannounced


def _overdue(clock: Clock) -> Clock:
    """``clock`` with the steps told that it passed before it was paused or ended: a late sweep loses none."""
    if clock.state is State.RUNNING:
        return clock
    passed = min(sum(step.after_ms < clock.spent_ms for step in clock.terms.steps), clock.last)
    return clock if passed <= clock.fired else replace(clock, fired=passed)
