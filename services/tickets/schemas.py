"""What comes in, what goes out, and what is published: the public contract of tickets."""

from __future__ import annotations

from datetime import UTC
from enum import StrEnum
from typing import Any

from marshmallow import INCLUDE, RAISE, Schema, fields, post_load, pre_dump, validate

from services.tickets import model
from steward.paging import PageQuery


def _time(about: str = "", **options: Any) -> fields.AwareDateTime:
    return fields.AwareDateTime(format="iso", default_timezone=UTC, metadata=_about(about), **options)


def _choice(choices: type[StrEnum], about: str = "", **options: Any) -> fields.Enum[Any]:
    return fields.Enum(choices, by_value=True, metadata=_about(about), **options)


def _text(most: int, about: str = "", least: int = 1, **options: Any) -> fields.String:
    return fields.String(validate=validate.Length(min=least, max=most), metadata=_about(about), **options)


def _score(about: str) -> fields.Integer:
    return fields.Integer(load_default=None, validate=validate.Range(min=1, max=5), strict=True, metadata=_about(about))


def _about(text: str) -> dict[str, str]:
    return {"description": text} if text else {}


class Command(Schema):
    """The body of a command: unknown members are refused."""

    class Meta:
        unknown = RAISE


class RaiseTicket(Command):
    """Intake (handbook §3): the unit, or the place if the matter is in a public area."""

    kind = _choice(model.Kind, required=True)
    channel = _choice(model.Channel, required=True)
    what = _text(2000, "in the caller's words", required=True)
    unit = _text(64, "id of a unit of this project", load_default=None)
    place = _text(200, "where, in a public area", load_default=None)
    item = _choice(model.Item, load_default=None)
    urgency = _choice(model.Urgency, "left out: by policy, from the item", load_default=None)
    difficulty = _choice(model.Difficulty, "left out: by policy, from the item", load_default=None)
    department = _text(64, "left out: by policy, from item and kind", load_default=None)
    caller_name = _text(100, load_default=None)
    caller_phone = fields.String(
        load_default=None,
        validate=validate.Regexp(r"^\+?[0-9][0-9 -]{2,30}\Z"),
        metadata=_about("digits, blanks and hyphens, at most 32 characters"),
    )
    language = fields.String(load_default=None, validate=validate.OneOf(["zh-CN", "en"]))
    wished_at = _time("when the caller would like somebody to come", load_default=None)
    wishes = _text(1000, "special wishes", load_default=None)
    entry_allowed = fields.Boolean(load_default=False, metadata=_about("may be entered with the spare key when nobody is home"))
    appointment_at = _time("agreed with the caller", load_default=None)

    @post_load
    def _intake(self, data: dict[str, Any], **_: Any) -> model.Intake:
        return model.Intake(**data)


class Noted(Command):
    """A command that needs no more than itself, with an optional note."""

    note = _text(2000, load_default=None)


class Wait(Noted):
    reason = _choice(model.WaitReason, required=True)
    next_at = _time("when work is to go on", required=True)


class CheckWork(Command):
    signature = _text(200, "the resident's, or where it is kept", load_default=None)
    remark = _text(1000, "needed when there is no signature", load_default=None)

    @post_load
    def _check(self, data: dict[str, Any], **_: Any) -> model.Check:
        return model.Check(**data)


class CallBack(Command):
    """The result of a callback; a score that was not asked for is left out."""

    satisfaction = _choice(model.Satisfaction, required=True)
    solved = fields.Boolean(required=True)
    attitude = _score("1 bad to 5 good")
    quality = _score("1 bad to 5 good")
    price = _score("1 bad to 5 good")
    procedure = _score("was the procedure kept: 1 no to 5 fully")
    at_door = fields.Boolean(load_default=False, metadata=_about("made at the door, not by phone"))
    remark = _text(1000, load_default=None)

    @post_load
    def _callback(self, data: dict[str, Any], **_: Any) -> model.Callback:
        return model.Callback(**data)


class Reopen(Noted):
    reason_code = _choice(model.ReopenReason, load_default=model.ReopenReason.UNSOLVED)


class Cancel(Noted):
    reason_code = _choice(model.CancelReason, required=True)


