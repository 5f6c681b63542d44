"""Publishing events of the past again, from the journal: what was lost with a queue, or for a listener that came late.

Safe to repeat, and safe while everything runs: the events keep their ids, so whoever has handled one does nothing again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from marshmallow import RAISE, Schema, fields, validate
from nameko.extensions import DependencyProvider

from steward.bus.envelope import Envelope
from steward.bus.outboxes import Confirmed
from steward.bus.postbox import Postbox
from steward.bus.vouching import Voucher
from steward.errors import BadInput, Unavailable
from steward.plugins import listeners
from steward.spec import ServiceSpec
from steward.store.journal import Journal, events_of
from steward.store.provider import SharedStore
from steward.times import microseconds, now

log = logging.getLogger(__name__)

PAGE = 200


class Span(Schema):
    """Which events. ``queue``: for this handler alone; ``after``: where the page before said that it goes on."""

    class Meta:
        unknown = RAISE

    since = fields.AwareDateTime(required=True)
    until = fields.AwareDateTime(load_default=None)
    events = fields.List(fields.String(), load_default=[])
    queue = fields.String(load_default=None)
    after = fields.Integer(load_default=0, validate=validate.Range(min=0))
    dry_run = fields.Boolean(load_default=False)


class Republisher:
    """Publishes events of one service again."""

    def __init__(self, spec: ServiceSpec, journal: Journal, postbox: Callable[[], Postbox], voucher: Voucher) -> None:
        self._spec, self._journal, self._postbox, self._voucher = spec, journal, postbox, voucher
        self._heard = listeners(spec.name)

    def projects(self) -> list[str]:
        """The projects of which there are events."""
        return self._journal.projects()

    def page(self, project: str, span: dict[str, Any], by: str) -> dict[str, Any]:
        """One page of the events of ``project`` in ``span`` (see :class:`Span`), oldest first; ``next`` is where it goes on.

        Raises BadInput for an event or queue that is not ours, Unavailable when the broker does not take them: then some may have
        been published.
        """
        wanted = self._wanted(span["events"], span["queue"])
        first = max(microseconds(span["since"]), span["after"])
        entries, after = self._journal.span(project, first, microseconds(span["until"] or now()), PAGE)
        events = [event for entry in entries for event in events_of(entry) if event.name in wanted]
        if events and not span["dry_run"]:
            log.warning("%s publishes %d events of %s again, for %s", by, len(events), project, span["queue"] or "all who listen")
            self._publish(events, span["queue"])
        return {"events": len(events), "next": after}

    def _wanted(self, names: list[str], queue: str | None) -> set[str]:
        published = {event.name for event in self._spec.publishes}
        if unknown := set(names) - published:
            raise BadInput.of("events", f"{self._spec.name} publishes no {min(unknown)!r}")
        heard = {name for name, queues in self._heard.items() if queue in queues}
        if queue is not None and not heard:
            raise BadInput.of("queue", f"no handler with the queue {queue!r} hears {self._spec.name}")
        return (set(names) or published) & (published if queue is None else heard)

    def _publish(self, events: list[Envelope], queue: str | None) -> None:
        exchange = f"{self._spec.name}.events" if queue is None else ""
        messages = [
            self._voucher.message(exchange, queue or event.name, event.encode(), event.id, event.name in self._heard) for event in events
        ]
        if untaken := self._postbox().send_all(messages):
            raise Unavailable(f"{len(untaken)} of {len(events)} events were not taken: {next(iter(untaken.values()))}")


class Republishing(DependencyProvider):
    """Gives a worker its service's :class:`Republisher`."""

    store = SharedStore()
    sending = Confirmed()

    def get_dependency(self, worker: Any) -> Republisher:
        return Republisher(self.store.spec, self.store.journal, lambda: self.sending.postbox, Voucher.ours())
