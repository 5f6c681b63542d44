"""What wakes the duties service: the passing of time, and people who have done what was due (handbook §5)."""

from __future__ import annotations

import base64
import logging
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from typing import Any

from prometheus_client import Counter, Gauge, Histogram

from services.duties import ics, model, schemas
from services.duties.ahead import feed_entries
from services.duties.book import Book, Rows
from services.duties.feeds import Feeds
from services.duties.model import Assignment, By, Plan, Site
from services.duties.spec import SPEC
from services.duties.store import ASSIGNMENTS, PLANS, SITES
from steward.bus.envelope import Envelope
from steward.errors import BadInput, NotFound, NotPermitted, Transient
from steward.facts import Decision
from steward.ids import id_at
from steward.service import Service, handles, rpc, sweep
from steward.store.reading import cursor_of
from steward.times import iso

View = dict[str, Any]

log = logging.getLogger(__name__)

LAG = Histogram(
    "steward_duty_lag_seconds",
    "Between the moment an occurrence was to open and its opening",
    buckets=(0.5, 1, 2, 5, 15, 60, 300, 3600, 86_400),
)
BACKLOG = Gauge("steward_duty_backlog", "Duties whose occurrence was to open long ago and is not opened")
MISSED = Counter("steward_duties_missed_total", "Occurrences on record as missed, because nothing ran at their time")
_PROJECTS_MOST = 10_000


