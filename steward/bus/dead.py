"""Dead letters 死信: what no handler could do, filed in the store with its cause; replayed, corrected or discarded.

Every action may be repeated: a letter that has been closed in the same way stays as it is, and a message that has been
sent twice takes effect once, for it keeps the event's id.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import eventlet
from eventlet.event import Event as Signal
from kombu import Connection, Queue
from marshmallow import INCLUDE, ValidationError
from nameko.extensions import DependencyProvider
from pymongo.database import Database

from steward import plugins
from steward.bus import deadschemas, settling, topology
from steward.bus.envelope import Envelope, Malformed, from_wire
from steward.bus.intake import Delivery, Intake, Subscription
from steward.bus.letters import DEAD, DISCARDED, LETTERS, REPLAYED, Deed, Letter, made_of, shown, wanted
from steward.bus.outboxes import Confirmed
from steward.bus.postbox import Outgoing, Postbox
from steward.bus.vouching import MAC, Voucher
from steward.errors import AlreadyExists, BadInput, IllegalTransition, NotFound, StewardError
from steward.observe import metrics
from steward.spec import ServiceSpec
from steward.store.client import Document, our_words
from steward.store.provider import SharedStore
from steward.store.reading import Reading
from steward.times import now
from steward.trust.principals import EVERYWHERE, Principal
from steward.validation import schema, wrong_fields

log = logging.getLogger(__name__)

SEE, ACT = "ops.dead_letters", "ops.replay"
COLLECTION = LETTERS.collection
BATCH = 100
"""Messages of a bulk replay that one confirmation of the broker is waited for."""
_RETRY_S = 1.0

View = dict[str, Any]
_ROW, _WHOLE = deadschemas.Letter(), deadschemas.WholeLetter()


class DeadLetterShelf:
    """The dead letters of one service, as far as ``principal`` may know of them."""

    def __init__(self, db: Database[Document], postbox: Callable[[], Postbox], spec: ServiceSpec, principal: Principal) -> None:
        self._letters, self._reading = db[COLLECTION], Reading(db)
        self._postbox, self._spec, self._by = postbox, spec, principal

    def page(self, query: Mapping[str, Any]) -> View:
        """A page of letters, without bodies and stacks."""
        found = wanted(query, self._spec.name, self._by.projects(SEE), query["state"])
        page = self._reading.page(LETTERS, found, query["cursor"], query["limit"])
        return {"items": [_row(letter) for letter in page.items], "next": page.next}

    def show(self, id: str) -> View:
        """One letter, whole. Raises NotFound."""
        return _whole(self._find(id, SEE))

    def replay(self, id: str) -> View:
        """Give the letter to its handler again. Raises NotFound, IllegalTransition, Unavailable."""
        letter = self._find(id, ACT)
        if self._open(letter, REPLAYED):
            self._replay([letter], Deed(now(), self._by.id, "replayed"))
        return _whole(self._find(id, ACT))

    def edit(self, id: str, event: dict[str, Any], reason: str) -> View:
        """Give the letter to its handler again with another body. Raises BadInput too, naming the fields that are wrong."""
        letter = self._find(id, ACT)
        self._check(letter, event)
        body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        if letter.state == REPLAYED and letter.body != body:
            raise IllegalTransition.of("edit", letter.state, [])
        if self._open(letter, REPLAYED):
            deed = Deed(now(), self._by.id, "edited", reason, letter.body, body)
            mac = Voucher.ours().headers(body)[MAC]
            self._replay([replace(letter, body=body, mac=mac)], deed, {"body": body, "mac": mac, "reason": reason})
        return _whole(self._find(id, ACT))

    def discard(self, id: str, reason: str) -> View:
        """Close the letter for good. Raises NotFound, IllegalTransition."""
        letter = self._find(id, ACT)
        if self._open(letter, DISCARDED):
            self._close([letter], DISCARDED, Deed(now(), self._by.id, "discarded", reason), {"reason": reason})
        return _whole(self._find(id, ACT))

    def replay_many(self, filter: Mapping[str, Any]) -> View:
        """Replay what ``filter`` finds, or count it. Raises Unavailable; what is done by then stays done."""
        return self._many(filter, lambda letters: self._replay(letters, Deed(now(), self._by.id, "replayed")))

    def discard_many(self, filter: Mapping[str, Any]) -> View:
        """Discard what ``filter`` finds, or count it."""
        reason = filter["reason"]
        deed = Deed(now(), self._by.id, "discarded", reason)
        return self._many(filter, lambda letters: self._close(letters, DISCARDED, deed, {"reason": reason}))

    def _many(self, filter: Mapping[str, Any], act: Callable[[Sequence[Letter]], None]) -> View:
        query, done, cursor = wanted(filter, self._spec.name, self._by.projects(ACT)), 0, None
        with our_words():
            matched = self._letters.count_documents(query)
        while not filter["dry_run"] and done < filter["limit"]:
            page = self._reading.page(LETTERS, query, cursor, min(BATCH, filter["limit"] - done))
            act(page.items)
            done, cursor = done + len(page.items), page.next
            if cursor is None:
                break
        return {"matched": matched, "done": done}

    def _find(self, id: str, permission: str) -> Letter:
        letter = self._reading.get(LETTERS, id)
        projects = self._by.projects(permission)
        if EVERYWHERE not in projects and letter.project not in projects:
            raise NotFound(f"no {COLLECTION} {id!r} here")
        return letter

    def _open(self, letter: Letter, becomes: str) -> bool:
        """Whether it is still to be closed; False when it ``becomes`` what it is already. Raises IllegalTransition."""
        if letter.state not in (DEAD, becomes):
            raise IllegalTransition.of(becomes, letter.state, [])
        return letter.state == DEAD

    def _replay(self, letters: Sequence[Letter], deed: Deed, change: Document | None = None) -> None:
        """Send first, then close: what dies in between is sent twice, not lost."""
        if not letters:
            return
        messages = [Outgoing("", letter.queue, letter.body, letter.message_id, letter.headers, mandatory=True) for letter in letters]
        gone = self._postbox().send_all(messages)
        self._close([letter for letter in letters if letter.message_id not in gone], REPLAYED, deed, change or {})
        if gone:
            raise NotFound(f"gone: queue {', '.join(sorted({letter.queue for letter in letters if letter.message_id in gone}))}")

    def _close(self, letters: Sequence[Letter], state: str, deed: Deed, change: Document) -> None:
        """Note the deed, and close what has not died again meanwhile: a replay may fail before it is noted here."""
        ids = {"_id": {"$in": [letter.id for letter in letters]}}
        same_death = {"state": DEAD, "death": {"$in": [letter.death for letter in letters]}}
        closed = {"state": state, "closed_at": deed.at, "closed_by": deed.by, "reason": None, **change}
        with our_words():
            self._letters.update_many(ids, {"$push": {"history": vars(deed)}})
            self._letters.update_many(ids | same_death, {"$set": closed})

    def _check(self, letter: Letter, event: dict[str, Any]) -> Envelope:
        """``event`` as the letter's handler will read it. Raises BadInput."""
        try:
            envelope = from_wire(event)
        except Malformed as error:
            raise BadInput.of("event", str(error)) from error
        if envelope.id != letter.message_id:
            raise BadInput.of("event.id", f"must stay {letter.message_id!r}, by which its effects are recognised")
        if envelope.type not in self._heard(letter):
            raise BadInput.of("event.type", f"is not one that {letter.queue} hears")
        if letter.project and envelope.project != letter.project:
            raise BadInput.of("event.project", f"must stay {letter.project!r}")
        self._by.require(ACT, envelope.project)
        contract = plugins.installed_services()[envelope.service].event(envelope.name).schema
        try:
            schema(contract).load(envelope.data, unknown=INCLUDE)
        except ValidationError as error:
            raise wrong_fields({"event": {"data": error.messages}}) from error
        return envelope

    def _heard(self, letter: Letter) -> tuple[str, ...]:
        for queue, hears in self._spec.queues():
            if queue == letter.queue:
                return hears.events
        raise NotFound(f"queue {letter.queue} is gone")


