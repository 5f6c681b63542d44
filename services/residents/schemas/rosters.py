"""Rosters and their reports, as others see them."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.residents.model import LANGUAGES
from steward.shapes import Command, line


class RosterQuery(Command):
    """How to read a roster."""

    filename = line(200, "its ending tells the format", load_default="")
    format = fields.String(validate=validate.OneOf(("csv", "xlsx")), metadata={"description": "default: by filename or content"})
    dry_run = fields.Boolean(load_default=False, metadata={"description": "report only, write nothing"})
    all_or_nothing = fields.Boolean(load_default=False, metadata={"description": "write nothing when any row is wrong"})
    ignore_unknown = fields.Boolean(load_default=False, metadata={"description": "leave out columns that are not known"})
    language = fields.String(load_default="zh-CN", validate=validate.OneOf(LANGUAGES))


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
