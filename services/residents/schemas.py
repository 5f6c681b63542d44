"""The public contract of residents: commands in, views out, events out."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.residents.model import LANGUAGES, MAX_UNITS_PER_EVENT, Role, Use
from steward.paging import PageQuery
from steward.shapes import Command, Published, line, moment

MAX_AREA_M2 = 1_000_000


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


class RegisterUnit(Command):
    """A new unit."""

    label = line(40, "as people write it, e.g. 3-2-501", required=True)
    building = line(20, "e.g. 3", load_default="", least=0)
    area_m2 = fields.Float(
        load_default=None,
        allow_none=True,
        validate=validate.Range(min=0, max=MAX_AREA_M2, min_inclusive=False),
        metadata={"description": "square metres"},
    )
    use = fields.Enum(Use, by_value=True, metadata={"description": "default by policy"})


class RegisterPerson(Command):
    """A new person."""

    name = line(60, required=True)
    phones = fields.List(line(32), load_default=list, validate=validate.Length(max=20))
    language = fields.String(validate=validate.OneOf(LANGUAGES), metadata={"description": "default by policy"})
    id_number = line(18, "resident identity number (GB 11643)", load_default=None, allow_none=True)


class MakeTie(Command):
    """A person becomes owner, resident, tenant or agent of a unit (dates: ``to`` is the first day no longer)."""

    person = line(26, required=True)
    role = fields.Enum(Role, by_value=True, required=True)
    since = fields.Date(data_key="from", load_default=None, allow_none=True, metadata={"description": "default: today"})
    until = fields.Date(data_key="to", load_default=None, allow_none=True)


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


class PersonQuery(PageQuery):
    """Which people to list."""

    phone = line(32, "who has this number", load_default=None)


class RosterQuery(Command):
    """How to read a roster."""

    filename = line(200, "its ending tells the format", load_default="")
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
    opened_at = moment(allow_none=True)


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
    registered_at = moment(allow_none=True)
    withdrawn_at = moment(allow_none=True)


class PersonView(_View):
    """A person; phones and identity number masked."""

    project = fields.String()
    name = fields.String()
    phones = fields.List(fields.String(), metadata={"description": "masked"})
    id_number = fields.String(allow_none=True, metadata={"description": "masked"})
    language = fields.String()
    registered_at = moment(allow_none=True)


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


class ProjectOpened(Published):
    """A project is open."""

    project = fields.String(required=True)
    code = fields.String(required=True)
    name = fields.String(required=True)
    name_en = fields.String(required=True)
    timezone = fields.String(required=True)
    company = fields.String(required=True)


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


class PersonRegistered(Published):
    """A person is on file."""

    person = fields.String(required=True)


class TieChanged(Published):
    """A tie was made or has ended. ``from`` and ``to`` are days in the project's zone; ``to`` is the first day no longer."""

    tie = fields.String(required=True)
    unit = fields.String(required=True)
    person = fields.String(required=True)
    role = fields.Enum(Role, by_value=True, required=True)
    since = fields.Date(data_key="from", required=True)
    until = fields.Date(data_key="to", required=True, allow_none=True)
