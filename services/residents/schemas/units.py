"""Units and ties, as others see them."""

from __future__ import annotations

from datetime import date
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from services.residents.model import MAX_UNITS_PER_EVENT, Occupancy, Role, Use
from services.residents.schemas.views import View
from steward.paging import PageQuery
from steward.shapes import Command, Published, choice, line, moment

MAX_AREA_M2 = 1_000_000
_AGE = (1950, 2999)
_SHARE = validate.Regexp(r"^[1-9]\d{0,5}/[1-9]\d{0,5}\Z", error="Is not a fraction such as 1/3.")


def sane(day: date) -> None:
    """Raises ValidationError for a day of another age: a slip of the pen."""
    if not _AGE[0] <= day.year <= _AGE[1]:
        raise ValidationError(f"Is not from {_AGE[0]} to {_AGE[1]}.")


def _area(**options: Any) -> fields.Float:
    return fields.Float(
        allow_none=True,
        validate=validate.Range(min=0, max=MAX_AREA_M2, min_inclusive=False),
        metadata={"description": "square metres"},
        **options,
    )


def share_field(**options: Any) -> fields.String:
    return fields.String(allow_none=True, validate=_SHARE, metadata={"description": "what an owner owns of the unit, e.g. 1/3"}, **options)


class RegisterUnit(Command):
    """A new unit."""

    label = line(40, "as people write it, e.g. 3-2-501", required=True)
    building = line(20, "e.g. 3", load_default="", least=0)
    area_m2 = _area(load_default=None)
    use = fields.Enum(Use, by_value=True, metadata={"description": "default by policy"})


class ChangeUnit(Command):
    """Other facts of a unit; what is left out stays."""

    area_m2 = _area()
    use = choice(Use)
    building = line(20, "code of the building; one that is not on file is opened", least=0)
    handed_over_on = fields.Date(allow_none=True, metadata={"description": "day of handover; liability for defects runs from it"})
    stated = choice(Occupancy, "who lives there, where ties do not tell; null: not said", allow_none=True)


class MakeTie(Command):
    """A person becomes owner, resident, tenant or agent of a unit (dates: ``to`` is the first day no longer)."""

    person = line(26, required=True)
    role = fields.Enum(Role, by_value=True, required=True)
    since = fields.Date(data_key="from", load_default=None, allow_none=True, metadata={"description": "default: today"})
    until = fields.Date(data_key="to", load_default=None, allow_none=True)
    share = share_field(load_default=None)


class SetShare(Command):
    """What an owner owns of the unit; null: not said. All open shares together are at most the whole."""

    share = share_field(required=True)


class EndTie(Command):
    """A tie ends."""

    until = fields.Date(
        data_key="to",
        load_default=None,
        allow_none=True,
        metadata={"description": "the first day on which it no longer holds; default: today"},
    )


class UnitQuery(PageQuery):
    """Which units to list."""

    label = line(40, "exactly this label", load_default=None)
    building = line(20, load_default=None)
    zone = line(26, "id of a zone", load_default=None)
    state = choice(Occupancy, load_default=None)


class StampView(Schema):
    """Who filed something, and when."""

    at = moment()
    by = fields.String()


class TieView(Schema):
    """A tie of a person to a unit."""

    id = fields.String()
    person = fields.String()
    role = fields.Enum(Role, by_value=True)
    since = fields.Date(data_key="from")
    until = fields.Date(data_key="to", allow_none=True)
    share = fields.String(allow_none=True, metadata={"description": "what an owner owns of the unit"})
    made = fields.Nested(StampView, allow_none=True)
    ended = fields.Nested(StampView, allow_none=True)


class UnitView(View):
    """A unit and its ties, former ones included."""

    project = fields.String()
    label = fields.String()
    building = fields.String()
    area_m2 = fields.Float(allow_none=True)
    use = fields.Enum(Use, by_value=True)
    ties = fields.List(fields.Nested(TieView))
    registered_at = moment(allow_none=True)
    withdrawn_at = moment(allow_none=True)
    handed_over_on = fields.Date(allow_none=True)
    liable_until = fields.Dict(
        keys=fields.String(), values=fields.Date(), metadata={"description": "last day of liability for defects, by item"}
    )
    stated = choice(Occupancy, "what staff said of who lives there", allow_none=True)
    state = choice(Occupancy, "who lives there: as ties tell, else as stated", allow_none=True)
    moved_in_on = fields.Date(allow_none=True, metadata={"description": "when people moved in last"})
    visited_on = fields.Date(allow_none=True, metadata={"description": "when somebody of the house was there last"})
    vacant_seen_on = fields.Date(allow_none=True, metadata={"description": "when somebody last saw that it is vacant"})


class UnitListed(Published):
    """A unit as ``units_registered`` lists it."""

    id = fields.String(required=True)
    label = fields.String(required=True)
    building = fields.String(required=True)


class UnitsRegistered(Published):
    """Units are in use."""

    units = fields.List(fields.Nested(UnitListed), required=True, validate=validate.Length(max=MAX_UNITS_PER_EVENT))


class UnitsWithdrawn(Published):
    """Units are out of use."""

    units = fields.List(fields.String(), required=True, validate=validate.Length(max=MAX_UNITS_PER_EVENT))


class UnitChanged(Published):
    """Facts of a unit are others now: those in ``changed``. All of them are told as they are."""

    unit = fields.String(required=True)
    changed = fields.List(fields.String(), required=True)
    label = fields.String(required=True)
    building = fields.String(required=True)
    area_m2 = fields.Float(required=True, allow_none=True)
    use = choice(Use, required=True)
    handed_over_on = fields.Date(required=True, allow_none=True)
    liable_until = fields.Dict(keys=fields.String(), values=fields.Date(), required=True)
    state = choice(Occupancy, required=True, allow_none=True)


class TieChanged(Published):
    """A tie was made or has ended. ``from`` and ``to`` are days in the project's zone; ``to`` is the first day no longer."""

    tie = fields.String(required=True)
    unit = fields.String(required=True)
    person = fields.String(required=True)
    role = fields.Enum(Role, by_value=True, required=True)
    since = fields.Date(data_key="from", required=True)
    until = fields.Date(data_key="to", required=True, allow_none=True)
    share = fields.String(allow_none=True)


class TieStruck(Published):
    """A tie that was filed in error, by its ids."""

    tie = fields.String(required=True)
    unit = fields.String(required=True)
    person = fields.String(required=True)


class TiesStruck(Published):
    """Ties that a roster had made in error are on file no longer, as if they had never been."""

    ties = fields.List(fields.Nested(TieStruck), required=True, validate=validate.Length(max=MAX_UNITS_PER_EVENT))


class TiesMade(Published):
    """Ties were made, by a roster."""

    ties = fields.List(fields.Nested(TieChanged), required=True, validate=validate.Length(max=MAX_UNITS_PER_EVENT))
