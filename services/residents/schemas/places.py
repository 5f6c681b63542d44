"""Projects, zones and buildings, as others see them."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.residents.schemas.views import View
from steward.shapes import Command, Published, line, moment


class OpenProject(Command):
    """A new project."""

    id = fields.String(required=True, validate=validate.Regexp(r"^[a-z0-9-]{2,32}\Z"), metadata={"description": "slug"})
    code = fields.String(
        required=True,
        validate=validate.Regexp(r"^[A-Z]{2,6}\Z"),
        metadata={"description": "begins its ticket numbers, e.g. YH"},
    )
    name = line(80, "in Chinese", required=True)
    name_en = line(80, "in English", required=True)
    timezone = line(64, "IANA name; default by policy")
    company = fields.String(required=True, validate=validate.Regexp(r"^[a-z0-9-]{2,32}\Z"), metadata={"description": "slug of the company"})


class OpenZone(Command):
    """A new zone of the project."""

    code = line(20, "how it is called for short; never changes", required=True)
    name = line(80, "in Chinese; default: its code", load_default="")
    name_en = line(80, "in English; default: its name", load_default="")


class ChangeZone(Command):
    """Other names; what is left out stays."""

    name = line(80, "in Chinese")
    name_en = line(80, "in English")


class OpenBuilding(Command):
    """A new building of the project. Units that name a building that is not on file open it too."""

    code = line(20, "how its units call it, e.g. 3; never changes", required=True)
    name = line(80, "in Chinese; default: its code", load_default="")
    name_en = line(80, "in English; default: its name", load_default="")
    zone = line(26, "id of the zone that it belongs to", load_default=None, allow_none=True)


class ChangeBuilding(Command):
    """Other names, or another zone; what is left out stays."""

    name = line(80, "in Chinese")
    name_en = line(80, "in English")
    zone = line(26, "id of the zone; null: in none", allow_none=True)


class ProjectView(View):
    """A project."""

    code = fields.String()
    name = fields.String()
    name_en = fields.String()
    timezone = fields.String()
    company = fields.String()
    buildings = fields.List(fields.String())
    units = fields.Integer(metadata={"description": "how many are in use"})
    opened_at = moment(allow_none=True)


class BuildingView(View):
    """A building."""

    code = fields.String(metadata={"description": "how its units call it"})
    name = fields.String()
    name_en = fields.String()
    zone = fields.String(allow_none=True, metadata={"description": "id; null: in none"})
    opened_at = moment()


class ZoneView(View):
    """A zone."""

    code = fields.String()
    name = fields.String()
    name_en = fields.String()
    opened_at = moment()


class ZoneInTree(ZoneView):
    """A zone with its buildings."""

    buildings = fields.List(fields.Nested(BuildingView))


class TreeView(Schema):
    """Company, project, zones, buildings. ``buildings`` are those in no zone; units are listed by building or zone."""

    company = fields.String()
    project = fields.String()
    zones = fields.List(fields.Nested(ZoneInTree))
    buildings = fields.List(fields.Nested(BuildingView))


class ProjectOpened(Published):
    """A project is open."""

    project = fields.String(required=True)
    code = fields.String(required=True)
    name = fields.String(required=True)
    name_en = fields.String(required=True)
    timezone = fields.String(required=True)
    company = fields.String(required=True)


class ZoneTold(Published):
    """A zone was opened, or is called otherwise."""

    zone = fields.String(required=True)
    code = fields.String(required=True)
    name = fields.String(required=True)
    name_en = fields.String(required=True)


class BuildingTold(Published):
    """A building was opened, is called otherwise, or is in another zone."""

    building = fields.String(required=True)
    code = fields.String(required=True)
    name = fields.String(required=True)
    name_en = fields.String(required=True)
    zone = fields.String(required=True, allow_none=True)
