"""Sending what is due, many at once, so that a slow operator holds up nobody but itself (handbook §9).

Each message is worked on in a green thread of its channel's pool, and goes through committed states:
claim → the operator, under the message's id → settle. Whatever dies in between is found again by its lease.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any, TypeVar

import eventlet
from eventlet.greenpool import GreenPool
from eventlet.timeout import Timeout
from jinja2 import TemplateError
from prometheus_client import Counter, Gauge

from services.notify import contacts, model
from services.notify.model import Letterhead, Message, Prepared, State
from services.notify.rules import CALLER, Terms
from services.notify.store import MESSAGES, PROJECTS
from services.notify.words import Words, known_language, spoken
from steward.breaker import Breaker
from steward.bus.calls import RemoteServices
from steward.channels import Channel, Contact, Fate, Finding, Hand, Outcome, Parcel, Result
from steward.errors import Conflict, StewardError, Transient, Unavailable
from steward.facts import Decision
from steward.observe import health
from steward.policy import Policies
from steward.store.committing import AlreadyDone
from steward.store.provider import StoreOf
from steward.times import now
from steward.trust.sealing import Sealer, mask_phone

log = logging.getLogger(__name__)

RESULTS = Counter("steward_notifications_total", "Attempts to send, by how they ended", ["channel", "result"])
OPEN = Gauge("steward_channel_away", "1 while a channel is not used because its operator is away", ["channel"])

BATCH = 200
_SETTLE_TRIES = 10
_SETTLE_PAUSE_S = 0.5

T = TypeVar("T", Outcome, Finding)
Decide = Callable[[Message], Decision[Message]]


class Desk:
    """What sending needs of the process, shared by all its sweeps: channels, templates, and who is being served."""

    def __init__(self, channels: Mapping[str, Channel], words: Words, together: int, away: Mapping[str, Any]) -> None:
        self.channels, self.words, self._together = channels, words, together
        self._breakers = {name: self._breaker(name, away) for name in channels}
        self._pools: dict[str, GreenPool] = {}
        self._under_way: set[str] = set()

    def start(self, message: Message, work: Callable[[Message], None]) -> None:
        """Run ``work`` on ``message`` if its channel has a place free, its operator is there, and nobody here is at it."""
        pool = self._pools.setdefault(message.channel, GreenPool(self._together))
        if message.id in self._under_way or pool.free() <= 0:
            return
        breaker = self._breakers.get(message.channel)
        probing = breaker is not None and breaker.open
        if breaker is None or breaker.may(monotonic()):
            self._under_way.add(message.id)
            pool.spawn_n(self._run, message, work, breaker if probing else None)

    def free(self, channel: str) -> bool:
        """Whether ``channel`` has a place free, and its operator is there."""
        return not self._breakers[channel].open and (channel not in self._pools or self._pools[channel].free() > 0)

    def heard(self, channel: str, away: bool) -> None:
        """An attempt on ``channel`` found its operator there, or away."""
        breaker = self._breakers[channel]
        was_open = breaker.open
        if away:
            breaker.away(monotonic())
        else:
            breaker.well()
        if breaker.open != was_open:
            log.warning("channel %s: the operator is %s", channel, "away" if away else "back")

    def finish(self) -> None:
        """Wait until everything under way has ended."""
        for pool in self._pools.values():
            pool.waitall()

    def _breaker(self, channel: str, away: Mapping[str, Any]) -> Breaker:
        breaker = Breaker(away["failures"], away["probe_s"])
        OPEN.labels(channel).set_function(lambda: breaker.open)
        health.board.detail(f"channel {channel}", lambda: "the operator is away" if breaker.open else "in use")
        return breaker

    def _run(self, message: Message, work: Callable[[Message], None], probed: Breaker | None) -> None:
        try:
            work(message)
        except StewardError as error:
            log.warning("message %s: %s", message.id, error)
        except Exception:
            log.exception("message %s", message.id)
        finally:
            self._under_way.discard(message.id)
            if probed is not None:
                probed.undecided()


@dataclass(frozen=True)
class Sender:
    """Takes one message one step further, whatever state it is found in."""

    desk: Desk
    store: StoreOf
    remote: RemoteServices
    policies: Policies
    sealer: Sealer

    def start_due(self, moment: datetime) -> None:
        """Start on the messages that are due, as many as there are places for."""
        due = self.store.read.due(MESSAGES, "next_at", moment, limit=BATCH)
        if len(due) == BATCH:  # a channel that lags behind must not hide what is due on others
            for channel in filter(self.desk.free, self.desk.channels):
                lagging = {"next_at": {"$lte": moment}, "channel": channel}
                due += self.store.read.where(MESSAGES, lagging, limit=BATCH // 4)
        random.shuffle(due)  # so that replicas seldom want the same
        for message in due:
            self.desk.start(message, self.step)

    def step(self, message: Message) -> None:
        """Send it, or ask what became of it."""
        channel = self.desk.channels.get(message.channel)
        match message.state:
            case State.SENDING if channel:
                self._inquire(message, channel)
            case State.SENT if channel:
                finding = self._look_up(message, channel)
                self._commit(message, "receipt", lambda m: model.receipt(m, finding, now(), self._terms(m)))
            case State.QUEUED:
                self._send(message, channel)

    def _send(self, message: Message, channel: Channel | None) -> None:
        terms = self._terms(message)
        if model.too_late(message, now()):
            self._commit(message, "expire", lambda m: model.expire(m, now()))
        elif model.too_early(message, now(), terms):
            self._commit(message, "postpone", lambda m: model.postpone(m, now(), terms))
        elif channel is None:
            self._unreachable(message, "no_channel", terms)
        else:
            self._send_through(message, channel, terms)

    def _send_through(self, message: Message, channel: Channel, terms: Terms) -> None:
        policy = self.policies.of(message.project)
        try:
            contact, wishes = contacts.resolve(message, channel.needs, policy, self.remote, self.store.read)
        except Transient as error:
            log.info("message %s waits: %s", message.id, error)
            self._commit(message, "wait", lambda m: model.wait(m, now(), terms))
            return
        if heeded := model.heed(message, wishes, now(), terms):
            self._commit(message, "heed", lambda _: heeded)
            return
        if not contact.has(channel.needs):
            self._unreachable(message, f"no_{channel.needs}", terms)
            return
        try:
            prepared = self._prepared(message, contact)
        except TemplateError as error:
            log.error("message %s: template %s: %s", message.id, message.template, error)
            self._unreachable(message, "no_template", terms)
            return
        if channel.hand is Hand.OPERATOR:
            self._send_out(message, channel, prepared, terms)
        else:
            self._hand_over(message, channel, prepared, terms)

    def _send_out(self, message: Message, channel: Channel, prepared: Prepared, terms: Terms) -> None:
        """Across the border: nothing leaves before the claim is committed."""
        claimed = self._commit(message, "claim", lambda m: model.claim(m, prepared, now(), terms))
        if claimed is None:
            return
        outcome = self._attempt(claimed, lambda: channel.send(self.parcel(claimed)))
        settled = outcome or Outcome(Result.UNCLEAR, "no_answer")
        RESULTS.labels(claimed.channel, settled.result).inc()
        self._insist(claimed, "settle", lambda m: model.settle(m, settled, channel.hand, now(), terms))

    def _hand_over(self, message: Message, channel: Channel, prepared: Prepared, terms: Terms) -> None:
        claimed = model.claim(message, prepared, now(), terms).state
        outcome = self._attempt(claimed, lambda: channel.send(self.parcel(claimed))) or Outcome(Result.LATER, "failed")
        RESULTS.labels(message.channel, outcome.result).inc()
        if outcome.code:
            log.warning("message %s on %s: %s", message.id, message.channel, outcome.code)
        at = claimed.tried_at or now()
        self._commit(message, "hand", lambda m: model.hand_over(m, prepared, outcome, channel.hand, at, terms))

    def _inquire(self, message: Message, channel: Channel) -> None:
        """It was left in ``sending``: by a process that died, or because no answer came."""
        taken = self._commit(message, "take", lambda m: model.take_up(m, now(), self._terms(m)))
        if taken is not None:
            finding = self._look_up(taken, channel)
            RESULTS.labels(taken.channel, f"looked_up_{finding.fate}").inc()
            self._insist(taken, "found", lambda m: model.found(m, finding, now(), self._terms(m)))

    def _look_up(self, message: Message, channel: Channel) -> Finding:
        finding = self._attempt(message, lambda: channel.look_up(self.parcel(message)))
        return finding or Finding(Fate.UNKNOWN, "no_answer")

    def _attempt(self, message: Message, attempt: Callable[[], T]) -> T | None:
        """What ``attempt`` returns; None when it fails in a way it should not, or takes too long."""
        with Timeout(self.policies.of(message.project)["sending"]["attempt_s"], False):
            try:
                answer = attempt()
            except Exception:
                log.exception("message %s: channel %s failed", message.id, message.channel)
                return None
            self.desk.heard(message.channel, answer.away)
            return answer
        self.desk.heard(message.channel, away=True)
        return None

    def _unreachable(self, message: Message, reason_code: str, terms: Terms) -> None:
        self._commit(message, "unreachable", lambda m: model.unreachable(m, reason_code, now(), terms))

    def _commit(self, message: Message, what: str, decide: Decide) -> Message | None:
        """The state after ``decide``; None when somebody else has moved ``message`` on."""
        try:
            with self.store.work(key=f"{what}:{message.id}:{message.version}", at=now()) as work:
                fresh = work.find(MESSAGES, message.id)
                if fresh is None or fresh.version != message.version:
                    return None
                return work.apply(MESSAGES, decide(fresh))
        except (Conflict, AlreadyDone):
            return None

    def _insist(self, message: Message, what: str, decide: Decide) -> None:
        """Commit what cannot be found out again for nothing; if the store stays away, the lease brings it back."""
        for _ in range(_SETTLE_TRIES):
            try:
                self._commit(message, what, decide)
                return
            except Unavailable:
                eventlet.sleep(_SETTLE_PAUSE_S)
        log.error("message %s: %s could not be recorded", message.id, what)

    def _prepared(self, message: Message, contact: Contact) -> Prepared:
        """The words, the recipient sealed, and the letterhead. Raises TemplateError."""
        policy, project = self.policies.of(message.project), self._project(message)
        wanted = contact.language if message.audience == CALLER else None
        language = known_language(wanted, policy["language"])
        words = spoken(message.words, language)
        return Prepared(
            language=language,
            text=self.desk.words.render(message.template, message.channel, language, words),
            recipient=contacts.seal(contact, self.sealer) if message.audience == CALLER else None,
            hint=mask_phone(contact.phone) if contact.phone else None,
            letterhead=Letterhead(
                company=policy["companies"].get(project.get("company"), policy["company"]),
                place=project.get("name") or message.project,
                zone=project.get("timezone") or policy["zone"],
            ),
        )

    def parcel(self, message: Message) -> Parcel:
        """``message`` as its channel wants it."""
        language = message.language or self.policies.of(message.project)["language"]
        return Parcel(
            key=message.id,
            project=message.project,
            template=message.template,
            language=language,
            text=message.text or "",
            contact=contacts.unseal(message.recipient, self.sealer),
            now=now(),
            first_at=message.first_at or message.created_at,
            zone=message.letterhead.zone,
            company=message.letterhead.company,
            place=message.letterhead.place,
            words=spoken(message.words, language),
            rules=self.policies.of(message.project)["channel"].get(message.channel, {}),
        )

    def _terms(self, message: Message) -> Terms:
        return Terms.of(self.policies.of(message.project), self._project(message).get("timezone"))

    def _project(self, message: Message) -> Mapping[str, Any]:
        return self.store.read.plain(PROJECTS, message.project) or {}
