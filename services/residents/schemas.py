"""The public contract of residents: commands in, views out, events out."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from marshmallow import INCLUDE, RAISE, Schema, fields, validate

from services.residents.model import LANGUAGES, MAX_UNITS_PER_EVENT, Role, Use
from steward.paging import PageQuery

MAX_AREA_M2 = 1_000_000


def _text(most: int, description: str = "", least: int = 1, **options: Any) -> fields.String:
    clean = validate.Regexp(r"[^\x00-\x1f\x7f]*\Z", error="Must not hold control characters.")
    checks = [validate.Length(min=least, max=most), clean]
    return fields.String(validate=checks, metadata={"description": description}, **options)


def _moment(description: str = "") -> fields.AwareDateTime:
    return fields.AwareDateTime(format="iso", default_timezone=UTC, allow_none=True, metadata={"description": description})


class _In(Schema):
    class Meta:
        unknown = RAISE


class OpenProject(_In):
    """A new project."""

    id = fields.String(required=True, validate=validate.Regexp(r"^[a-z0-9-]{2,32}\Z"), metadata={"description": "slug"})
    code = fields.String(
        required=True,
        validate=validate.Regexp(r"^[A-Z]{2,6}\Z"),
        metadata={"description": "begins its ticket numbers, e.g. YH"},
    )
    name = _text(80, "in Chinese", required=True)
    name_en = _text(80, "in English", required=True)
    timezone = _text(64, "IANA name; default by policy")
    company = fields.String(required=True, validate=validate.Regexp(r"^[a-z0-9-]{2,32}\Z"), metadata={"description": "slug of the company"})


class RegisterUnit(_In):
    """A new unit."""

    label = _text(40, "as people write it, e.g. 3-2-501", required=True)
    building = _text(20, "e.g. 3", load_default="", least=0)
    area_m2 = fields.Float(
        load_default=None,
        allow_none=True,
        validate=validate.Range(min=0, max=MAX_AREA_M2, min_inclusive=False),
        metadata={"description": "square metres"},
    )
    use = fields.Enum(Use, by_value=True, metadata={"description": "default by policy"})


class RegisterPerson(_In):
    """A new person."""

    name = _text(60, required=True)
    phones = fields.List(_text(32), load_default=list, validate=validate.Length(max=20))
    language = fields.String(validate=validate.OneOf(LANGUAGES), metadata={"description": "default by policy"})
    id_number = _text(18, "resident identity number (GB 11643)", load_default=None, allow_none=True)


class MakeTie(_In):
    """A person becomes owner, resident, tenant or agent of a unit (dates: ``to`` is the first day no longer)."""

    person = _text(26, required=True)
    role = fields.Enum(Role, by_value=True, required=True)
    since = fields.Date(data_key="from", load_default=None, allow_none=True, metadata={"description": "default: today"})
    until = fields.Date(data_key="to", load_default=None, allow_none=True)


class EndTie(_In):
    """A tie ends."""

    until = fields.Date(
        data_key="to",
        load_default=None,
        allow_none=True,
        metadata={"description": "the first day on which it no longer holds; default: today"},
    )


class Nothing(_In):
    """A command without a body."""


class UnitQuery(PageQuery):
    """Which units to list."""

    label = _text(40, "exactly this label", load_default=None)
    building = _text(20, load_default=None)


class PersonQuery(PageQuery):
    """Which people to list."""

    phone = _text(32, "who has this number", load_default=None)


class RosterQuery(_In):
    """How to read a roster."""

    filename = _text(200, "its ending tells the format", load_default="")
    format = fields.String(validate=validate.OneOf(("csv", "xlsx")), metadata={"description": "default: by filename or content"})
    dry_run = fields.Boolean(load_default=False, metadata={"description": "report only, write nothing"})
    all_or_nothing = fields.Boolean(load_default=False, metadata={"description": "write nothing when any row is wrong"})
    ignore_unknown = fields.Boolean(load_default=False, metadata={"description": "leave out columns that are not known"})
    language = fields.String(load_default="zh-CN", validate=validate.OneOf(LANGUAGES))


class _View(Schema):
    id = fields.String()
    version = fields.Integer()


class ProjectView(_View):
    """A project."""

    code = fields.String()
    name = fields.String()
    name_en = fields.String()
    timezone = fields.String()
    company = fields.String()
    buildings = fields.List(fields.String())
    units = fields.Integer(metadata={"description": "how many are in use"})
    opened_at = _moment()


class TieView(Schema):
    """A tie of a person to a unit."""

    id = fields.String()
    person = fields.String()
    role = fields.Enum(Role, by_value=True)
    since = fields.Date(data_key="from")
    until = fields.Date(data_key="to", allow_none=True)


class UnitView(_View):
    """A unit and its ties, former ones included."""

    project = fields.String()
    label = fields.String()
    building = fields.String()
    area_m2 = fields.Float(allow_none=True)
    use = fields.Enum(Use, by_value=True)
    ties = fields.List(fields.Nested(TieView))
    registered_at = _moment()
    withdrawn_at = _moment()


class PersonView(_View):
    """A person; phones and identity number masked."""

    project = fields.String()
    name = fields.String()
    phones = fields.List(fields.String(), metadata={"description": "masked"})
    id_number = fields.String(allow_none=True, metadata={"description": "masked"})
    language = fields.String()
    registered_at = _moment()


class ContactView(Schema):
    """How to reach somebody, unmasked."""

    phone = fields.String(allow_none=True)
    name = fields.String()
    language = fields.String()


class UnitContactView(ContactView):
    """Who answers for a unit, unmasked."""

    person = fields.String()


class ProblemView(Schema):
    """What is wrong in one cell of a roster."""

    row = fields.Integer(metadata={"description": "as a spreadsheet counts: the header is row 1"})
    column = fields.String(metadata={"description": "as the file's header names it; empty: the whole row"})
    code = fields.String()
    message = fields.String()


class RosterView(Schema):
    """What a roster did, or would do."""

    rows = fields.Integer(metadata={"description": "rows that are not blank, the header left out"})
    imported = fields.Integer(metadata={"description": "rows that brought something new"})
    unchanged = fields.Integer()
    wrong = fields.Integer(metadata={"description": "rows left out because something in them is wrong"})
    ignored = fields.List(fields.String(), metadata={"description": "columns left out"})
    problems = fields.List(fields.Nested(ProblemView))
    problems_total = fields.Integer()
    dry_run = fields.Boolean()


class _Event(Schema):
    class Meta:
        unknown = INCLUDE


class ProjectOpened(_Event):
    """A project is open."""

    project = fields.String(required=True)
    code = fields.String(required=True)
    name = fields.String(required=True)
    name_en = fields.String(required=True)
    timezone = fields.String(required=True)
    company = fields.String(required=True)


class UnitListed(_Event):
    """A unit as ``units_registered`` lists it."""

    id = fields.String(required=True)
    label = fields.String(required=True)
    building = fields.String(required=True)


class UnitsRegistered(_Event):
    """Units are in use."""

    units = fields.List(fields.Nested(UnitListed), required=True, validate=validate.Length(max=MAX_UNITS_PER_EVENT))


class UnitsWithdrawn(_Event):
    """Units are out of use."""

    units = fields.List(fields.String(), required=True, validate=validate.Length(max=MAX_UNITS_PER_EVENT))


class PersonRegistered(_Event):
    """A person is on file."""

    person = fields.String(required=True)


class TieChanged(_Event):
    """A tie was made or has ended. ``from`` and ``to`` are days in the project's zone; ``to`` is the first day no longer."""

    tie = fields.String(required=True)
    unit = fields.String(required=True)
    person = fields.String(required=True)
    role = fields.Enum(Role, by_value=True, required=True)
    since = fields.Date(data_key="from", required=True)
    until = fields.Date(data_key="to", required=True, allow_none=True)
