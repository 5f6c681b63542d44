"""Project, zone and building: the upper part of the property tree (handbook §1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from steward.errors import AlreadyExists, BadInput
from steward.facts import Decision, Fact
from steward.ids import derived_id

TREE = 1
"""The way in which a project's buildings are filed now; a project of an earlier one is yet to be brought to it."""

_SLUG = re.compile(r"[a-z0-9-]{2,32}")
_CODE = re.compile(r"[A-Z]{2,6}")


@dataclass(frozen=True)
class Project:
    """A project 项目 of a company. ``id`` is a slug, ``code`` begins its ticket numbers, ``units`` counts those in use.

    ``buildings`` are the codes of those on file; ``tree`` says in what way they are filed (:data:`TREE`).
    """

    id: str
    project: str
    code: str
    name: str
    name_en: str
    timezone: str
    company: str
    opened_at: datetime
    buildings: tuple[str, ...] = ()
    units: int = 0
    tree: int = 0
    version: int = 0


@dataclass(frozen=True)
class Zone:
    """A zone 组团 of a project: some of its buildings, under one zone manager. ``code`` never changes."""

    id: str
    project: str
    code: str
    name: str
    name_en: str
    opened_at: datetime
    version: int = 0


@dataclass(frozen=True)
class Building:
    """A building 楼栋. ``code`` is what its units and rosters call it, and never changes; ``zone`` is an id, None: in no zone."""

    id: str
    project: str
    code: str
    name: str
    name_en: str
    opened_at: datetime
    zone: str | None = None
    version: int = 0


def open_project(state: Project | None, command: Mapping[str, Any], now: datetime) -> Decision[Project]:
    """Open a project. Raises AlreadyExists, BadInput (id, code, timezone)."""
    if state is not None:
        raise AlreadyExists(f"project {state.id!r} is open already", fields=["id"])
    if not _SLUG.fullmatch(command["id"]):
        raise BadInput.of("id", "is 2 to 32 of a-z, 0-9 and -")
    if not _CODE.fullmatch(command["code"]):
        raise BadInput.of("code", "is 2 to 6 capital letters")
    if command["timezone"] not in available_timezones():
        raise BadInput.of("timezone", "is no IANA time zone")
    project = Project(project=command["id"], opened_at=now, tree=TREE, **command)
    names = ("id", "code", "name", "name_en", "timezone", "company")
    data = {("project" if name == "id" else name): getattr(project, name) for name in names}
    return Decision(project, (Fact("project_opened", data),))


def today(project: Project, now: datetime) -> date:
    """The day that it is in ``project`` at ``now``."""
    return now.astimezone(ZoneInfo(project.timezone)).date()


def zone_id(project: Project, code: str) -> str:
    """The id of the zone that is called ``code``: the same whoever works it out, so that it is opened once."""
    return derived_id(project.opened_at, "zone", project.id, code)


def building_id(project: Project, code: str) -> str:
    """The id of the building that is called ``code``; as :func:`zone_id`."""
    return derived_id(project.opened_at, "building", project.id, code)


def open_zone(state: Zone | None, project: Project, code: str, name: str, name_en: str, now: datetime) -> Decision[Zone]:
    """Open a zone; without a name it is called by its code. Raises AlreadyExists, BadInput (code)."""
    if state is not None:
        raise AlreadyExists(f"zone {code!r} is open already", fields=["code"])
    _require_code(code)
    zone = Zone(zone_id(project, code), project.id, code, name or code, name_en or name or code, now)
    return Decision(zone, (_zone_fact("zone_opened", zone),))


def change_zone(zone: Zone, name: str, name_en: str) -> Decision[Zone]:
    """Call a zone by other names."""
    changed = replace(zone, name=name, name_en=name_en)
    return Decision(changed, (_zone_fact("zone_changed", changed),) if changed != zone else ())


def open_building(
    state: Building | None, project: Project, code: str, names: tuple[str, str], zone: str | None, now: datetime
) -> Decision[Building]:
    """Open a building under ``names`` (Chinese, English; empty: its code). Raises AlreadyExists, BadInput (code)."""
    if state is not None:
        raise AlreadyExists(f"building {code!r} is open already", fields=["code"])
    _require_code(code)
    name = names[0] or code
    building = Building(building_id(project, code), project.id, code, name, names[1] or name, now, zone)
    return Decision(building, (_building_fact("building_opened", building),))


def change_building(building: Building, name: str, name_en: str, zone: str | None) -> Decision[Building]:
    """Call a building by other names, or move it to another zone, or out of any. What its units call it stays."""
    changed = replace(building, name=name, name_en=name_en, zone=zone)
    return Decision(changed, (_building_fact("building_changed", changed),) if changed != building else ())


def with_building(project: Project, code: str) -> Decision[Project]:
    """The project, knowing of a building more."""
    return Decision(replace(project, buildings=tuple(sorted({*project.buildings, code}))))


def filed(project: Project) -> Decision[Project]:
    """The project, all of its buildings on file."""
    return Decision(replace(project, tree=TREE))


def _require_code(code: str) -> None:
    if not code.strip():
        raise BadInput.of("code", "is empty")


def _zone_fact(name: str, zone: Zone) -> Fact:
    return Fact(name, {"zone": zone.id, "code": zone.code, "name": zone.name, "name_en": zone.name_en})


def _building_fact(name: str, building: Building) -> Fact:
    data = {"building": building.id, "code": building.code, "name": building.name}
    return Fact(name, {**data, "name_en": building.name_en, "zone": building.zone})
