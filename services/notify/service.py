"""What wakes the notify service (handbook §9)."""

from __future__ import annotations

import base64
import logging
from collections.abc import Mapping
from typing import Any

from nameko.extensions import DependencyProvider

from services.notify import contacts, letters, model, schemas
from services.notify.channels.letter import of as page_of
from services.notify.rules import Announcement, Terms, announcements
from services.notify.sending import Desk, Sender
from services.notify.spec import SPEC
from services.notify.store import MATTERS, MESSAGES, PROJECTS, UNITS, matter_of, project_of, unit_of
from services.notify.words import Words
from steward import copies, plugins
from steward.bus.envelope import Envelope
from steward.channels import Channel, Needs
from steward.errors import AlreadyExists, Conflict, NotFound
from steward.facts import Decision
from steward.policy import Policies
from steward.service import Service, handles, rpc, sweep
from steward.settings import Settings, SettingsError

log = logging.getLogger(__name__)

CHANNELS = "steward.channels"
ME = "me"
_USER = "user:"
_view = schemas.MessageView()


class DeskOf(DependencyProvider):  # type: ignore[misc]
    """``self.desk``: the channels that are installed and configured, and what they are busy with."""

    def setup(self) -> None:
        settings = Settings.from_env()
        policy = Policies(SPEC, settings.policy).of("")
        self.desk = Desk(installed_channels(settings), Words(settings.policy), policy["sending"]["together"], policy["away"])

    def stop(self) -> None:
        self.desk.finish()

    def get_dependency(self, worker: Any) -> Desk:
        return self.desk


def installed_channels(settings: Settings) -> dict[str, Channel]:
    """Every channel that can be made with ``settings``; the others are logged and passed over by messages."""
    made: dict[str, Channel] = {}
    for name, factory in plugins.installed(CHANNELS).items():
        try:
            made[name] = factory(settings)
        except SettingsError as error:
            log.warning("channel %s is off: %s", name, error)
    return made


