"""What goes in and out of the notify service: the public contract."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.notify.model import State
from steward.paging import PageQuery
from steward.shapes import Command, Published, moment


class Called(Command):
    """How a phone task went."""

    reached = fields.Boolean(required=True, metadata={"description": "Whether somebody answered and was told"})
    remark_code = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Regexp(r"^[a-z][a-z0-9_]{0,39}$"),
        metadata={"description": "A code, such as no_answer or wrong_number; never free text about a person"},
    )


class MessageQuery(PageQuery):
    """Which messages."""

    state = fields.Enum(State, by_value=True, load_default=None)
    channel = fields.String(load_default=None, validate=validate.Length(min=1, max=40))
    audience = fields.String(
        load_default=None,
        validate=validate.Length(min=1, max=60),
        metadata={"description": "`caller`, or `role:` and a role of staff, such as `role:supervisor`"},
    )
    person = fields.String(
        load_default=None,
        validate=validate.Length(min=1, max=60),
        metadata={"description": "The id of the user who is to act, or `me`"},
    )
    matter = fields.String(
        load_default=None,
        validate=validate.Length(min=1, max=120),
        metadata={"description": "The subject it is about, such as `tickets/01k…`"},
    )


class EarlierView(Schema):
    """What was tried on another channel before."""

    channel = fields.String(required=True)
    text = fields.String(allow_none=True)
    reason_code = fields.String(required=True)
    at = moment(allow_none=True, required=True)


class MessageView(Schema):
    """A message. Its text is kept as it was sent; the recipient is masked."""

    id = fields.String(required=True)
    version = fields.Integer(required=True)
    project = fields.String(required=True)
    matter = fields.String(required=True)
    rule = fields.String(required=True)
    audience = fields.String(required=True)
    person = fields.String(allow_none=True, metadata={"description": "The id of the user who is to act, where one was named"})
    channel = fields.String(required=True)
    channels = fields.List(fields.String(), required=True)
    state = fields.Enum(State, by_value=True, required=True)
    essential = fields.Boolean(required=True, metadata={"description": "It goes out whatever its recipient wishes"})
    doubtful = fields.Boolean(required=True, metadata={"description": "It may have been sent twice, or not at all"})
    language = fields.String(allow_none=True)
    text = fields.String(allow_none=True)
    recipient = fields.String(attribute="hint", allow_none=True, metadata={"description": "Phone, masked"})
    unit = fields.String(allow_none=True)
    attempts = fields.Integer(required=True)
    created_at = moment(allow_none=True, required=True)
    not_before = moment("Held back until then: quiet hours, the company's or the recipient's own", allow_none=True)
    next_at = moment("When it is looked at again", allow_none=True)
    sent_at = moment(allow_none=True)
    ended_at = moment(allow_none=True)
    operator_id = fields.String(allow_none=True)
    reason_code = fields.String(allow_none=True)
    earlier = fields.List(fields.Nested(EarlierView), required=True)


class _Event(Published):
    message = fields.String(required=True)
    channel = fields.String(required=True)


class Queued(_Event):
    """A message is called for."""

    rule = fields.String(required=True)
    audience = fields.String(required=True)
    person = fields.String(allow_none=True)


class Sent(_Event):
    """The channel has it; ``operator_id`` is the operator's own number."""

    operator_id = fields.String(allow_none=True)


class Failed(_Event):
    """A channel has failed; ``next`` is the one that follows, if one does."""

    reason_code = fields.String(required=True)
    next = fields.String(allow_none=True)


class OnChannel(_Event):
    """Delivered, posted, or doubtful."""


class Suppressed(_Event):
    """Nobody is told, and why."""

    rule = fields.String(required=True)
    reason_code = fields.String(required=True)
