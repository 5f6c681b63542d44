"""Lists, as others see them."""

from __future__ import annotations

from marshmallow import Schema, fields

from services.residents.model import Occupancy, Role
from steward.shapes import choice


class VacantView(Schema):
    """A unit in which nobody lives."""

    id = fields.String()
    label = fields.String()
    building = fields.String()
    area_m2 = fields.Float(allow_none=True)
    handed_over_on = fields.Date(allow_none=True)
    sold = fields.Boolean(metadata={"description": "whether it has an owner"})


class NamedView(Schema):
    """Somebody who belongs to a unit."""

    name = fields.String()
    role = choice(Role)


class SecurityView(Schema):
    """What security knows of a unit."""

    unit = fields.String()
    label = fields.String()
    state = choice(Occupancy, allow_none=True)
    people = fields.List(fields.Nested(NamedView))
    plates = fields.List(fields.String())
