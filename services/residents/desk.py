"""What every part of the service works with: its store, its numbers, who asks and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from time import monotonic
from typing import Any, TypeVar

from marshmallow import Schema

from services.residents import model
from services.residents.model import Occupancy, Person, Project, Stamp, Terms, Unit
from services.residents.store import BUILDINGS, PEOPLE, PROJECTS, UNITS
from steward.bus.approving import Approving
from steward.bus.calls import RemoteServices
from steward.context import Context
from steward.errors import BadInput, NotFound
from steward.facts import Decision
from steward.ids import new_id
from steward.policy import Policies
from steward.store.provider import StoreOf
from steward.store.repository import Aggregate, Repository
from steward.store.work import Work
from steward.trust.sealing import Sealer
from steward.validation import instance

A = TypeVar("A", bound=Aggregate)

View = dict[str, Any]


def told(schema: type[Schema], state: object) -> View:
    """The view of ``state``."""
    view: View = instance(schema).dump(state)
    return view


def answered(work: Work, schema: type[Schema], state: object) -> View:
    """The view of ``state``, remembered with the work as what its caller is told."""
    view = told(schema, state)
    work.answer(view)
    return view


def page(schema: type[Schema], items: list[Any], following: str | None) -> View:
    """One page of views."""
    return {"items": [told(schema, item) for item in items], "next": following}


def save(work: Work, repository: Repository[A], before: A | None, decision: Decision[A]) -> A:
    """Save what was decided; what is as it was keeps its version."""
    return before if before is not None and decision == Decision(before) else work.apply(repository, decision)


@dataclass(frozen=True)
class Desk:
    """The parts of one worker."""

    store: StoreOf
    context: Context
    policies: Policies
    sealer: Sealer
    approving: Approving
    remote: RemoteServices

    @property
    def stamp(self) -> Stamp:
        """Who asks, and when."""
        return Stamp(self.context.now, self.context.principal.id)

    def policy(self, project: str) -> Mapping[str, Any]:
        """The numbers of ``project``."""
        return self.policies.of(project)

    def project(self, project: str) -> Project:
        """Raises NotFound."""
        return self.store.read.get(PROJECTS, project)

    def person(self, project: str, person: str) -> Person:
        """Raises NotFound."""
        found = self.store.read.get(PEOPLE, person, project)
        if not model.on_file(found):
            raise NotFound(f"no person {person!r} here")
        return found

    def today(self, project: str) -> date:
        """The day that it is there."""
        return model.today(self.project(project), self.context.now)

    def terms(self, project: str) -> Terms:
        """What its company says of units."""
        policy = self.policy(project)
        return Terms(Occupancy(policy["units"]["owner_only"]), policy["defects_liability_months"])

    def require_person(self, project: str, person: str, field: str = "person") -> None:
        """Raises BadInput (``field``) when nobody such is on file."""
        try:
            self.person(project, person)
        except NotFound:
            raise BadInput.of(field, "is not on file") from None

    def require_unit(self, project: str, unit: str) -> None:
        """Raises BadInput (unit) when no such unit is in use."""
        try:
            withdrawn = self.store.read.get(UNITS, unit, project).withdrawn_at
        except NotFound:
            raise BadInput.of("unit", "is not a unit of this project") from None
        if withdrawn:
            raise BadInput.of("unit", "is withdrawn")

    def apply_unit(self, work: Work, before: Unit | None, decision: Decision[Unit], home: Project) -> Unit:
        """Save what was decided of a unit, and who lives there by now."""
        today = model.today(home, self.context.now)
        return save(work, UNITS, before, model.settled(before, decision, today, home.timezone, self.terms(home.id)))

    def open_buildings(self, work: Work, home: Project, codes: Iterable[str]) -> None:
        """File those buildings of ``codes`` that are not on file, called by their codes; whoever saves ``home`` lists them."""
        for code in sorted({*codes} - {""}):
            if work.find(BUILDINGS, model.building_id(home, code)) is None:
                work.apply(BUILDINGS, model.open_building(None, home, code, ("", ""), None, self.context.now))

    def gone_over(self, repository: Repository[A], query: Mapping[str, Any], at_once: int = 0) -> Iterator[tuple[Work, list[A]]]:
        """What matches ``query``, ``at_once`` (0: as the policy says) of a project at a time, each lot with the work to change it in.

        For sweeps: ends when their time is over. What somebody else changes meanwhile is left to the next one.
        """
        sizes = self.policy("")["sweep"]
        until, size = monotonic() + sizes["most_s"], at_once or sizes["batch"]
        for ids in self.store.read.ids(repository, query, sizes["most"]).values():
            for lot in (ids[place : place + size] for place in range(0, len(ids), size)):
                if monotonic() > until:
                    return
                with self.store.work(key=f"{self.context.key}:{lot[0]}:{new_id()}", lenient=True) as work:
                    yield work, [one for name in lot if (one := work.find(repository, name)) is not None]
