"""Rosters and their reports, as others see them."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.residents.model import LANGUAGES, RunState, Stay
from services.residents.schemas.units import StampView
from services.residents.schemas.views import View
from steward.shapes import Command, choice, line, moment

_LANGUAGE = validate.OneOf(LANGUAGES)


class RosterQuery(Command):
    """How to read a roster."""

    filename = line(200, "its ending tells the format", load_default="")
    format = fields.String(validate=validate.OneOf(("csv", "xlsx")), metadata={"description": "default: by filename or content"})
    dry_run = fields.Boolean(load_default=False, metadata={"description": "report only, write nothing"})
    all_or_nothing = fields.Boolean(load_default=False, metadata={"description": "write nothing when any row is wrong"})
    ignore_unknown = fields.Boolean(load_default=False, metadata={"description": "leave out columns that are not known"})
    language = fields.String(load_default="zh-CN", validate=_LANGUAGE)


class ExportQuery(Command):
    """How to write a project's roster, and why it is asked for."""

    reason = line(200, "why; it goes on record", required=True)
    language = fields.String(load_default="zh-CN", validate=_LANGUAGE, metadata={"description": "of headers and roles"})
    cursor = fields.String(load_default=None, validate=validate.Length(max=256), metadata={"description": "where a piece begins"})


class RunQuery(Command):
    """How to tell of a run."""

    language = fields.String(validate=_LANGUAGE, metadata={"description": "of problems; default: as the file was sent in"})


class MapColumns(Command):
    """What every header of the project's own means; said anew as a whole."""

    columns = fields.Dict(
        keys=line(60),
        values=line(20, allow_none=True),
        required=True,
        metadata={"description": "header: field, one of `known`; null: the column is left out"},
    )


class ColumnsView(Schema):
    """What has been said of headers."""

    columns = fields.Dict(
        keys=fields.String(), values=fields.String(allow_none=True), metadata={"description": "headers in their plain form"}
    )
    known = fields.List(fields.String(), metadata={"description": "what a column may hold"})
    version = fields.Integer()


class ProblemView(Schema):
    """What is wrong in one cell of a roster."""

    row = fields.Integer(metadata={"description": "as a spreadsheet counts: the header is row 1"})
    column = fields.String(metadata={"description": "as the file's header names it; empty: the whole row"})
    code = fields.String()
    message = fields.String()


class StayView(Schema):
    """Something that a run made and that its undoing left."""

    kind = fields.String(metadata={"description": "unit or person"})
    id = fields.String()
    reason = choice(Stay, "somebody changed it since, or a tie, a vehicle, a card or a case needs it")


class TakenBackView(Schema):
    """What an undoing took back, and how much stays."""

    ties = fields.Integer()
    units = fields.Integer()
    people = fields.Integer()
    stay = fields.Integer()


class RunView(View):
    """What the import of a roster did, would do, or has done so far."""

    project = fields.String()
    started = fields.Nested(StampView)
    filename = fields.String()
    digest = fields.String(metadata={"description": "SHA-256 of the file"})
    state = choice(RunState)
    dry_run = fields.Boolean()
    rows = fields.Integer(allow_none=True, metadata={"description": "rows that are not blank, the header left out; null: not read yet"})
    done = fields.Integer(metadata={"description": "rows gone over so far"})
    imported = fields.Integer(metadata={"description": "rows that brought something new"})
    unchanged = fields.Integer()
    wrong = fields.Integer(metadata={"description": "rows left out because something in them is wrong"})
    ignored = fields.List(fields.String(), metadata={"description": "columns left out"})
    problems = fields.List(fields.Nested(ProblemView), metadata={"description": "not in lists of runs"})
    problems_total = fields.Integer()
    ended_at = moment(allow_none=True)
    failure = fields.String(allow_none=True)
    undone = fields.Nested(StampView, allow_none=True)
    taken_back = fields.Nested(TakenBackView)
    stays = fields.List(fields.Nested(StayView), metadata={"description": "what stays of a run that was undone; not in lists of runs"})
