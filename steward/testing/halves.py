"""Nothing half-written: each service's state held against its own journal, and against what others were told.

Read from the stores themselves, past the services, so that no service can cover up for itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from steward.bus.dead import COLLECTION as LETTERS
from steward.plugins import installed_services
from steward.settings import Settings
from steward.store.client import Document, connect, database
from steward.store.journal import JOURNAL

MESSAGES = "messages"
SENT = ("sent", "delivered")
UNDER_WAY = ("queued", "sending")
SMS = "sms"

_ENTRY = {"order": 1, "pending": 1, "cause": 1} | {f"events.{member}": 1 for member in ("id", "type", "subject", "aggregateversion")}
_STATE = ("version", "_order", "state", "round", "ticket", "channels", "step", "doubtful")


@dataclass
class Holdings:
    """What one service has in its store: entries of the journal, by collection the aggregates that it tells of, dead letters."""

    service: str
    entries: list[Document]
    aggregates: dict[str, list[Document]] = field(default_factory=dict)
    letters: list[Document] = field(default_factory=list)

    def of(self, collection: str) -> list[Document]:
        """The aggregates in ``collection``."""
        return self.aggregates.get(collection, [])


def read_all(settings: Settings) -> dict[str, Holdings]:
    """What every installed service has, by its name. Raises StewardError when the store is away."""
    client = connect(settings.mongo_uri)
    try:
        return {name: _read(database(client, name), name) for name in installed_services()}
    finally:
        client.close()


def _read(db: Any, service: str) -> Holdings:
    spec = installed_services()[service]
    # The journal last: state that was written meanwhile must not look as if it had no entry.
    aggregates = {collection.name: _aggregates(db[collection.name]) for collection in spec.collections}
    letters = list(db[LETTERS].find({}, {"body": 0}))
    return Holdings(service, list(db[JOURNAL.name].find({}, _ENTRY)), aggregates, letters)


def _aggregates(collection: Any) -> list[Document]:
    """Plain copies have no version of their own, or one that is not a count."""
    found = collection.find({}, dict.fromkeys(_STATE, 1))
    return [document for document in found if isinstance(document.get("version"), int)]


def half_written(holdings: Mapping[str, Holdings]) -> list[str]:
    """Every place where state and journal, or what two services hold of one ticket, do not agree; a line each."""
    found = [line for held in holdings.values() for check in (_unrecorded, _unwritten, _twice) for line in check(held)]
    return sorted([*found, *_without_order(holdings)])


def _unrecorded(held: Holdings) -> Iterator[str]:
    """State whose last change no entry tells of: the one commit gave both the same order."""
    recorded = {entry["order"] for entry in held.entries}
    for collection, documents in held.aggregates.items():
        for document in documents:
            if document.get("_order") not in recorded:
                yield f"{held.service}.{collection} {document['_id']}: version {document['version']} without an entry"


def _unwritten(held: Holdings) -> Iterator[str]:
    """Events of a version that the state has not reached."""
    versions: dict[str, int] = {}
    for documents in held.aggregates.values():
        for document in documents:
            subject = f"{held.service}/{document['_id']}"
            versions[subject] = max(document["version"], versions.get(subject, 0))
    for entry in held.entries:
        for subject, version in _told(entry):
            if version > versions.get(subject, 0):
                yield f"{subject}: an event of version {version}, the state has {versions.get(subject, 'gone')}"


def _twice(held: Holdings) -> Iterator[str]:
    """One version of one aggregate made by two commits."""
    makers = Counter(made for entry in held.entries for made in _told(entry))
    for (subject, version), count in makers.items():
        if count > 1:
            yield f"{subject}: version {version} was made {count} times"


def _told(entry: Document) -> set[tuple[str, int]]:
    return {(event["subject"], event["aggregateversion"]) for event in entry["events"]}


def _without_order(holdings: Mapping[str, Holdings]) -> Iterator[str]:
    """Dispatched tickets without their work order, and orders without their ticket."""
    if not {"tickets", "dispatch"} <= holdings.keys():
        return
    tickets, orders = holdings["tickets"].of("tickets"), holdings["dispatch"].of("orders")
    written, raised = {order["_id"] for order in orders}, {ticket["_id"] for ticket in tickets}
    for ticket in tickets:
        order_id = f"{ticket['_id']}-{ticket['round']}"
        if ticket["state"] == "dispatched" and order_id not in written:
            yield f"tickets/{ticket['_id']}: dispatched, and there is no order {order_id}"
    for order in orders:
        if order["ticket"] not in raised:
            yield f"dispatch/{order['_id']}: an order of no ticket"


def unpublished(holdings: Mapping[str, Holdings]) -> list[str]:
    """Entries whose events wait to be published."""
    return [f"{held.service}: {entry['_id']} not published" for held in holdings.values() for entry in held.entries if entry.get("pending")]


def dead(holdings: Mapping[str, Holdings]) -> list[str]:
    """Messages that were given up and that nobody has replayed or discarded."""
    return [f"{letter['queue']}: {letter['error']}" for held in holdings.values() for letter in held.letters if letter["state"] == "dead"]


@dataclass(frozen=True)
class Post:
    """What notify says of its messages, held against what the SMS operator has. A line each."""

    lost: list[str]
    doubled: list[str]
    unexpected: list[str]
    under_way: list[str]


def post(messages: Iterable[Document], at_operator: Iterable[str]) -> Post:
    """``at_operator``: the message ids of all that the operator took, in any order.

    A message may be there twice only when it says of itself that it is doubtful.
    """
    known = {message["_id"]: message for message in messages}
    taken = Counter(at_operator)
    return Post(
        lost=[f"message {name}: {m['state']}, the operator never got it" for name, m in known.items() if _by_sms(m) and not taken[name]],
        doubled=[f"message {name}: sent {n} times" for name, n in taken.items() if n > 1 and not _doubtful(known.get(name))],
        unexpected=[f"message {name}: at the operator, and nobody knows of it" for name in taken if name not in known],
        under_way=[f"message {name}: {m['state']}" for name, m in known.items() if m["state"] in UNDER_WAY],
    )


def _by_sms(message: Document) -> bool:
    return message["state"] in SENT and message["channels"][message["step"]] == SMS


def _doubtful(message: Document | None) -> bool:
    return message is not None and bool(message["doubtful"])
