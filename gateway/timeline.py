"""The timeline of one matter: every event of it, across all services, in order."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from steward.spec import ServiceSpec
from steward.trust.principals import Principal

Event = Mapping[str, Any]


def seen_with(specs: Mapping[str, ServiceSpec], type: str) -> str:
    """The permission that lets a principal see events of ``type``."""
    service, _, name = type.partition(".")
    spec = specs.get(service)
    declared = {event.name: event.seen_with for event in spec.publishes} if spec else {}
    return declared.get(name) or f"{service}.read"


def visible(events: Iterable[Event], principal: Principal, project: str, specs: Mapping[str, ServiceSpec]) -> list[Event]:
    """Those of ``events`` that belong to ``project`` and that ``principal`` may see."""
    return [event for event in events if event["project"] == project and principal.may(seen_with(specs, event["type"]), project)]


def ordered(events: Iterable[Event]) -> list[Event]:
    """Each event once, by time, but never before the event that caused it or its aggregate's earlier versions.

    Clocks of different machines differ by milliseconds; causes do not.
    """
    known = {event["id"]: event for event in events}
    waits = {key: {before for before in _befores(event, known) if before in known} for key, event in known.items()}
    for key, before in _succession(known.values()):
        waits[key].add(before)
    followers: dict[str, list[str]] = {}
    for key, befores in waits.items():
        for before in befores:
            followers.setdefault(before, []).append(key)
    free = [(_moment(known[key]), key) for key, befores in waits.items() if not befores]
    heapq.heapify(free)
    found: list[Event] = []
    while free:
        _, key = heapq.heappop(free)
        found.append(known.pop(key))
        for follower in followers.get(key, ()):
            waits[follower].discard(key)
            if not waits[follower]:
                heapq.heappush(free, (_moment(known[follower]), follower))
    return found + sorted(known.values(), key=_moment)


def _befores(event: Event, known: Mapping[str, Event]) -> list[str]:
    cause = event.get("causationid")
    return [cause] if cause and cause != event["id"] else []


def _succession(events: Iterable[Event]) -> list[tuple[str, str]]:
    """Pairs (event, the event before it) of each aggregate: by version, and as given within one version.

    A service lists its events in the order in which they became true; ids of one millisecond have none.
    """
    by_subject: dict[str, list[Event]] = {}
    for event in events:
        by_subject.setdefault(event["subject"], []).append(event)
    pairs = []
    for group in by_subject.values():
        group.sort(key=lambda event: int(event["aggregateversion"]))
        pairs += [(later["id"], earlier["id"]) for earlier, later in pairwise(group)]
    return pairs


def _moment(event: Event) -> tuple[str, str]:
    return event["time"], event["id"]


def entry(event: Event) -> dict[str, Any]:
    """One event as the timeline shows it."""
    return {
        "id": event["id"],
        "at": event["time"],
        "by": event["actor"],
        "service": event["type"].partition(".")[0],
        "type": event["type"],
        "subject": event["subject"],
        "version": event["aggregateversion"],
        "caused_by": event.get("causationid"),
        "data": event["data"],
    }
