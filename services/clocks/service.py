"""What wakes the clocks: the events that policy names, and the passing of time (handbook §5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache
from time import monotonic
from typing import Any

from prometheus_client import Counter, Gauge, Histogram

from services.clocks import compliance, model, schemas
from services.clocks.aside import Failed, failed, set_aside, still_aside
from services.clocks.book import Book, standing_event, zone_event
from services.clocks.calendars import Calendars
from services.clocks.model import Sighting, Watch
from services.clocks.rulebook import Rulebooks
from services.clocks.ruling import Ruling
from services.clocks.spec import SPEC
from services.clocks.staff import STAFF, Staff, person_of
from services.clocks.store import OUTCOMES, PROJECTS, WATCHES, Archive, Zones
from services.clocks.working import working_day_after
from steward.bus.envelope import Envelope
from steward.errors import BadInput, NotFound, Transient
from steward.facts import Decision
from steward.policy import Policies
from steward.service import Service, handles, rpc, sweep
from steward.store.reading import Page, Reading
from steward.store.work import Work
from steward.times import iso
from steward.together import each
from steward.trust.principals import EVERYWHERE

View = dict[str, Any]

LAG = Histogram(
    "steward_clock_lag_seconds",
    "Between the moment a clock's step was due and its telling",
    buckets=(0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 300, 3600),
)
EXHAUSTED = Counter(
    "steward_clock_ladder_exhausted",
    "Steps of clocks told in the name of a role where nobody was there, neither in it nor in any role above it",
)
BACKLOG = Gauge("steward_clock_backlog", "Watches with a step that is due for long and not told")
UNFIREABLE = Gauge("steward_clock_unfireable", "Watches that cannot be fired and are set aside")


@cache
def _rulebooks(read: Reading) -> Rulebooks:
    return Rulebooks(read)


@cache
def _book(policies: Policies, rulebooks: Rulebooks) -> Book:
    return Book(policies, rulebooks.said)


@cache
def _staff(read: Reading) -> Staff:
    return Staff(read)


class Clocks(Service):
    """Starts, stops and fires clocks; knows nothing of what they are for."""

    spec = SPEC
    archive = Archive()
    zones = Zones()

    @property
    def rulebooks(self) -> Rulebooks:
        """What was said over the API, as this process knows it."""
        return _rulebooks(self.store.read)

    @property
    def book(self) -> Book:
        """The rules of this process, parsed once."""
        return _book(self.policy, self.rulebooks)

    @property
    def staff(self) -> Staff:
        """Who can be called upon, as this process knows it."""
        return _staff(self.store.read)

    @handles
    def on_event(self, event: Envelope) -> None:
        rules = self.book.rules(event.project)
        calendars = self._calendars(event.project)
        with self.store.work() as work:
            watch = work.find(WATCHES, event.aggregate)
            if event.type not in rules.heard and not (watch and event.type in watch.awaited):
                return
            watch = watch or Watch(event.aggregate, event.project, event.matter, event.subject)
            seen = Sighting(event.type, event.version, event.time, event.data)
            decision = model.observe(watch, seen, rules, calendars, self._number(event.project, "subject", "keep_events"))
            if decision is None:
                return
            decision = self._addressed(decision)
            work.apply(WATCHES, decision)
            self._keep_outcomes(work, watch, decision.state, calendars)
            new_version = self._counts_by(decision.state, calendars.current.version)
            if new_version:
                self.archive.keep(work, calendars.current)
        EXHAUSTED.inc(model.unheard(decision))
        if new_version:
            self.archive.was_kept(calendars.current)

    @handles
    def on_project(self, event: Envelope) -> None:
        zone = event.data.get(zone_event()[1])
        if zone:
            with self.store.work() as work:
                work.keep(PROJECTS.name, {"_id": event.project, "zone": zone})

    @handles
    def on_standing(self, event: Envelope) -> None:
        """Keep what is newest of somebody, whichever comes first."""
        person = person_of(event, standing_event()[1])
        with self.store.work() as work:
            known = work.find(STAFF, person.id)
            if known and known.told >= person.told:
                return
            work.apply(STAFF, Decision(replace(person, version=known.version if known else 0)))
        self.staff.forget()

    @sweep
    def fire_due(self) -> None:
        """Fire what is due, in the order in which it came to be: now, or since an outage."""
        sizes = self.policy.of("")["sweep"]
        until = monotonic() + sizes["most_s"]
        while monotonic() < until:
            due = self.store.read.due(WATCHES, "next_at", self.context.now, sizes["batch"], self._unreadable)
            each(self._fire_or_set_aside, due, sizes["together"])
            if len(due) < sizes["batch"]:
                return

    @sweep
    def measure(self) -> None:
        """How much is due and not told, and what is set aside: by every replica, for who fires may change."""
        long = timedelta(seconds=self.policy.of("")["sweep"]["backlog_after_s"])
        BACKLOG.set(self.store.read.count(WATCHES.collection, {"next_at": {"$lte": self.context.now - long}}))
        UNFIREABLE.set(still_aside(self.store, self.context.now, long))

    @rpc
    def list_clocks(self, project: str, query: View) -> View:
        page = self._subject(project, query) if query["subject"] else self._page(project, query)
        return {"items": [schemas.view(watch, self.context.now) for watch in page.items], "next": page.next}

    @rpc
    def acknowledge(self, project: str, watch: str, body: View) -> View:
        """The caller takes a breach upon themselves. Raises NotFound, IllegalTransition."""
        by, now = self.context.principal.id, self.context.now
        with self.store.work() as work:
            known = work.load(WATCHES, watch, project)
            after = work.apply(WATCHES, model.acknowledge(known, body["clock"], by, now, self.book.rules(project).carry))
            answer: dict[str, Any] = work.answer(schemas.view(after, now))
        return answer

    @rpc
    def rules(self, project: str) -> View:
        return self._ruling.view(project)

    @rpc
    def say_rules(self, project: str, body: View) -> View:
        return self._ruling.say(project, body["says"], body["note"])

    @rpc
    def say_rules_everywhere(self, body: View) -> View:
        self.context.principal.require("clocks.rule", EVERYWHERE)
        return self._ruling.say(EVERYWHERE, body["says"], body["note"])

    @rpc
    def preview_rules(self, project: str, body: View) -> View:
        return self._ruling.preview(project, body["says"])

    @rpc
    def replan(self, project: str, body: View) -> View:
        return self._ruling.replan(project, body["note"], body["limit"])

    @rpc
    def board(self, project: str, query: View) -> View:
        """What runs out soonest, the overdue first, for a wall of the office."""
        until = self.context.now + timedelta(seconds=query["within_s"])
        found = self.store.read.where(WATCHES, {"project": project, "due_at": {"$lte": until}}, limit=schemas.BOARD_READS)
        found.sort(key=lambda watch: watch.due_at or until)
        carry = self.book.rules(project).carry
        return {
            "at": iso(self.context.now),
            "counts": {name: self.store.read.count(WATCHES.collection, {"project": project, "state": name}) for name in schemas.LIVELY},
            "items": [schemas.view(watch, self.context.now) | {"about": watch.about(carry)} for watch in found[: query["limit"]]],
        }

    @rpc
    def report(self, project: str, query: View) -> View:
        """How limits were kept in one month. Raises BadInput for a field that the policy does not name."""
        choices = (compliance.RULE, *self.book.policy(project)["report"]["by"])
        if query["by"] not in choices:
            raise BadInput.of("by", f"one of {', '.join(choices)}")
        outcomes = self.store.read.plain_where(OUTCOMES.name, {"project": project, "month": query["month"]})
        rows = compliance.report(outcomes, query["by"])
        return {"month": query["month"], "by": query["by"], "rows": schemas.ReportRow(many=True).dump(rows)}

    @rpc
    def get(self, project: str, watch: str) -> dict[str, Any]:
        return schemas.view(self.store.read.get(WATCHES, watch, project), self.context.now)

    @rpc
    def working_day(self, project: str, query: View) -> View:
        """The working day ``after`` so many others, by the project's calendar."""
        calendar = self._calendars(project).current
        return {"day": working_day_after(query["day"], query["after"], calendar).isoformat()}

    def _fire_or_set_aside(self, watch: Watch) -> None:
        """A watch that cannot be fired stops nobody else's; a store that is away ends the sweep."""
        try:
            self._fire(watch)
        except Transient:
            raise
        except Exception as error:
            self._set_aside(Failed(watch.id, watch.subject, watch.version, error))

    def _unreadable(self, document: Mapping[str, Any], error: Exception) -> None:
        self._set_aside(failed(document, error))

    def _set_aside(self, what: Failed) -> None:
        set_aside(self.store, what, self.context.now, self.policy.of("")["sweep"]["aside_s"])

    def _fire(self, watch: Watch) -> None:
        with self.store.work(key=f"fire:{watch.id}:{watch.version}", lenient=True) as work:
            fresh = work.find(WATCHES, watch.id)
            if fresh is None or fresh.version != watch.version:
                return
            moment = fresh.next_at
            late_after = timedelta(seconds=self.policy.of(fresh.project)["sweep"]["late_s"])
            decision = model.fire(fresh, self.context.now, self.book.rules(fresh.project).carry, late_after)
            if decision is None or moment is None:
                return
            decision = self._addressed(decision)
            work.apply(WATCHES, decision)
        EXHAUSTED.inc(model.unheard(decision))
        LAG.observe((self.context.now - moment).total_seconds())

    def _addressed(self, decision: Decision[Watch]) -> Decision[Watch]:
        """``decision`` with the persons who are told of it now."""
        if not model.tells(decision):
            return decision
        project = decision.state.project
        return model.addressed(decision, self.staff.of(project), self.book.ways(project), self.context.now)

    def _page(self, project: str, query: dict[str, Any]) -> Page[Watch]:
        wanted = {"state": query["state"].value} if query["state"] else {}
        return self.store.read.page(WATCHES, {"project": project, **wanted}, query["cursor"], query["limit"])

    def _subject(self, project: str, query: dict[str, Any]) -> Page[Watch]:
        try:
            watch = self.store.read.get(WATCHES, query["subject"].partition("/")[2], project)
        except NotFound:
            return Page([], None)
        right = watch.subject == query["subject"] and query["state"] in (None, watch.state)
        return Page([watch] if right else [], None)

    @property
    def _ruling(self) -> Ruling:
        return Ruling(self.store, self.context, self.book, self.rulebooks, self.archive, self.zones)

    def _keep_outcomes(self, work: Work, before: Watch, after: Watch, calendars: Calendars) -> None:
        kept, gone = compliance.changes(before, after, calendars, self.book.policy(after.project)["report"]["by"])
        for outcome in kept:
            work.keep(OUTCOMES.name, outcome.document)
        for outcome_id in gone:
            work.drop(OUTCOMES.name, outcome_id)

    def _calendars(self, project: str) -> Calendars:
        current = self.book.calendar(project, self.zones.find(self.store.read, project))
        return self.archive.calendars(self.store.read, current)

    def _counts_by(self, watch: Watch, version: str) -> bool:
        return any(clock.terms.calendar == version for clock in watch.clocks)

    def _number(self, project: str, table: str, name: str) -> int:
        number: int = self.book.policy(project)[table][name]
        return number
