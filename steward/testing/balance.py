"""The books of the bus: what became of every event at every handler that hears it, and in which order.

dispatched = handled + nothing to do + dead + pending, for each event type and handler.

All but one of these are read from the stores: entries of journals are outbox and inbox marks at once. That an event left
no entry because there was nothing to do is told by no store, only by the log (level DEBUG): see :func:`idle_keys`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from steward.bus.handlers import NOTHING_TO_DO
from steward.plugins import installed_services
from steward.spec import ServiceSpec
from steward.store.client import Document
from steward.testing.halves import Holdings

_IDLE = re.compile(re.escape(f'"event": "{NOTHING_TO_DO}') + r'([^"]+)"')
_SERVICE = re.compile(r'"service": "([^"]+)"')
_NAMED = 3
"""How many ids a line names."""


@dataclass(frozen=True)
class Account:
    """One event type at one handler, counted by events. ``unaccounted``: ids of those of which nothing is known."""

    event: str
    queue: str
    dispatched: int
    handled: int
    idle: int
    dead: int
    unaccounted: tuple[str, ...]


def accounts(books: Mapping[str, Holdings], idle: Collection[str]) -> list[Account]:
    """One account for each event type and handler. ``idle``: keys, ``service/handler:event id``, that left no entry."""
    published = _published(books)
    return [
        _account(event, name, handler, published.get(event, ()), books[name], idle)
        for name, spec in _specs(books)
        for handler, events in ((hears.handler, hears.events) for hears in spec.hears)
        for event in events
    ]


def _account(event: str, service: str, handler: str, ids: Collection[str], books: Holdings, idle: Collection[str]) -> Account:
    queue = f"{service}.{handler}"
    marks = {entry["_id"] for entry in books.entries}
    dead = {letter["message_id"] for letter in books.letters if letter["queue"] == queue and letter["state"] != "replayed"}
    handled = {name for name in ids if f"{handler}:{name}" in marks}
    given_up = {name for name in ids if name in dead} - handled
    nothing = {name for name in ids if f"{service}/{handler}:{name}" in idle} - handled - given_up
    left = tuple(sorted(set(ids) - handled - given_up - nothing))
    return Account(event, queue, len(ids), len(handled), len(nothing), len(given_up), left)


def unbalanced(found: Iterable[Account]) -> list[str]:
    """A line for each account with events that nobody can account for: still pending, or lost."""
    return [
        f"{one.queue}: {len(one.unaccounted)} of {one.dispatched} {one.event} unaccounted for: {_some(one)}"
        for one in found
        if one.unaccounted
    ]


def _some(one: Account) -> str:
    more = len(one.unaccounted) - _NAMED
    return ", ".join(one.unaccounted[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _published(books: Mapping[str, Holdings]) -> dict[str, list[str]]:
    """The ids of all events that are in no outbox any more, by type."""
    found: dict[str, list[str]] = defaultdict(list)
    for held in books.values():
        for entry in held.entries:
            for event in () if entry.get("pending") else entry["events"]:
                found[event["type"]].append(event["id"])
    return found


def _specs(books: Mapping[str, Any]) -> Iterator[tuple[str, ServiceSpec]]:
    return ((name, spec) for name, spec in installed_services().items() if name in books)


def unknown_causes(books: Mapping[str, Holdings]) -> list[str]:
    """Handlers' entries for events that no journal holds: an effect of something that never happened."""
    known = {event["id"] for held in books.values() for entry in held.entries for event in entry["events"]}
    return [
        f"{name}: {entry['_id']} for an event that nobody published"
        for name, held in books.items()
        for entry in held.entries
        if entry.get("cause") and entry["cause"] not in known
    ]


def disordered(books: Mapping[str, Holdings]) -> list[str]:
    """Handlers that took in a later event of an aggregate before an earlier one; a line for each such step back.

    Handlers that say of themselves that they cope with any order are not asked.
    """
    made = {event["id"]: event for held in books.values() for entry in held.entries for event in entry["events"]}
    return [line for name, spec in _specs(books) for line in _steps_back(spec, books[name].entries, made)]


def _steps_back(spec: ServiceSpec, entries: Iterable[Document], made: Mapping[str, Document]) -> Iterator[str]:
    reached: dict[tuple[str, str], int] = {}
    strict = {hears.handler for hears in spec.hears if not hears.any_order}
    for entry in sorted(entries, key=lambda entry: int(entry["order"])):
        event, handler = made.get(entry.get("cause") or ""), entry["_id"].partition(":")[0]
        if event is None or handler not in strict:
            continue
        lane = (handler, event["subject"])
        version = event["aggregateversion"]
        if version < reached.get(lane, 0):
            yield f"{spec.name}.{handler}: {event['subject']} version {version} after {reached[lane]}"
        reached[lane] = max(version, reached.get(lane, 0))


def unexplained(books: Mapping[str, Holdings]) -> list[str]:
    """Dead letters that do not say what went wrong, where, and how often it was tried."""
    return [
        f"{letter['queue']}: {letter['message_id']} has no {missing}"
        for held in books.values()
        for letter in held.letters
        for missing in ("error", "stack", "attempts")
        if not letter.get(missing)
    ]


def idle_keys(logs: Iterable[Path]) -> set[str]:
    """The keys, ``service/handler:event id``, of which ``logs`` say that there was nothing to do."""
    return {key for log in logs if log.exists() for line in log.read_text(errors="replace").splitlines() for key in _idle_key(line)}


def _idle_key(line: str) -> Iterator[str]:
    idle, service = _IDLE.search(line), _SERVICE.search(line)
    if idle and service:
        yield f"{service[1]}/{idle[1]}"
