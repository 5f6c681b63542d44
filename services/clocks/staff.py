"""Who can be called upon: copies of what the service that knows people tells, kept and found."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic

from services.clocks.model.ladder import EVERYWHERE, Away, Person
from steward.bus.envelope import Envelope
from steward.spec import Collection, Index
from steward.store.reading import Reading
from steward.store.repository import Repository
from steward.times import parse

REFRESH_S = 2.0
"""How soon every process follows what another has heard."""
_MOST = 10_000

STAFF = Repository("staff", Person, derived=lambda person: {"places": sorted(person.grants)})
STAFF_KEPT = Collection(STAFF.collection, (Index(("places",)),))


def person_of(event: Envelope, says: Mapping[str, str]) -> Person:
    """The person whom ``event`` is about; ``says`` names the fields of its data."""
    data = event.data
    return Person(
        id=data[says["person"]],
        told=event.version,
        active=data[says["active"]],
        grants={project: tuple(roles) for project, roles in data[says["grants"]].items()},
        away=tuple(Away(parse(leave[says["from"]]), parse(leave[says["until"]])) for leave in data[says["away"]]),
    )


class Staff:
    """Those who hold something in a project or everywhere, as this process knows them."""

    def __init__(self, read: Reading) -> None:
        self._read = read
        self._known: dict[str, tuple[float, list[Person]]] = {}

    def of(self, project: str) -> list[Person]:
        """Everybody who may be called upon in ``project``."""
        here = {person.id: person for place in (project, EVERYWHERE) for person in self._granted(place)}
        return list(here.values())

    def forget(self) -> None:
        """They are asked for anew."""
        self._known.clear()

    def _granted(self, place: str) -> list[Person]:
        read_at, people = self._known.get(place, (0.0, []))
        if not read_at or monotonic() - read_at > REFRESH_S:
            people = self._read.where(STAFF, {"places": place}, _MOST)
            self._known[place] = monotonic(), people
        return people
