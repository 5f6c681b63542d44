"""What comes in, what goes out, and what is published: the public contract of tickets."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load, pre_dump, validate

from services.tickets import model
from steward.paging import PageQuery
from steward.shapes import Command, Published, about, choice, line, moment, text


def _score(says: str) -> fields.Integer:
    return fields.Integer(load_default=None, validate=validate.Range(min=1, max=5), strict=True, metadata=about(says))


class RaiseTicket(Command):
    """Intake (handbook §3): the unit, or the place if the matter is in a public area."""

    kind = choice(model.Kind, required=True)
    channel = choice(model.Channel, required=True)
    what = text(2000, "in the caller's words", required=True)
    unit = line(64, "id of a unit of this project", load_default=None)
    place = line(200, "where, in a public area", load_default=None)
    item = choice(model.Item, load_default=None)
    urgency = choice(model.Urgency, "left out: by policy, from the item", load_default=None)
    difficulty = choice(model.Difficulty, "left out: by policy, from the item", load_default=None)
    department = line(64, "left out: by policy, from item and kind", load_default=None)
    caller_name = line(100, load_default=None)
    caller_phone = fields.String(
        load_default=None,
        validate=validate.Regexp(r"^\+?[0-9][0-9 -]{2,30}\Z"),
        metadata=about("digits, blanks and hyphens, at most 32 characters"),
    )
    language = fields.String(load_default=None, validate=validate.OneOf(["zh-CN", "en"]))
    wished_at = moment("when the caller would like somebody to come", load_default=None)
    wishes = text(1000, "special wishes", load_default=None)
    entry_allowed = fields.Boolean(load_default=False, metadata=about("may be entered with the spare key when nobody is home"))
    appointment_at = moment("agreed with the caller", load_default=None)

    @post_load
    def _intake(self, data: dict[str, Any], **_: Any) -> model.Intake:
        return model.Intake(**data)


class Noted(Command):
    """A command that needs no more than itself, with an optional note."""

    note = text(2000, load_default=None)


class Wait(Noted):
    reason = choice(model.WaitReason, required=True)
    next_at = moment("when work is to go on", required=True)


class CheckWork(Command):
    signature = line(200, "the resident's, or where it is kept", load_default=None)
    remark = text(1000, "needed when there is no signature", load_default=None)

    @post_load
    def _check(self, data: dict[str, Any], **_: Any) -> model.Check:
        return model.Check(**data)


class CallBack(Command):
    """The result of a callback; a score that was not asked for is left out."""

    satisfaction = choice(model.Satisfaction, required=True)
    solved = fields.Boolean(required=True)
    attitude = _score("1 bad to 5 good")
    quality = _score("1 bad to 5 good")
    price = _score("1 bad to 5 good")
    procedure = _score("was the procedure kept: 1 no to 5 fully")
    at_door = fields.Boolean(load_default=False, metadata=about("made at the door, not by phone"))
    remark = text(1000, load_default=None)

    @post_load
    def _callback(self, data: dict[str, Any], **_: Any) -> model.Callback:
        return model.Callback(**data)


class Reopen(Noted):
    reason_code = choice(model.ReopenReason, load_default=model.ReopenReason.UNSOLVED)


class Cancel(Noted):
    reason_code = choice(model.CancelReason, required=True)


class TicketQuery(PageQuery):
    """Which tickets: by state, by kind, or the one with a number."""

    state = choice(model.State, load_default=None)
    kind = choice(model.Kind, load_default=None)
    number = line(32, "exactly", load_default=None)


class MarkView(Schema):
    command = fields.String()
    at = moment()
    by = fields.String()
    round = fields.Integer()
    reason = fields.String(allow_none=True)
    note = fields.String(allow_none=True)
    next_at = moment(allow_none=True)


class CheckView(Schema):
    signed = fields.Function(lambda check: check.signature is not None, metadata={"type": "boolean"})
    remark = fields.String(allow_none=True)
    round = fields.Integer()


class CallbackView(Schema):
    satisfaction = choice(model.Satisfaction)
    solved = fields.Boolean()
    attitude = fields.Integer(allow_none=True)
    quality = fields.Integer(allow_none=True)
    price = fields.Integer(allow_none=True)
    procedure = fields.Integer(allow_none=True)
    at_door = fields.Boolean()
    remark = fields.String(allow_none=True)
    round = fields.Integer()


class TicketView(Schema):
    """A ticket. The caller's name and phone are masked; ``actions`` are the commands possible now."""

    id = fields.String()
    version = fields.Integer()
    project = fields.String()
    number = fields.String(metadata={"example": "YH-2611-00042"})
    state = choice(model.State)
    round = fields.Integer(metadata=about("1, and one more with every reopening"))
    kind = choice(model.Kind)
    channel = choice(model.Channel)
    urgency = choice(model.Urgency)
    difficulty = choice(model.Difficulty, allow_none=True)
    item = choice(model.Item, allow_none=True)
    department = fields.String(allow_none=True)
    unit = fields.String(allow_none=True)
    unit_label = fields.String(allow_none=True)
    place = fields.String(allow_none=True)
    what = fields.String()
    caller_name = fields.String(allow_none=True, metadata=about("masked"))
    caller_phone = fields.String(allow_none=True, metadata=about("masked"))
    language = fields.String()
    wished_at = moment(allow_none=True)
    wishes = fields.String(allow_none=True)
    entry_allowed = fields.Boolean()
    appointment_at = moment(allow_none=True)
    raised_at = moment()
    raised_by = fields.String()
    order = fields.String(allow_none=True)
    engineer = fields.String(allow_none=True)
    next_at = moment("while it waits: when work is to go on", allow_none=True)
    history = fields.List(fields.Nested(MarkView))
    checks = fields.List(fields.Nested(CheckView))
    callbacks = fields.List(fields.Nested(CallbackView))
    actions = fields.List(fields.String(), metadata=about("what can be done now"))

    @pre_dump
    def _with_actions(self, masked: model.Ticket, **_: Any) -> dict[str, Any]:
        caller = {"caller_name": masked.caller.name, "caller_phone": masked.caller.phone}
        return vars(masked) | caller | {"actions": model.legal(masked)}