class TicketQuery(PageQuery):
    """Which tickets: by state, by kind, or the one with a number."""

    state = _choice(model.State, load_default=None)
    kind = _choice(model.Kind, load_default=None)
    number = _text(32, "exactly", load_default=None)


class MarkView(Schema):
    command = fields.String()
    at = _time()
    by = fields.String()
    round = fields.Integer()
    reason = fields.String(allow_none=True)
    note = fields.String(allow_none=True)
    next_at = _time(allow_none=True)


class CheckView(Schema):
    signed = fields.Function(lambda check: check.signature is not None, metadata={"type": "boolean"})
    remark = fields.String(allow_none=True)
    round = fields.Integer()


class CallbackView(Schema):
    satisfaction = _choice(model.Satisfaction)
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
    state = _choice(model.State)
    round = fields.Integer(metadata=_about("1, and one more with every reopening"))
    kind = _choice(model.Kind)
    channel = _choice(model.Channel)
    urgency = _choice(model.Urgency)
    difficulty = _choice(model.Difficulty, allow_none=True)
    item = _choice(model.Item, allow_none=True)
    department = fields.String(allow_none=True)
    unit = fields.String(allow_none=True)
    unit_label = fields.String(allow_none=True)
    place = fields.String(allow_none=True)
    what = fields.String()
    caller_name = fields.String(allow_none=True, metadata=_about("masked"))
    caller_phone = fields.String(allow_none=True, metadata=_about("masked"))
    language = fields.String()
    wished_at = _time(allow_none=True)
    wishes = fields.String(allow_none=True)
    entry_allowed = fields.Boolean()
    appointment_at = _time(allow_none=True)
    raised_at = _time()
    raised_by = fields.String()
    order = fields.String(allow_none=True)
    engineer = fields.String(allow_none=True)
    next_at = _time("while it waits: when work is to go on", allow_none=True)
    history = fields.List(fields.Nested(MarkView))
    checks = fields.List(fields.Nested(CheckView))
    callbacks = fields.List(fields.Nested(CallbackView))
    actions = fields.List(fields.String(), metadata=_about("what can be done now"))

    @pre_dump
    def _with_actions(self, masked: model.Ticket, **_: Any) -> dict[str, Any]:
        caller = {"caller_name": masked.caller.name, "caller_phone": masked.caller.phone}
        return vars(masked) | caller | {"actions": model.legal(masked)}


class CallerView(Schema):
    """The caller unmasked: for services only."""

    name = fields.String(allow_none=True)
    phone = fields.String(allow_none=True)
    language = fields.String()


class TicketEvent(Schema):
    """What every event of a ticket says."""

    class Meta:
        unknown = INCLUDE

    number = fields.String(required=True)
    kind = _choice(model.Kind, required=True)
    urgency = _choice(model.Urgency, required=True)
    channel = _choice(model.Channel, required=True)
    department = fields.String(required=True, allow_none=True)
    unit = fields.String(required=True, allow_none=True)
    place = fields.String(required=True, allow_none=True)
    item = _choice(model.Item, required=True, allow_none=True)
    round = fields.Integer(required=True)
    to_dispatch = fields.Boolean(required=True, metadata=_about("this round has, or will have, a work order"))


class Raised(TicketEvent):
    difficulty = _choice(model.Difficulty, required=True, allow_none=True)
    has_phone = fields.Boolean(required=True)
    appointment_at = _time(required=True, allow_none=True)


class Accepted(TicketEvent):
    by = fields.String(required=True)


class Dispatched(TicketEvent):
    order = fields.String(required=True)


class Taken(TicketEvent):
    order = fields.String(required=True)
    engineer = fields.String(required=True)


class Waiting(TicketEvent):
    reason = _choice(model.WaitReason, required=True)
    next_at = _time(required=True)


class CalledBack(TicketEvent):
    satisfaction = _choice(model.Satisfaction, required=True)
    solved = fields.Boolean(required=True)


class Reopened(TicketEvent):
    reason_code = _choice(model.ReopenReason, required=True)


class Cancelled(TicketEvent):
    reason_code = _choice(model.CancelReason, required=True)
