"""How crews and orders are kept, and who has how much to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from time import monotonic
from typing import Any

from pymongo.database import Database

from services.dispatch.model import OPEN, Load, Member, Order, State
from steward.policy import Rules
from steward.store.reading import Reading
from steward.store.repository import Repository

PROJECTS = "projects"


def holder(project: str, engineer: str) -> str:
    """Who has an open order, as orders are indexed by it."""
    return f"{project}/{engineer}"


def fillable(project: str, department: str) -> str:
    """Where an order without anybody waits, as orders are indexed by it."""
    return f"{project}/{department}"


def _derived(order: Order) -> dict[str, str]:
    if order.state in OPEN and order.engineer:
        return {"holder": holder(order.project, order.engineer)}
    if order.state is State.UNFILLED and not order.given_up:
        return {"fillable": fillable(order.project, order.department)}
    return {}


CREW = Repository("crew", Member)
ORDERS = Repository("orders", Order, _derived)


@dataclass
class _Sheet:
    good_until: datetime
    members: list[Member]
    loads: dict[str, Load]


class LoadBook:
    """The crews of each project and their open orders, as this process knows them: advice, not truth.

    Counted from the store every few seconds, more seldom when there is much to count, and kept up with this process's
    own decisions in between. Counters inside the crew's documents would make every order of a project conflict; that
    two replicas now and then offer to the same engineer costs nothing.
    """

    def __init__(self) -> None:
        self._sheets: dict[str, _Sheet] = {}

    def sheet(self, read: Reading, project: str, policy: Rules, now: datetime) -> tuple[list[Member], dict[str, Load]]:
        """The crew of ``project`` and their loads."""
        known = self._sheets.get(project)
        if known is None or now > known.good_until:
            started = monotonic()
            members, loads = _counted(read, project, policy["offers"]["urgent"])
            rest_s = max(policy["load"]["refresh_s"], (monotonic() - started) / policy["load"]["share"])
            known = self._sheets[project] = _Sheet(now + timedelta(seconds=rest_s), members, loads)
        return known.members, known.loads

    def added(self, order: Order, urgent: bool) -> None:
        """``order`` was offered to its engineer by this process."""
        known = self._sheets.get(order.project)
        if known and order.engineer:
            load = known.loads.get(order.engineer, Load())
            known.loads[order.engineer] = Load(load.open + 1, load.urgent + urgent)

    def forget(self, project: str) -> None:
        """The crew of ``project`` has changed."""
        self._sheets.pop(project, None)


def _counted(read: Reading, project: str, urgent: list[str]) -> tuple[list[Member], dict[str, Load]]:
    members = read.where(CREW, {"project": project})
    loads = {}
    for member in members:
        mine = {"holder": holder(project, member.code)}
        held = read.count(ORDERS.collection, mine)
        pressing = read.count(ORDERS.collection, mine | {"urgency": {"$in": urgent}}) if held else 0
        loads[member.code] = Load(held, pressing)
    return members, loads


@cache
def load_book(database: Database[dict[str, Any]]) -> LoadBook:
    """The one :class:`LoadBook` of this process."""
    return LoadBook()
