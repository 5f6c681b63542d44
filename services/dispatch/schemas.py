"""What comes in, what goes out, and what is published: the public contract of dispatch."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load, pre_dump, validate

from services.dispatch import model
from steward.paging import PageQuery
from steward.shapes import Command, Published, about, line, moment, text


class Enrol(Command):
    """Somebody of the crew; said again with the same code, it replaces what was said before."""

    code = fields.String(required=True, validate=validate.Regexp(r"^[A-Za-z0-9._-]{1,32}\Z"), metadata=about("unique in the project"))
    name = line(100, required=True)
    department = line(64, required=True)
    shift = line(32, "a shift of the policy: day, night, any", load_default="any")
    skills = fields.List(
        line(32),
        load_default=list,
        validate=validate.Length(max=50),
        metadata=about("items that they can see to; none: whatever the department does"),
    )
    active = fields.Boolean(load_default=True)
    user = line(64, "their log-in, who alone may then answer for them", load_default=None)

    @post_load
    def _profile(self, data: dict[str, Any], **_: Any) -> model.Profile:
        return model.Profile(**data | {"skills": tuple(data["skills"])})


class Leave(Command):
    since = moment("left out: from now", load_default=None)
    until = moment("left out: until back", load_default=None)


class Take(Command):
    engineer = line(32, "a code of the crew; left out: the caller", load_default=None)


class Refuse(Take):
    reason_code = fields.Enum(model.Refusal, by_value=True, required=True)
    note = text(500, load_default=None)


class Assign(Command):
    engineer = line(32, "a code of the crew", required=True)


class Record(Command):
    item = line(100, required=True)
    quantity = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=1_000_000))
    price_fen = fields.Integer(required=True, strict=True, validate=validate.Range(min=0, max=10**11), metadata=about("of one, in fen"))
    kind = fields.Enum(model.LineKind, by_value=True, load_default=model.LineKind.MATERIAL)

    @post_load
    def _line(self, data: dict[str, Any], **_: Any) -> model.Line:
        return model.Line(**data)


class OrderQuery(PageQuery):
    """Which orders: of an engineer, in a state, of a ticket."""

    engineer = line(32, load_default=None)
    state = fields.Enum(model.State, by_value=True, load_default=None)
    ticket = text(64, load_default=None)


class MemberView(Schema):
    id = fields.String()
    version = fields.Integer()
    project = fields.String()
    code = fields.String()
    name = fields.String()
    department = fields.String()
    shift = fields.String()
    skills = fields.List(fields.String())
    active = fields.Boolean()
    user = fields.String(allow_none=True)
    leave_from = moment(allow_none=True)
    leave_until = moment(allow_none=True)


class OfferView(Schema):
    engineer = fields.String()
    at = moment()
    state = fields.Enum(model.OfferState, by_value=True)
    by_hand = fields.String(allow_none=True, metadata=about("who assigned it"))
    reason = fields.Enum(model.Refusal, by_value=True, allow_none=True)
    note = fields.String(allow_none=True)


class LineView(Schema):
    kind = fields.Enum(model.LineKind, by_value=True)
    item = fields.String()
    quantity = fields.Integer()
    price_fen = fields.Integer(metadata=about("of one"))
    by = fields.String()
    at = moment()


class OrderView(Schema):
    """A work order. ``engineer``: to whom it is offered, or who took it; ``actions``: what can be done now."""

    id = fields.String()
    version = fields.Integer()
    project = fields.String()
    ticket = fields.String()
    round = fields.Integer()
    number = fields.String(metadata=about("of the ticket"))
    kind = fields.String()
    urgency = fields.String()
    department = fields.String()
    skill = fields.String(allow_none=True)
    unit = fields.String(allow_none=True)
    place = fields.String(allow_none=True)
    placed_at = moment()
    state = fields.Enum(model.State, by_value=True)
    engineer = fields.String(allow_none=True)
    offers = fields.List(fields.Nested(OfferView))
    lines = fields.List(fields.Nested(LineView))
    actions = fields.List(fields.String())

    @pre_dump
    def _with_actions(self, order: model.Order, **_: Any) -> dict[str, Any]:
        return vars(order) | {"actions": model.legal(order)}


class OrderEvent(Published):
    """What every event of an order says."""

    order = fields.String(required=True)
    ticket = fields.String(required=True)


class Ordered(OrderEvent):
    department = fields.String(required=True)
    urgency = fields.String(required=True)
    skill = fields.String(required=True, allow_none=True)


class OfEngineer(OrderEvent):
    engineer = fields.String(required=True, metadata=about("a code of the crew"))


class Offered(OfEngineer):
    offer = fields.Integer(required=True, metadata=about("1 for the first offer of the order, and so on"))


class Refused(OfEngineer):
    reason_code = fields.Enum(model.Refusal, by_value=True, required=True)


class Assigned(OfEngineer):
    by = fields.String(required=True)
