"""The account of a replay: every journal of every service, read and held against what was acknowledged.

Nothing here is told by the services' own counters: it is worked out from the committed entries themselves.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from steward.bus.client import Client
from steward.errors import Unavailable
from steward.plugins import installed_services
from steward.times import microseconds, now, parse

PAGE = 1_000
ONCE: dict[str, tuple[str, ...]] = {
    "tickets.raised": (),
    "tickets.accepted": ("round",),
    "tickets.dispatched": ("order",),
    "dispatch.ordered": ("order",),
    "clocks.started": ("rule", "clock"),
    "clocks.breached": ("rule", "clock"),
    "notify.queued": ("rule", "audience", "causationid"),
    "notify.sent": ("message", "channel"),
}
"""What a ticket may cause only once, and the members that tell one such fact from another of the same type."""
NEEDED = ("tickets.raised", "dispatch.ordered", "tickets.dispatched", "clocks.started", "notify.queued")
"""What every acknowledged ticket that is dispatched must have caused."""
WITHIN_S = 30.0
ATTEMPTS, PAUSE_S = 5, 1.0


@dataclass
class Entry:
    """One committed unit of work of one service."""

    service: str
    key: str
    at: datetime
    order: int
    matter: str
    cause: str | None
    pending: bool
    events: list[dict[str, Any]]


def read_journals(client: Client, project: str) -> list[Entry]:
    """Every entry of ``project`` in every installed service."""
    return [entry for service in installed_services() for entry in read_journal(client, service, project)]


def read_journal(client: Client, service: str, project: str) -> list[Entry]:
    """Every entry of ``project`` in ``service``, oldest first; of those committed meanwhile, some."""
    found: dict[str, Entry] = {}
    after, began = 0, microseconds(now())
    while True:
        page = _page(client, service, project, after)
        fresh = [row for row in page if row["key"] not in found]
        found.update({row["key"]: _entry(service, row) for row in fresh})
        if not fresh or page[-1]["order"] > began:  # a short page alone may have others behind it
            return list(found.values())
        after = page[-1]["order"]


def _page(client: Client, service: str, project: str, after: int, attempts: int = ATTEMPTS) -> list[dict[str, Any]]:
    """Asked again a few times: of a hundred pages one may come too late, from a store that has much to do."""
    try:
        page: list[dict[str, Any]] = client.call(service, "journal_page", within_s=WITHIN_S, project=project, after=after, limit=PAGE)
        return page
    except Unavailable:
        if attempts == 1:
            raise
    time.sleep(PAUSE_S)
    return _page(client, service, project, after, attempts - 1)


def _entry(service: str, row: Mapping[str, Any]) -> Entry:
    return Entry(
        service=service,
        key=row["key"],
        at=parse(row["at"]),
        order=row["order"],
        matter=row["matter"] or "",
        cause=row["cause"],
        pending=bool(row["pending"]),
        events=row["events"],
    )


@dataclass
class Account:
    """What became of the acknowledged tickets."""

    acknowledged: int
    events: Counter[str]
    messages: Counter[tuple[str, str]]
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    pending: set[str] = field(default_factory=set)
    """Keys of entries whose events were not yet published when they were read."""
    latencies_s: list[float] = field(default_factory=list)
    ended_at: datetime | None = None
    """When the last of all that the tickets set off was committed; what is due only later does not count."""

    @property
    def unsent(self) -> int:
        """How many messages wait to be sent."""
        return sum(count for (_, result), count in self.messages.items() if result == "queued")

    @property
    def good(self) -> bool:
        """Nothing lost, nothing twice, nothing that nobody asked for, nothing waiting to be published."""
        return not (self.lost or self.doubled or self.unexpected or self.pending)


def account(entries: Iterable[Entry], acknowledged: Mapping[str, datetime], others: Collection[str] = ()) -> Account:
    """Hold ``entries`` against the tickets ``acknowledged`` (id → when the 201 came); ``others`` are known of."""
    by_matter: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_matter[entry.matter].append(entry)
    result = Account(len(acknowledged), Counter(), Counter())
    for ticket, answered in acknowledged.items():
        mine = by_matter[f"tickets/{ticket}"]
        events = [event for entry in mine for event in entry.events]
        result.events.update(event["type"] for event in events)
        result.pending |= {f"{entry.service}: {entry.key}" for entry in mine if entry.pending}
        _count_messages(result.messages, events)
        _judge(result, ticket, events)
        last = _last_listener(mine)
        if last is not None:
            result.latencies_s.append((last - answered).total_seconds())
        times = [entry.at for entry in mine if not _due_later(entry)]
        result.ended_at = max([*times, result.ended_at] if result.ended_at else times, default=None)
    raised = {matter.partition("/")[2] for matter, mine in by_matter.items() if _raised(mine)}
    result.unexpected = sorted(raised - set(acknowledged) - set(others))
    return result


def _due_later(entry: Entry) -> bool:
    """Whether it was set off by the passing of time, not by what came before: clocks firing, receipts asked for."""
    return entry.key.startswith(("fire:", "receipt:"))


def _raised(entries: list[Entry]) -> list[Entry]:
    return [entry for entry in entries if any(event["type"] == "tickets.raised" for event in entry.events)]


def _judge(result: Account, ticket: str, events: list[dict[str, Any]]) -> None:
    present = Counter(event["type"] for event in events)
    result.lost += [f"{ticket}: no {needed}" for needed in NEEDED if not present[needed]]
    rounds = 1 + present["tickets.reopened"]
    for identity, count in Counter(_identity(event) for event in events if event["type"] in ONCE).items():
        if count > rounds:
            result.doubled.append(f"{ticket}: {identity} {count} times")


def _identity(event: Mapping[str, Any]) -> str:
    members = {**event["data"], "causationid": event.get("causationid")}
    told = [f"{name}={members[name]}" for name in ONCE[event["type"]] if members.get(name) is not None]
    return " ".join([event["type"], *told])


def _count_messages(messages: Counter[tuple[str, str]], events: list[dict[str, Any]]) -> None:
    results: dict[str, tuple[str, str]] = {}
    for event in events:
        service, _, result = event["type"].partition(".")
        if service == "notify":
            channel = event["data"].get("channel") or "none"
            results[event["subject"]] = (channel, result)
    messages.update(results.values())


def _last_listener(entries: list[Entry]) -> datetime | None:
    """When the last handler that the raising set off, directly or through others, had committed."""
    raised = _raised(entries)
    if not raised:
        return None
    reached = {event["id"] for entry in raised for event in entry.events}
    caused: list[Entry] = []
    for entry in sorted(entries, key=lambda entry: entry.at):
        if entry.cause in reached:
            caused.append(entry)
            reached |= {event["id"] for event in entry.events}
    return max((entry.at for entry in caused), default=None)


def percentile(values: list[float], share: float) -> float:
    """The value below which ``share`` of ``values`` lie (nearest rank); 0 when there are none."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else 0.0
