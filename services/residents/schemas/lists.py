"""Lists, as others see them."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.residents.model import Occupancy, Role
from services.residents.schemas.units import StampView
from services.residents.schemas.views import View
from steward.paging import PageQuery
from steward.shapes import Command, Published, choice, line, moment


class VacantView(Schema):
    """A unit in which nobody lives."""

    id = fields.String()
    label = fields.String()
    building = fields.String()
    area_m2 = fields.Float(allow_none=True)
    handed_over_on = fields.Date(allow_none=True)
    sold = fields.Boolean(metadata={"description": "whether it has an owner"})
    vacant_seen_on = fields.Date(allow_none=True, metadata={"description": "when somebody last saw that it is vacant"})
    confirmed = fields.Boolean(metadata={"description": "whether that was this month"})


class VacantQuery(PageQuery):
    """Which vacant units to list."""

    confirmed = fields.Boolean(load_default=None, metadata={"description": "only those that were, or were not, confirmed this month"})


class ConfirmVacant(Command):
    """Units of which somebody saw that they are vacant still."""

    units = fields.List(line(26), required=True, validate=validate.Length(min=1, max=100))


class ConfirmedView(Schema):
    """Units were confirmed as vacant."""

    units = fields.List(fields.String())
    made = fields.Nested(StampView)


class VacancyCountView(View):
    """How many units were vacant when a month was counted."""

    month = fields.String(metadata={"description": "as 2026-11"})
    counted_at = moment()
    vacant = fields.Integer()
    sold = fields.Integer(metadata={"description": "of these, with an owner"})
    confirmed = fields.Integer(metadata={"description": "of these, confirmed that month by then"})


class VacancyConfirmed(Published):
    """Somebody saw that a unit is vacant still."""

    unit = fields.String(required=True)
    on = fields.Date(required=True)


class VacanciesCounted(Published):
    """The vacant units of a project were counted for a month."""

    month = fields.String(required=True)
    vacant = fields.Integer(required=True)
    sold = fields.Integer(required=True)
    confirmed = fields.Integer(required=True)


class NamedView(Schema):
    """Somebody who belongs to a unit."""

    name = fields.String()
    role = choice(Role)


class PermitView(Schema):
    """Where a vehicle may park today."""

    plate = fields.String()
    permit = fields.String()
    space = fields.String(metadata={"description": "id of the unit"})
    until = fields.Date(data_key="to", metadata={"description": "the first day no longer"})


class SecurityView(Schema):
    """What security knows of a unit."""

    unit = fields.String()
    label = fields.String()
    state = choice(Occupancy, allow_none=True)
    people = fields.List(fields.Nested(NamedView))
    plates = fields.List(fields.String())
    permits = fields.List(fields.Nested(PermitView), metadata={"description": "of these, the parking leases in force"})
