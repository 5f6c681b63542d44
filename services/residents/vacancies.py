"""Vacant units: listed, confirmed each month, counted each month (handbook §2)."""

from __future__ import annotations

from datetime import UTC, datetime
from time import monotonic
from typing import Any

from services.residents import model
from services.residents.desk import Desk, View, answered, page
from services.residents.model import Occupancy, Project, vacancies
from services.residents.schemas.lists import ConfirmedView, VacancyCountView, VacantView
from services.residents.store import PROJECTS, UNITS, VACANCY_COUNTS
from steward.errors import BadInput
from steward.ids import derived_id
from steward.store.reading import PAGE_LIMIT_MOST

_MOST = 10_000


class Vacancies:
    """What is asked of vacant units, and the passing of months over them."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._store = desk, desk.store

    def listed(self, project: str, query: View) -> View:
        """Units in which nobody lives; ``sold`` tells those with an owner from those that the developer has still."""
        today = self._desk.today(project)
        found = self._store.read.page(UNITS, _vacant(project), query["cursor"], query["limit"], model.in_use)
        rows = [
            {**vars(unit), "sold": vacancies.is_sold(unit, today), "confirmed": vacancies.is_confirmed(unit, today)} for unit in found.items
        ]
        wanted = [row for row in rows if query["confirmed"] in (None, row["confirmed"])]
        return page(VacantView, wanted, found.next)

    def confirm(self, project: str, body: View) -> View:
        """Somebody saw this month that these units are vacant: all of them, or none."""
        home, today = self._desk.project(project), self._desk.today(project)
        with self._store.work() as work:
            for name, place in {name: place for place, name in enumerate(body["units"])}.items():
                unit = work.find(UNITS, name)
                if unit is None or unit.project != project:
                    raise BadInput.of(f"units.{place}", "is not a unit of this project")
                self._desk.apply_unit(work, unit, vacancies.confirm(unit, f"units.{place}", today), home)
            return answered(work, ConfirmedView, {"units": body["units"], "made": self._desk.stamp})

    def counts(self, project: str, query: View) -> View:
        """The count of each month, the latest first."""
        self._desk.project(project)
        found = self._store.read.page(VACANCY_COUNTS, {"project": project}, query["cursor"], query["limit"])
        return page(VacancyCountView, found.items, found.next)

    def count_due(self) -> None:
        """Count, once a month and project, as soon as the month has begun there; what is left when time is up, the next sweep does."""
        until = monotonic() + self._desk.policy("")["sweep"]["most_s"]
        homes = self._store.read.where(PROJECTS, {}, limit=_MOST)
        months = {home.id: model.today(home, self._desk.context.now) for home in homes}
        wanted = sorted({vacancies.month_of(day) for day in months.values()})
        counted = {one.id for month in wanted for one in self._store.read.where(VACANCY_COUNTS, {"month": month}, limit=_MOST)}
        for home in homes:
            count_id = _count_id(home, vacancies.month_of(months[home.id]))
            if monotonic() > until:
                return
            if count_id not in counted:
                self._count(home, count_id)

    def _count(self, home: Project, count_id: str) -> None:
        units = filter(model.in_use, self._store.read.latest(UNITS, _vacant(home.id), None, PAGE_LIMIT_MOST))
        with self._store.work(key=f"vacancies:{count_id}", lenient=True) as work:
            if work.find(VACANCY_COUNTS, count_id) is None:
                now = self._desk.context.now
                work.apply(VACANCY_COUNTS, vacancies.count(count_id, home.id, units, model.today(home, now), now))


def _vacant(project: str) -> dict[str, Any]:
    return {"project": project, "state": Occupancy.VACANT.value}


def _count_id(home: Project, month: str) -> str:
    return derived_id(datetime.fromisoformat(f"{month}-01").replace(tzinfo=UTC), "vacancies", home.id, month)
