"""Requests for a copy of what is held of somebody, as others see them (docs/privacy.md)."""

from __future__ import annotations

from marshmallow import Schema, fields

from services.residents.model.access import AccessState
from services.residents.schemas.units import StampView
from services.residents.schemas.views import View
from steward.copies import SectionView
from steward.shapes import Command, Published, choice, line, moment


class AskAccess(Command):
    """Somebody wants to know what is held of them."""

    reason = line(200, "why, and how they showed who they are; it goes on record", required=True)


class AccessView(View):
    """A request, and how far it is."""

    project = fields.String()
    person = fields.String()
    reason = fields.String()
    asked = fields.Nested(StampView)
    state = choice(AccessState)
    missing = fields.List(fields.String(), metadata={"description": "services that have not answered yet"})
    until = moment("how long the copy can be had")


class PartView(Schema):
    """What one service holds."""

    service = fields.String()
    sections = fields.List(fields.Nested(SectionView))


class AccessFile(Schema):
    """The copy: all that is held of somebody, to be handed to them."""

    id = fields.String()
    person = fields.String()
    asked = fields.Nested(StampView)
    missing = fields.List(fields.String(), metadata={"description": "services that have not answered yet"})
    parts = fields.List(fields.Nested(PartView))


class AccessTold(Published):
    """A copy of what is held of somebody was asked for, is ready, or is gone."""

    request = fields.String(required=True)
    person = fields.String(required=True)
