"""Vehicles, and what is found, as others see them."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.residents.schemas.people import PersonView
from services.residents.schemas.units import StampView, UnitView, sane
from services.residents.schemas.views import View
from services.residents.search.words import Match
from steward.paging import PageQuery
from steward.shapes import Command, Published, choice, line


class RegisterVehicle(Command):
    """A vehicle of somebody on file, parked for a unit."""

    plate = line(20, "number plate", required=True)
    person = line(26, required=True)
    unit = line(26, required=True)


class ChangeVehicle(Command):
    """It is somebody else's, or parked for another unit; what is left out stays."""

    person = line(26)
    unit = line(26)


class VehicleQuery(PageQuery):
    """Which vehicles to list, those that are gone too."""

    plate = line(20, "exactly this plate", load_default=None)
    person = line(26, load_default=None)
    unit = line(26, load_default=None)


class EndLease(Command):
    """A lease of a parking space ends early."""

    until = fields.Date(
        data_key="to",
        load_default=None,
        allow_none=True,
        validate=sane,
        metadata={"description": "first day no longer; default: today"},
    )


class LeaseView(Schema):
    """A lease of a parking space; ``to`` is the first day no longer."""

    case = fields.String()
    space = fields.String(metadata={"description": "id of the unit"})
    permit = fields.String()
    since = fields.Date(data_key="from")
    until = fields.Date(data_key="to")


class VehicleView(View):
    """A vehicle; ``gone`` says since when it is here no longer, ``leases`` where it may park, or might."""

    project = fields.String()
    plate = fields.String()
    person = fields.String()
    unit = fields.String()
    filed = fields.Nested(StampView)
    gone = fields.Nested(StampView, allow_none=True)
    leases = fields.List(fields.Nested(LeaseView))


class SearchQuery(PageQuery):
    """What is known of somebody or something."""

    q = line(60, "name, its beginning, pinyin or initials; phone or its last 4 digits; unit label; number plate", required=True)


class HitView(Schema):
    """Something found, and by what. ``kind`` says which of the three it is."""

    kind = fields.String(validate=validate.OneOf(("person", "unit", "vehicle")))
    match = choice(Match)
    person = fields.Nested(PersonView, allow_none=True)
    unit = fields.Nested(UnitView, allow_none=True)
    vehicle = fields.Nested(VehicleView, allow_none=True)


class VehicleTold(Published):
    """A vehicle was filed, is somebody else's, or is gone."""

    vehicle = fields.String(required=True)
    person = fields.String(required=True)
    unit = fields.String(required=True)


class ParkingTold(VehicleTold):
    """A space was let for a vehicle, or its lease ends early; ``to`` is the first day no longer."""

    space = fields.String(required=True)
    case = fields.String(required=True)
    since = fields.Date(data_key="from", required=True)
    until = fields.Date(data_key="to", required=True)
