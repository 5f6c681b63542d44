"""The destruction of files, as others see it (docs/privacy.md)."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.residents.model.parts import Part
from services.residents.model.purges import PurgeState
from services.residents.schemas.units import StampView
from services.residents.schemas.views import View
from steward.paging import PageQuery
from steward.shapes import Command, Published, choice, line, moment


class PurgeQuery(PageQuery):
    """Which purges to list."""

    state = choice(PurgeState, load_default=None)
    person = line(26, load_default=None)


class PlaceHold(Command):
    """Somebody's file is needed though its time may run out."""

    ground = fields.String(
        required=True,
        validate=validate.Regexp(r"[a-z][a-z_]{0,31}\Z", error="Must be a code of small letters and _."),
        metadata={"description": "a code such as arrears; nothing personal"},
    )


class ReportView(Schema):
    """What a service that held copies reported."""

    service = fields.String()
    forgotten = fields.Integer()
    kept = fields.Integer()
    at = moment()


class PurgeView(View):
    """A destruction of a file, and its proof."""

    project = fields.String()
    person = fields.String()
    rule = fields.String()
    wish = fields.String(metadata={"description": "id of the erasure for which it is; empty, where its time had run out"})
    years = fields.Integer()
    kept_until = fields.Date()
    parts = fields.List(choice(Part), metadata={"description": "what goes, where that is not all"})
    state = choice(PurgeState)
    holds = fields.List(fields.String(), metadata={"description": "why the file is kept though its time has run out"})
    missing = fields.List(fields.String(), metadata={"description": "services that have not reported yet"})
    reports = fields.List(fields.Nested(ReportView))
    begun_at = moment(allow_none=True)
    ended_at = moment(allow_none=True)


class HoldView(View):
    """Why somebody's file is kept, whoever said so."""

    project = fields.String()
    person = fields.String()
    ground = fields.String()
    placed = fields.Nested(StampView)
    released = fields.Nested(StampView, allow_none=True)


class HoldsView(Schema):
    """All holds of one file."""

    items = fields.List(fields.Nested(HoldView), required=True)


class ReviewView(Schema):
    """All files of the project are looked through now."""

    project = fields.String()
    asked = fields.Nested(StampView)


class IdentitiesView(Schema):
    """By what somebody is known: for services that look for them in what they hold."""

    name = fields.String()
    phones = fields.List(fields.String())


class UnitSpan(Published):
    """Where somebody belonged, and when; ``until`` is the first day no longer."""

    unit = fields.String(required=True)
    since = fields.Date(required=True)
    until = fields.Date(required=True, allow_none=True)


class PurgeBegun(Published):
    """Somebody's file is about to be destroyed: whoever holds copies takes them out and reports."""

    purge = fields.String(required=True)
    person = fields.String(required=True)
    round = fields.Integer(required=True, validate=validate.Range(min=1))
    units = fields.List(fields.Nested(UnitSpan), required=True)


class PurgeHeld(Published):
    """A file is kept though its time has run out."""

    purge = fields.String(required=True)
    person = fields.String(required=True)
    holds = fields.List(fields.String(), required=True)


class Reported(Published):
    """What one service had taken out."""

    service = fields.String(required=True)
    forgotten = fields.Integer(required=True)
    at = moment(required=True)


class PersonPurged(Published):
    """Somebody's file is destroyed, by which rule, and what each service had taken out before."""

    purge = fields.String(required=True)
    person = fields.String(required=True)
    rule = fields.String(required=True)
    years = fields.Integer(required=True)
    kept_until = fields.Date(required=True)
    reports = fields.List(fields.Nested(Reported), required=True)


class HoldTold(Published):
    """A hold is placed, or released."""

    hold = fields.String(required=True)
    person = fields.String(required=True)
    ground = fields.String(required=True)
