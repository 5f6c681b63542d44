"""How well limits are kept (时限达成率): one outcome a clock that was stopped, and what a month of them comes to (handbook §3, §10).

An outcome is written in the transaction of the event that stops its clock, and taken back should an event that comes
late show that the clock has not ended after all. So the figures are exact to the events.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

from services.clocks.calendars import Calendars
from services.clocks.model import Clock, State, Watch
from services.clocks.model.replay import counted

SECOND_MS = 1_000


RULE = "rule"
"""What outcomes can always be told apart by, beside the fields of the subject that policy names."""


@dataclass(frozen=True)
class Outcome:
    """What became of one clock.

    ``month`` is the project's own, of when it ended; ``about`` what reports may group it by; ``paused_ms`` did not count.
    """

    id: str
    project: str
    month: str
    rule: str
    about: dict[str, str]
    late: bool
    elapsed_ms: int
    paused_ms: int
    ended_at: datetime

    @property
    def document(self) -> dict[str, Any]:
        """Itself as it is kept."""
        fields = asdict(self)
        return {"_id": fields.pop("id"), **fields}


@dataclass(frozen=True)
class Row:
    """What the outcomes of one group come to. Times in seconds that counted; ``paused``: how many had been paused."""

    name: str
    ended: int
    on_time: int
    late: int
    paused: int
    p50_s: float
    p90_s: float

    @property
    def share(self) -> float:
        """On time, of those that ended."""
        return self.on_time / self.ended


def changes(before: Watch, after: Watch, calendars: Calendars, fields: Iterable[str]) -> tuple[list[Outcome], list[str]]:
    """The outcomes that are new or different in ``after``, and the ids of those that are no more.

    ``fields``: the data of the subject that reports may group by.
    """
    old = {outcome.id: outcome for outcome in _outcomes(before, calendars, fields)}
    new = {outcome.id: outcome for outcome in _outcomes(after, calendars, fields)}
    known = {clock.id for clock in after.clocks}  # those that were forgotten keep their outcome
    return [outcome for outcome in new.values() if old.get(outcome.id) != outcome], sorted((old.keys() - new.keys()) & known)


def report(outcomes: Iterable[Mapping[str, Any]], by: str) -> list[Row]:
    """A row for each group, by name, of outcomes as they are kept."""
    groups: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for outcome in outcomes:
        groups[outcome[RULE] if by == RULE else outcome["about"].get(by, "")].append(outcome)
    return [_row(name, group) for name, group in sorted(groups.items())]


def _row(name: str, group: list[Mapping[str, Any]]) -> Row:
    times = sorted(outcome["elapsed_ms"] for outcome in group)
    late = sum(outcome["late"] for outcome in group)
    paused = sum(outcome["paused_ms"] > 0 for outcome in group)
    return Row(name, len(group), len(group) - late, late, paused, _rank(times, 0.5), _rank(times, 0.9))


def _rank(times: list[int], share: float) -> float:
    """The time in seconds within which ``share`` of them ended (nearest rank)."""
    return times[ceil(share * len(times)) - 1] / SECOND_MS


def _outcomes(watch: Watch, calendars: Calendars, fields: Iterable[str]) -> Iterator[Outcome]:
    known = watch.known()
    about = {name: str(known[name]) for name in fields if known.get(name) is not None}
    return (_outcome(watch, clock, about, calendars) for clock in watch.clocks if clock.state is State.STOPPED)


def _outcome(watch: Watch, clock: Clock, about: dict[str, str], calendars: Calendars) -> Outcome:
    assert clock.ended_at is not None
    local = clock.ended_at.astimezone(ZoneInfo(calendars.current.zone))
    return Outcome(
        id=clock.id,
        project=watch.project,
        month=f"{local:%Y-%m}",
        rule=clock.rule,
        about=about,
        late=clock.late,
        elapsed_ms=clock.spent_ms,
        paused_ms=max(counted(clock.started_at, clock.ended_at, clock.terms, calendars) - clock.spent_ms, 0),
        ended_at=clock.ended_at,
    )