class Duties(Service):
    """Opens what recurs, each occurrence once, and keeps what became of it."""

    spec = SPEC
    book: Book = Rows()  # type: ignore[assignment]

    @handles
    def on_project(self, event: Envelope) -> None:
        """residents.project_opened: its duties are planned by the next sweep."""
        back = timedelta(days=self.book.policy(event.project)["planning"]["back_days"])
        since = max(event.time, self.context.now - back)
        with self.store.work() as work:
            decision = model.know(work.find(SITES, event.project), event.project, event.data["timezone"], since)
            if decision:
                work.apply(SITES, decision)

    @sweep
    def open_due(self) -> None:
        """Open what is due, now or since an outage; then plan projects that are new, or whose rows have changed."""
        sizes = self.book.policy("")["sweep"]
        until = monotonic() + sizes["most_s"]
        while plans := self.store.read.due(PLANS, "next_at", self.context.now, limit=sizes["batch"]):
            random.shuffle(plans)  # replicas sweep at the same time: most of the time each takes another one
            moved = 0
            for plan in plans:
                if monotonic() > until:
                    return
                moved += self._step_or_log(plan)
            if not moved:
                break
        self._plan_projects(until)

    @sweep
    def measure(self) -> None:
        """How many wait to be opened: by every replica, for any of them may hang."""
        since = self.context.now - timedelta(seconds=self.book.policy("")["sweep"]["backlog_after_s"])
        BACKLOG.set(self.store.read.count(PLANS.collection, {"next_at": {"$lte": since}}))

    @rpc
    def list_duties(self, project: str, query: View) -> View:
        site, until = self._site(project), self._until(project, query["until"])
        rows = self.book.rows(project)
        wanted = [duty for duty, terms in rows.items() if query["role"] in (None, terms.role)]
        items = [self._duty_view(site, duty, until) for duty in wanted]
        return {"until": iso(until), "timezone": site.zone, "items": items}

    @rpc
    def get_duty(self, project: str, duty: str, query: View) -> View:
        site = self._site(project)
        if duty not in self.book.rows(project):
            raise NotFound(f"no duty {duty!r} here")
        return self._duty_view(site, duty, self._until(project, query["until"]))

    @rpc
    def feed(self, project: str, query: View) -> View:
        """What is open and what comes next, of one role or all."""
        policy = self.book.policy(project)
        self._known_role(project, query["role"])
        return self._calendar(project, query["role"], query["language"] or policy["feed"]["language"])

    @rpc
    def subscribe(self, project: str, body: View) -> View:
        self._known_role(project, body["role"])
        rules = self.book.policy(project)["feed"]
        return self._feeds.subscribe(project, body["role"], body["language"] or rules["language"], rules["days_valid"])

    @rpc
    def subscriptions(self, project: str) -> View:
        return self._feeds.list(project)

    @rpc
    def unsubscribe(self, project: str, feed: str, body: View) -> View:
        return self._feeds.revoke(project, feed)

    @rpc
    def subscribed(self, token: str) -> View:
        feed = self._feeds.find(token)
        return self._calendar(feed.project, feed.role, feed.language)

    def _calendar(self, project: str, role: str | None, language: str) -> View:
        site, policy = self._site(project), self.book.policy(project)
        where = {"project": project, "state": model.State.OPEN.value} | ({"role": role} if role else {})
        open_ones = self.store.read.where(ASSIGNMENTS, where, limit=policy["feed"]["most"])
        rows = {duty: terms for duty, terms in self.book.rows(project).items() if role in (None, terms.role)}
        entries = feed_entries(site, rows, open_ones, policy["feed"], language, self.context.now)
        text = ics.calendar(f"{project} {role or ''}".strip(), entries, self.context.now)
        return {"content": base64.b64encode(text.encode()).decode()}

    @rpc
    def list_assignments(self, project: str, query: View) -> View:
        """The latest first; read from ``to`` backwards, and no further than ``from``."""
        since, until, cursor = query["since"], query["until"], query["cursor"]
        where = {name: str(query[name]) for name in ("state", "role", "duty") if query[name] is not None}
        if until is not None and cursor is None:
            cursor = cursor_of(id_at(min(until, self.context.now) + timedelta(days=1)))  # ids are by local time
        page = self.store.read.page(ASSIGNMENTS, {"project": project, **where}, cursor, query["limit"])
        fitting = [item for item in page.items if (since or item.opens_at) <= item.opens_at <= (until or item.opens_at)]
        beyond = since and page.items and page.items[-1].opens_at + timedelta(days=1) < since
        return {"items": [self._view(item) for item in fitting], "next": None if beyond else page.next}

    @rpc
    def get_assignment(self, project: str, assignment: str) -> View:
        return self._view(self.store.read.get(ASSIGNMENTS, assignment, project))

    @rpc
    def done(self, project: str, assignment: str, body: View) -> View:
        """Tick off; who has not the duty's role needs the right to act for others."""

        def decide(known: Assignment) -> Decision[Assignment]:
            principal = self.context.principal
            if known.role not in principal.roles(project) and not principal.may("duties.act_for", project):
                raise NotPermitted(f"is for {known.role}", permission="duties.act_for")
            return model.done(known, body["evidence"], self._by())

        return self._change(project, assignment, decide)

    @rpc
    def skip(self, project: str, assignment: str, body: View) -> View:
        return self._change(project, assignment, lambda known: model.skip(known, body["reason"], self._by()))

    @rpc
    def reopen(self, project: str, assignment: str, body: View) -> View:
        policy = self.book.policy(project)
        return self._change(project, assignment, lambda known: model.reopen(known, body["reason"], policy, self._by()))

    def _step_or_log(self, plan: Plan) -> bool:
        """Whether it went on. A plan that cannot stops no other; a store that is away ends the sweep."""
        try:
            return self._step(plan)
        except Transient:
            raise
        except Exception:
            log.exception("duty %s of %s cannot be opened", plan.duty, plan.project)
            return False

    def _step(self, plan: Plan) -> bool:
        """One occurrence, one unit of work: its assignment is there and its plan goes on, or neither."""
        with self.store.work(key=f"open:{plan.id}:{plan.version}", lenient=True) as work:
            fresh = work.find(PLANS, plan.id)
            if fresh is None or fresh.version != plan.version or not fresh.overdue(self.context.now):
                return True
            moment = fresh.next_at
            opened, after = model.step(fresh, self._by())
            if work.find(ASSIGNMENTS, opened.state.id) is None:
                work.apply(ASSIGNMENTS, opened)
            work.apply(PLANS, after)
        if moment:
            LAG.observe((self.context.now - moment).total_seconds())
        if opened.state.state is model.State.SKIPPED:
            MISSED.inc()
        return True

    def _plan_projects(self, until: float) -> None:
        """Once in the life of this process all projects, for policy may have changed; then those that are new."""
        if self.book.unchecked is None:
            known = self.store.read.where(SITES, {}, limit=_PROJECTS_MOST)
            self.book.unchecked = {site.id for site in known if site.digest != self.book.digest(site.id)}
        new = {site.id for site in self.store.read.where(SITES, {"unplanned": True})}
        for project in sorted(self.book.unchecked | new):
            if monotonic() > until:
                return
            if self._plan(project):
                self.book.unchecked.discard(project)

    def _plan(self, project: str) -> bool:
        """Plan the duties of ``project`` by the rows that hold now. False while something is due by those before."""
        site = self.store.read.get(SITES, project)
        rows, digest = self.book.rows(project), self.book.digest(project)
        kept = {plan.duty: plan for plan in self.store.read.where(PLANS, {"project": project})}
        if any(plan.overdue(self.context.now) for plan in kept.values()):
            return False
        with self.store.work(key=f"plan:{project}:{site.version}:{digest}", lenient=True) as work:
            fresh = work.find(SITES, project)
            if fresh is None or fresh.version != site.version:
                return False
            for duty in sorted({*rows, *kept}):
                change = partial(model.replan, site=fresh, duty=duty, terms=rows.get(duty), now=self.context.now)
                if change(kept.get(duty)) and (decision := change(work.find(PLANS, model.plan_id(project, duty)))):
                    work.apply(PLANS, decision)
            work.apply(SITES, model.planned(fresh, digest))
        return True

    def _change(self, project: str, assignment: str, decide: Callable[[Assignment], Decision[Assignment]]) -> View:
        with self.store.work() as work:
            known = work.load(ASSIGNMENTS, assignment, project)
            view: View = work.answer(self._view(work.apply(ASSIGNMENTS, decide(known))))
        return view

    def _duty_view(self, site: Site, duty: str, until: datetime) -> View:
        terms, most = self.book.rows(site.project)[duty], self.book.policy(site.project)["ahead"]["most"]
        turns = list(model.upcoming(terms, site.zone, self.context.now, until, most))
        return schemas.duty_view(duty, terms, site.zone, turns)

    def _until(self, project: str, wanted: datetime | None) -> datetime:
        ahead = self.book.policy(project)["ahead"]
        now, wanted = self.context.now, wanted or self.context.now + timedelta(days=ahead["days"])
        if not now <= wanted <= now + timedelta(days=ahead["most_days"]):
            raise BadInput.of("until", f"lies ahead, {ahead['most_days']} days at most")
        return wanted

    def _site(self, project: str) -> Site:
        return self.store.read.get(SITES, project, project)

    def _view(self, assignment: Assignment) -> View:
        return schemas.assignment_view(assignment, self.context.now)

    def _known_role(self, project: str, role: str | None) -> None:
        if role not in (None, *self.book.policy(project)["roles"]["known"]):
            raise BadInput.of("role", "is not one that duties have")

    @property
    def _feeds(self) -> Feeds:
        return Feeds(self.store, self.context)

    def _by(self) -> By:
        return By(self.context.principal.id, self.context.now)
