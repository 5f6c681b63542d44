"""Contacts and visits, as others see them (handbook §2)."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.residents.model import Role
from services.residents.model.contacts import Living, Way, Why
from services.residents.schemas.units import StampView
from steward.paging import PageQuery
from steward.shapes import Command, Published, about, choice, line

_WITHIN = validate.Range(min=0, max=366)


class NoteContact(Command):
    """Somebody of a unit was reached."""

    unit = line(26, required=True)
    person = line(26, "left out: somebody of the household", load_default=None, allow_none=True)
    way = choice(Way, required=True)


class ContactedView(Schema):
    """Somebody was reached."""

    unit = fields.String()
    person = fields.String(allow_none=True)
    way = choice(Way)
    made = fields.Nested(StampView)


class ContactsDueQuery(PageQuery):
    """Who is to be asked, of a page of units, or of one."""

    within_days = fields.Integer(load_default=0, validate=_WITHIN, metadata=about("due so soon; 0: today or before"))
    unit = line(26, "of this unit alone", load_default=None)


class ContactDueView(Schema):
    """Somebody whose contact details are to be confirmed again."""

    unit = fields.String()
    label = fields.String()
    person = fields.String()
    role = choice(Role)
    living = choice(Living)
    last_on = fields.Date(allow_none=True)
    due_on = fields.Date()
    overdue = fields.Boolean()


class VisitsQuery(Command):
    """Which visits."""

    within_days = fields.Integer(load_default=7, validate=_WITHIN, metadata=about("due so soon, or before"))


class VisitView(Schema):
    """A visit that is due."""

    why = choice(Why)
    unit = fields.String(allow_none=True)
    person = fields.String(allow_none=True)
    since = fields.Date()
    due_on = fields.Date()
    overdue = fields.Boolean()


class VisitsView(Schema):
    """Visits that are due, the longest due first; at most 1,000 of each kind."""

    items = fields.List(fields.Nested(VisitView))


class Visited(Published):
    """Somebody of the house was at a unit; ``first``: for the first time since people moved in."""

    unit = fields.String(required=True)
    person = fields.String(required=True, allow_none=True)
    on = fields.Date(required=True)
    first = fields.Boolean(required=True)