def file(db: Database[Document], delivery: Delivery) -> bool:
    """Keep a message that was given up, once for each time that it was. False when this was told before. Raises Unavailable."""
    letter = made_of(delivery, now())
    this = {"_id": letter.pop("_id"), "death": {"$ne": letter["death"]}}
    change = {
        "$set": letter,
        "$min": {"first_failed": letter.pop("first_failed")},
        "$inc": {"deaths": 1, "version": 1},
        "$setOnInsert": {"history": []},
    }
    try:
        with our_words():
            db[COLLECTION].update_one(this, change, upsert=True)
    except AlreadyExists:
        log.debug("letter %s is filed already", this["_id"])
        return False
    return True


def _row(letter: Letter) -> View:
    row: View = _ROW.dump(shown(letter))
    return row


def _whole(letter: Letter) -> View:
    whole: View = _WHOLE.dump(shown(letter))
    return whole


class DeadLetters(DependencyProvider):
    """Files a service's dead letters as they come; gives a worker the :class:`DeadLetterShelf`."""

    intake = Intake()
    store = SharedStore()
    sending = Confirmed()

    def setup(self) -> None:
        self._stop = Signal()
        self._subscription = Subscription(self._declare, self._receive, prefetch=1)
        self.intake.subscribe(self._subscription)

    def stop(self) -> None:
        self._stop.send()

    def _declare(self, bus: Connection) -> Queue:
        queue = topology.dead_queue(self.container.service_name)(bus.default_channel)
        queue.declare()
        return queue

    def _receive(self, delivery: Delivery) -> None:
        eventlet.spawn_n(self._file, delivery)

    def _file(self, delivery: Delivery) -> None:
        while not self._stop.ready():
            try:
                if file(self.store.database, delivery):
                    self._count(delivery)
            except StewardError as error:
                log.warning("dead letter not filed yet: %s", error)
                eventlet.sleep(_RETRY_S)
            else:
                delivery.ack()
                return

    def _count(self, delivery: Delivery) -> None:
        """What the broker gave up; what a handler gave up is counted there."""
        if settling.QUEUE not in delivery.headers:
            handler = str(delivery.headers.get("x-first-death-queue", "unknown")).partition(".")[2]
            metrics.DEAD.labels(self.container.service_name, handler, "broker").inc()

    def get_dependency(self, worker: Any) -> DeadLetterShelf | None:
        context = worker.data.get("steward")
        if context is None:
            return None
        return DeadLetterShelf(self.store.database, lambda: self.sending.postbox, self.container.service_cls.spec, context.principal)
