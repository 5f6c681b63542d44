"""Cases, as others see them: handovers, changes of owner, tenants in, move-outs, parking leases (handbook §2)."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from services.residents.model.cases import CancelReason, Stands, State
from services.residents.model.forms import Outcome
from services.residents.model.plans import Comes, Form, Kind
from services.residents.schemas.units import StampView, sane, share_field
from services.residents.schemas.views import View
from steward.paging import PageQuery
from steward.shapes import Command, Published, about, choice, line, moment, text

MAX_FEN = 10_000_000_000
_READING = validate.Regexp(r"^\d{1,9}(\.\d{1,3})?\Z", error="Is not a meter's reading such as 1024.5.")
_WORD = line(40)
_LIST = validate.Length(min=1, max=40)


def _fen(says: str, **options: Any) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(min=0, max=MAX_FEN), metadata=about(f"{says}, in fen"), **options)


class OpenCase(Command):
    """What is to be gone through with a unit."""

    kind = choice(Kind, required=True)
    unit = line(26, required=True)
    person = line(26, "who comes into the unit, or leaves it", required=True)
    comes = choice(Comes, "who stands at the desk", load_default=Comes.SELF)
    agent = line(26, "the person who comes in their place", load_default=None, allow_none=True)
    on = fields.Date(
        load_default=None,
        allow_none=True,
        validate=sane,
        metadata=about(
            "from when it holds: the first day of the new tie, the first day no longer of the old; default: the day of completion"
        ),
    )
    until = fields.Date(load_default=None, allow_none=True, validate=sane, metadata=about("if for a time: the first day no longer"))
    leaving = fields.List(line(26), load_default=list, validate=validate.Length(max=20), metadata=about("ids of the ties that end"))
    share = share_field(load_default=None)
    moving_in = fields.Boolean(load_default=True, metadata=about("whether people live there from then on"))
    vehicle = line(26, "of a parking lease", load_default=None, allow_none=True)


class DefectIn(Command):
    """A defect found at the inspection; each becomes a ticket."""

    item = line(30, "what is wanting, by the words of tickets, e.g. door_window", load_default="other")
    what = text(500, required=True)


class TakeStep(Command):
    """What was done of a step; which members it takes is a matter of its form."""

    papers = fields.List(_WORD, validate=_LIST, metadata=about("seen, or signed"))
    id_number = line(18, "of the ID that was shown")
    signature = line(200, "whose it is, or where it is kept")
    amount_fen = _fen("received, or paid out")
    owing_fen = _fen("what is still unpaid")
    receipt = line(40, "its number")
    readings = fields.Dict(keys=_WORD, values=fields.String(validate=_READING), validate=_LIST, metadata=about("by meter"))
    items = fields.Dict(
        keys=_WORD,
        values=fields.Integer(strict=True, validate=validate.Range(min=0, max=1_000)),
        validate=_LIST,
        metadata=about("how many"),
    )
    outcome = choice(Outcome)
    opinion = text(2000, "the engineer's")
    accepted = fields.Boolean()
    defects = fields.List(fields.Nested(DefectIn), validate=validate.Length(max=100))
    number = line(40, "of the pass or permit")
    note = text(1000)


class StrikeStep(Command):
    """What was recorded of a step was wrong."""

    because = text(500, "why", required=True)


class CancelCase(Command):
    """Why a case is given up."""

    reason_code = choice(CancelReason, required=True)


class CaseQuery(PageQuery):
    """Which cases to list."""

    kind = choice(Kind, load_default=None)
    unit = line(26, load_default=None)
    state = choice(State, load_default=None)


class WantView(Schema):
    """One thing that a step is about, and whether it has been dealt with."""

    id = fields.String()
    title = fields.Dict(keys=fields.String(), values=fields.String(), metadata=about("by language"))
    dealt = fields.Boolean()


class DefectView(Schema):
    """A defect found at the inspection."""

    id = fields.String()
    item = fields.String()
    what = fields.String()


class RecordView(Schema):
    """What was recorded of a step. An ID number is not kept, a signature not shown."""

    made = fields.Nested(StampView)
    papers = fields.List(fields.String())
    signed = fields.Boolean()
    amount_fen = fields.Integer(allow_none=True)
    owing_fen = fields.Integer(allow_none=True)
    receipt = fields.String(allow_none=True)
    readings = fields.Dict(keys=fields.String(), values=fields.String())
    items = fields.Dict(keys=fields.String(), values=fields.Integer())
    outcome = choice(Outcome, allow_none=True)
    opinion = fields.String(allow_none=True)
    accepted = fields.Boolean(allow_none=True)
    defects = fields.List(fields.Nested(DefectView))
    number = fields.String(allow_none=True)
    note = fields.String(allow_none=True)
    struck = fields.Nested(StampView, allow_none=True, metadata=about("it was wrong, and does not hold"))
    because = fields.String(allow_none=True)


class StepView(Schema):
    """A step, where it stands, and what was recorded of it."""

    id = fields.String()
    title = fields.Dict(keys=fields.String(), values=fields.String(), metadata=about("by language"))
    form = choice(Form)
    stands = choice(Stands)
    roles = fields.List(fields.String(), metadata=about("who takes it"))
    after = fields.List(fields.String())
    optional = fields.Boolean()
    months = fields.Integer(allow_none=True, metadata=about("of fees"))
    amount_fen = fields.Integer(allow_none=True)
    wants = fields.List(fields.Nested(WantView))
    records = fields.List(fields.Nested(RecordView))


class MissingView(Schema):
    """A step that must be done and is not."""

    step = fields.String()
    wants = fields.List(fields.String())
    roles = fields.List(fields.String())


class CaseView(View):
    """A case and its steps."""

    project = fields.String()
    kind = choice(Kind)
    unit = fields.String()
    person = fields.String()
    comes = choice(Comes)
    agent = fields.String(allow_none=True)
    on = fields.Date(allow_none=True)
    until = fields.Date(allow_none=True)
    leaving = fields.List(fields.String())
    share = fields.String(allow_none=True)
    moving_in = fields.Boolean()
    vehicle = fields.String(allow_none=True)
    state = choice(State)
    opened = fields.Nested(StampView)
    ended = fields.Nested(StampView, allow_none=True)
    reason = choice(CancelReason, allow_none=True)
    owing_fen = fields.Integer(allow_none=True, metadata=about("what was last said to be unpaid; null: nothing was said"))
    steps = fields.List(fields.Nested(StepView))
    missing = fields.List(fields.Nested(MissingView), metadata=about("what keeps it from being complete"))


class DefectText(DefectView):
    """A defect, for the service that raises its ticket."""

    unit = fields.String()


class CaseTold(Published):
    """A case was opened, or is complete: it holds from ``on``."""

    case = fields.String(required=True)
    kind = choice(Kind, required=True)
    unit = fields.String(required=True)
    person = fields.String(required=True)
    on = fields.Date(required=True, allow_none=True)


class CaseStepTaken(CaseTold):
    """Something was recorded of a step; ``done``: it is all that the step takes."""

    step = fields.String(required=True)
    form = choice(Form, required=True)
    done = fields.Boolean(required=True)


class CaseStepStruck(CaseTold):
    """What was recorded of a step was wrong: it is to be taken anew."""

    step = fields.String(required=True)
    form = choice(Form, required=True)


class CaseCancelled(CaseTold):
    """A case was given up."""

    reason_code = choice(CancelReason, required=True)


class MoneyAsked(Published):
    """Money is asked for, or its state: so many ``months`` of fees, ``amount_fen``, or whatever is due. Of a case, or of a card."""

    case = fields.String(required=True, allow_none=True)
    kind = choice(Kind, required=True, allow_none=True)
    unit = fields.String(required=True, allow_none=True)
    person = fields.String(required=True)
    step = fields.String(required=True, allow_none=True)
    item = fields.String(required=True, metadata=about("what it is for"))
    months = fields.Integer(required=True, allow_none=True)
    amount_fen = fields.Integer(required=True, allow_none=True)
    on = fields.Date(required=True, allow_none=True)


class DefectFound(Published):
    """A defect was found at a handover; what it is, the call ``defect`` tells."""

    case = fields.String(required=True)
    unit = fields.String(required=True)
    defect = fields.String(required=True)
    item = fields.String(required=True)


class Moved(Published):
    """People moved out on a day."""

    unit = fields.String(required=True)
    person = fields.String(required=True)
    on = fields.Date(required=True)


class MovedIn(Moved):
    """People move in on a day, and are to be visited by a moment."""

    visit_by = moment(required=True)