class Notify(Service):
    spec = SPEC
    desk: Desk = DeskOf()  # type: ignore[assignment]

    @handles
    def on_event(self, event: Envelope) -> None:
        """Queue what the policy's rules say of this event; what was queued before stays as it is."""
        policy = self.policy.of(event.project)
        known = self._known(event)
        try:
            with self.store.work() as work:
                if event.type in policy["matter"]["events"]:
                    work.keep(MATTERS, matter_of(event, policy["matter"]["fields"]))
                for call in announcements(policy, event.type, event.id, event.matter, known):
                    if work.find(MESSAGES, call.id) is None:
                        work.apply(MESSAGES, self._queue(call, event, known, policy))
        except AlreadyExists as error:
            raise Conflict("queued at this very moment") from error

    def _known(self, event: Envelope) -> dict[str, Any]:
        """What the event says, what it repeats ``about`` its subject, and what is kept of its matter, in this order."""
        known = self.store.read.plain(MATTERS, event.matter) or {}
        for said in (event.data.get("about") or {}, event.data):
            known |= {name: value for name, value in said.items() if value is not None}
        return known | {"project": event.project}

    def _queue(self, call: Announcement, event: Envelope, known: Mapping[str, Any], policy: Mapping[str, Any]) -> Decision[model.Message]:
        project = self.store.read.plain(PROJECTS, event.project) or {}
        return model.queue(
            call,
            project=event.project,
            matter=event.matter,
            words={name: str(known.get(name) or "") for name in call.rule.words},
            unit=known.get("unit"),
            urgency=known.get("urgency"),
            reachable=self._reachable(call, known),
            now=self.context.now,
            terms=Terms.of(policy, project.get("timezone")),
        )

    def _reachable(self, call: Announcement, known: Mapping[str, Any]) -> tuple[str, ...]:
        """The channels to try, in order: of those that the event asks for, the installed ones, and those of the rule."""
        usable = (name for name in call.rule.ways(known) if name in self.desk.channels or name in call.rule.channels)
        return tuple(name for name in usable if self._may_reach(name, known))

    def _may_reach(self, channel: str, known: Mapping[str, Any]) -> bool:
        """Whether the event itself does not rule ``channel`` out."""
        installed = self.desk.channels.get(channel)
        needs = installed.needs if installed else Needs.NOTHING
        without_phone = needs is Needs.PHONE and known.get("has_phone") is False
        without_unit = needs is Needs.UNIT and not known.get("unit")
        return not (without_phone or without_unit)

    @handles
    def on_residents(self, event: Envelope) -> None:
        """Keep what letters say of projects and units."""
        with self.store.work() as work:
            if event.name == "project_opened":
                work.keep(PROJECTS, project_of(event))
            for unit in event.data.get("units", ()):
                work.keep(UNITS, unit_of(event.project, unit), as_of=event.time)

    @handles
    def on_purge(self, event: Envelope) -> None:
        """residents.purge_begun: to whom messages went goes, where it was that person; what is under way stays as yet."""
        known = copies.asked_about(event, self.remote)
        units = sorted({span["unit"] for span in event.data["units"]})
        with self.store.work() as work:
            found = work.where(MESSAGES, {"project": event.project, "unit": {"$in": units}})
            theirs = [message for message in found if contacts.is_of(message, known, self.sealer)]
            over = [message for message in theirs if model.is_over(message)]
            for message in over:
                work.apply(MESSAGES, model.forget(message))
            copies.report(work, event, len(over), len(theirs) - len(over))

    @sweep
    def send_due(self) -> None:
        """Start on what is due; it goes on in green threads of its own."""
        self._sender().start_due(self.context.now)

    def _sender(self) -> Sender:
        return Sender(self.desk, self.store, self.remote, self.policy, self.sealer)

    @rpc
    def personal_data(self, project: str, person: str, body: dict[str, Any]) -> dict[str, Any]:
        """The messages that went to somebody, of the units that were theirs."""
        return {"sections": [copies.section("通知", [contacts.told(message, self.sealer) for message in self._held_of(project, body)])]}

    @rpc
    def copies_held(self, project: str, person: str, body: dict[str, Any]) -> dict[str, Any]:
        """How many of these there are, and how many still have to reach them."""
        found = self._held_of(project, body)
        return {"held": len(found), "under_way": sum(not model.is_over(message) for message in found)}

    def _held_of(self, project: str, sought: dict[str, Any]) -> list[model.Message]:
        known = copies.Known(sought["name"], tuple(sought["phones"]))
        found = self.store.read.where(MESSAGES, {"project": project, "unit": {"$in": sought["units"]}}, limit=0)
        return [message for message in found if contacts.is_of(message, known, self.sealer)]

    @rpc
    def messages(self, project: str, query: dict[str, Any]) -> dict[str, Any]:
        cursor, limit = query.pop("cursor"), query.pop("limit")
        wanted = {name: str(value) for name, value in query.items() if value is not None}
        if wanted.get("person") == ME:
            wanted["person"] = self._me
        self._require("notify.read", project, wanted.get("person"))
        page = self.store.read.page(MESSAGES, {"project": project, **wanted}, cursor, limit)
        return {"items": [_view.dump(message) for message in page.items], "next": page.next}

    @rpc
    def message(self, project: str, message: str) -> dict[str, Any]:
        kept = self.store.read.get(MESSAGES, message, project)
        self._require("notify.read", project, kept.person)
        found: dict[str, Any] = _view.dump(kept)
        return found

    @rpc
    def letter(self, project: str, message: str) -> dict[str, Any]:
        """The PDF; the same bytes each time. NotFound where the message is no letter, or not made yet."""
        kept = self.store.read.get(MESSAGES, message, project)
        if kept.channel != "letter" or not kept.text:
            raise NotFound(f"message {message!r} is not a letter")
        parcel = self._sender().parcel(kept)
        return {"content": base64.b64encode(letters.pdf(page_of(parcel), parcel.rules)).decode()}

    @rpc
    def posted(self, project: str, message: str, body: dict[str, Any]) -> dict[str, Any]:
        with self.store.work() as work:
            state = work.load(MESSAGES, message, project)
            state = work.apply(MESSAGES, model.posted(state, self.context.now))
            return work.answer(_view.dump(state))  # type: ignore[no-any-return]

    @rpc
    def done(self, project: str, message: str, body: dict[str, Any]) -> dict[str, Any]:
        terms = Terms.of(self.policy.of(project))
        with self.store.work() as work:
            state = work.load(MESSAGES, message, project)
            self._require("notify.work", project, state.person)
            state = work.apply(MESSAGES, model.called(state, body["reached"], body["remark_code"], self.context.now, terms))
            return work.answer(_view.dump(state))  # type: ignore[no-any-return]

    @property
    def _me(self) -> str:
        return self.context.principal.id.removeprefix(_USER)

    def _require(self, permission: str, project: str, person: str | None) -> None:
        """Whoever was named has their own tasks, whatever their role. Raises NotPermitted for all others without ``permission``."""
        if person != self._me:
            self.context.principal.require(permission, project)