class CallerView(Schema):
    """The caller unmasked: for services only."""

    name = fields.String(allow_none=True)
    phone = fields.String(allow_none=True)
    language = fields.String()


class TicketEvent(Published):
    """What every event of a ticket says."""

    number = fields.String(required=True)
    kind = choice(model.Kind, required=True)
    urgency = choice(model.Urgency, required=True)
    channel = choice(model.Channel, required=True)
    department = fields.String(required=True, allow_none=True)
    unit = fields.String(required=True, allow_none=True)
    place = fields.String(required=True, allow_none=True)
    item = choice(model.Item, required=True, allow_none=True)
    round = fields.Integer(required=True)
    to_dispatch = fields.Boolean(required=True, metadata=about("this round has, or will have, a work order"))


class Raised(TicketEvent):
    difficulty = choice(model.Difficulty, required=True, allow_none=True)
    has_phone = fields.Boolean(required=True)
    appointment_at = moment(required=True, allow_none=True)


class Accepted(TicketEvent):
    by = fields.String(required=True)


class Dispatched(TicketEvent):
    order = fields.String(required=True)


class Taken(TicketEvent):
    order = fields.String(required=True)
    engineer = fields.String(required=True)


class Waiting(TicketEvent):
    reason = choice(model.WaitReason, required=True)
    next_at = moment(required=True)


class CalledBack(TicketEvent):
    satisfaction = choice(model.Satisfaction, required=True)
    solved = fields.Boolean(required=True)


class Reopened(TicketEvent):
    reason_code = choice(model.ReopenReason, required=True)


class Cancelled(TicketEvent):
    reason_code = choice(model.CancelReason, required=True)
