"""How plans and assignments are kept and found, and what is kept of projects."""

from __future__ import annotations

from datetime import datetime

from services.duties.model import Assignment, Plan, Site
from services.duties.model.feed import Feed
from steward.store.repository import Repository


def _next_at(plan: Plan) -> dict[str, datetime]:
    return {"next_at": plan.next_at} if plan.next_at else {}


def _unplanned(site: Site) -> dict[str, bool]:
    return {} if site.planned else {"unplanned": True}


PLANS = Repository("plans", Plan, _next_at)
ASSIGNMENTS = Repository("assignments", Assignment)
FEEDS = Repository("feeds", Feed)
SITES = Repository("sites", Site, _unplanned)
