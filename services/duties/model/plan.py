"""The plan of one duty in one project: which occurrence is next, and when it opens (handbook §5)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.duties.model.assignment import Assignment, By, Reason, miss, open_
from services.duties.model.duty import CatchUp, Terms, occurrence
from services.duties.model.recurrence import check_zone, local_of, moment_of
from steward.facts import Decision


@dataclass(frozen=True)
class Site:
    """A project: its time zone, and by which rows of policy its duties are planned. No ``digest``: not planned yet.

    ``since``: from when on its duties count.
    """

    id: str
    project: str
    zone: str
    since: datetime
    digest: str = ""
    version: int = 0

    @property
    def planned(self) -> bool:
        """Whether its duties are planned."""
        return bool(self.digest)


@dataclass(frozen=True)
class Plan:
    """Of a duty, what comes next; nothing further ahead is written down.

    ``next`` is on the wall clock of ``zone``, ISO 8601. ``seen``: up to when, on that clock, every occurrence has been
    decided on. ``terms``: None while the duty is switched off.
    """

    id: str
    project: str
    duty: str
    zone: str
    seen: str
    terms: Terms | None
    next: str | None = None
    version: int = 0

    @property
    def next_at(self) -> datetime | None:
        """When the next one opens, UTC."""
        return moment_of(datetime.fromisoformat(self.next), self.zone) if self.next else None

    def overdue(self, now: datetime) -> bool:
        """Whether one has to be opened by the terms that the plan has."""
        return self.next_at is not None and self.next_at <= now


def know(site: Site | None, project: str, zone: str, since: datetime) -> Decision[Site] | None:
    """A project is in ``zone``; its duties are to be planned. None when that is known. Raises BadRecurrence for no zone."""
    check_zone(zone)
    if site and site.zone == zone:
        return None
    return Decision(Site(project, project, zone, since))


def planned(site: Site, digest: str) -> Decision[Site]:
    """The duties of ``site`` are planned by the rows of ``digest``."""
    return Decision(replace(site, digest=digest))


def plan_id(project: str, duty: str) -> str:
    """The id of the one plan of ``duty`` in ``project``."""
    return f"{project}:{duty}"


def replan(plan: Plan | None, site: Site, duty: str, terms: Terms | None, now: datetime) -> Decision[Plan] | None:
    """The plan by ``terms`` from now on, or since the project is there, if it was not planned yet. None: no change.

    What came due by the terms that the plan has must have been opened before: see :meth:`Plan.overdue`.
    """
    if plan is None and terms is None:
        return None
    local = local_of(now if site.planned else site.since, site.zone)
    plan = plan or Plan(plan_id(site.project, duty), site.project, duty, site.zone, local.isoformat(), None)
    if plan.version and (plan.terms, plan.zone) == (terms, site.zone):
        return None
    return Decision(_from(replace(plan, zone=site.zone, terms=terms), max(datetime.fromisoformat(plan.seen), local)))


def step(plan: Plan, by: By) -> tuple[Decision[Assignment], Decision[Plan]]:
    """The next occurrence, which is overdue, opened or put on record as missed; and the plan after it.

    One that is come upon within its time is opened as ever. Later, it is opened with time to run late, if the duty is
    run late and no further occurrence has opened; otherwise it is recorded as skipped.
    """
    assert plan.terms is not None and plan.next is not None
    terms = plan.terms
    turn = occurrence(terms, datetime.fromisoformat(plan.next), plan.zone)
    after = _from(plan, turn.local)
    due_at, missed = turn.due_at, None
    if by.at >= turn.due_at:
        missed = _missed(terms, after, by.at)
        due_at = turn.due_at if missed else by.at + timedelta(seconds=terms.late_s)
    opened = open_(plan.project, plan.duty, terms, turn, due_at, by)
    return miss(opened, missed, by) if missed else opened, Decision(after)


def _missed(terms: Terms, after: Plan, now: datetime) -> Reason | None:
    if terms.catch_up is CatchUp.SKIP_AND_SAY:
        return Reason.MISSED
    return Reason.SUPERSEDED if after.overdue(now) else None


def _from(plan: Plan, seen: datetime) -> Plan:
    """``plan`` with what comes after ``seen``."""
    following = plan.terms.opening.after(seen) if plan.terms else None
    return replace(plan, seen=seen.isoformat(), next=following.isoformat() if following else None)
