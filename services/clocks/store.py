"""How watches are kept and found, and the two things kept beside them: calendars by version, zones by project."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cattrs.preconf.json import make_converter

from services.clocks.calendars import Calendars, from_data, to_data
from services.clocks.model import Watch
from services.clocks.rulebook import RULEBOOKS
from services.clocks.staff import STAFF_KEPT
from services.clocks.working import Calendar
from steward.spec import Collection, Index
from steward.store.reading import Reading
from steward.store.repository import Repository
from steward.store.work import Work

CALENDARS = Collection("calendars")
OUTCOMES = Collection("outcomes", (Index(("project", "month")),))
PROJECTS = Collection("projects")
UNFIREABLE = Collection("unfireable")
COLLECTIONS = (
    Collection(
        "watches",
        (
            Index(("project", "_id")),
            Index(("project", "state", "_id")),
            Index(("next_at",)),
            Index(("project", "due_at")),
        ),
    ),
    CALENDARS,
    OUTCOMES,
    PROJECTS,
    UNFIREABLE,
    Collection(RULEBOOKS.collection),
    STAFF_KEPT,
)


_json = make_converter()


class Packed(Repository[Watch]):
    """Watches as documents whose history is one packed field, beside the few that queries need.

    Nobody queries inside a watch, and the embedded store takes 0.5 ms to read what is spread out as documents
    within documents (7 kB when a ticket is closed) but 0.05 ms to read the same packed.
    """

    def to_document(self, aggregate: Watch) -> dict[str, Any]:
        moment = aggregate.next_at
        return {
            "_id": aggregate.id,
            "project": aggregate.project,
            "version": aggregate.version,
            "subject": aggregate.subject,
            "state": aggregate.state.value,
            "packed": zlib.compress(_json.dumps(aggregate, ensure_ascii=False).encode()),
            **({"next_at": moment} if moment else {}),
            **({"due_at": aggregate.due_at} if aggregate.due_at else {}),
        }

    def from_document(self, document: Mapping[str, Any]) -> Watch:
        watch = _json.loads(zlib.decompress(document["packed"]), Watch)
        return replace(watch, version=document["version"])


WATCHES = Packed("watches", Watch)


class Archive:
    """The calendars that running clocks count by, kept by version, and known to this process once read."""

    def __init__(self) -> None:
        self._known: dict[str, Calendar] = {}
        self._kept: set[str] = set()

    def find(self, read: Reading, version: str) -> Calendar | None:
        """The calendar called ``version``, if it was kept."""
        if version not in self._known and (document := read.plain(CALENDARS.name, version)):
            self._known[version] = from_data(document)
            self._kept.add(version)
        return self._known.get(version)

    def calendars(self, read: Reading, current: Calendar) -> Calendars:
        """``current`` for new clocks, and what was kept for those that run."""
        return Calendars(current, lambda version: self.find(read, version))

    def keep(self, work: Work, calendar: Calendar) -> None:
        """Keep ``calendar`` together with the first work of this process that starts a clock by it."""
        if calendar.version not in self._kept:
            work.keep(CALENDARS.name, {"_id": calendar.version, **to_data(calendar)})

    def was_kept(self, calendar: Calendar) -> None:
        """The work that kept ``calendar`` has committed."""
        self._known[calendar.version] = calendar
        self._kept.add(calendar.version)


class Zones:
    """The time zones of projects, known to this process once read."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def find(self, read: Reading, project: str) -> str | None:
        """The zone of ``project``, if it has been heard."""
        if project not in self._known and (document := read.plain(PROJECTS.name, project)):
            self._known[project] = document["zone"]
        return self._known.get(project)
