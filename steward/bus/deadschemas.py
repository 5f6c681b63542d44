"""What is asked and told about dead letters, by calls and over HTTP alike."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from steward.paging import PageQuery
from steward.shapes import Command, about, line, moment, text

STATES = ("dead", "replayed", "discarded")
NAME = 64
ID = 160
REASON = 500
BULK_MOST = 500
"""Letters in one go: what is done within a caller's patience, and undone by nobody."""


class Filter(Schema):
    """Which letters. All that is given must hold."""

    handler = line(NAME, "the handler that gave it up, e.g. on_ticket")
    type = line(ID, "type of its event, e.g. tickets.raised")
    project = line(ID, "of this project only")
    error = line(200, "part of the error's text; capitals do not matter")
    since = moment("filed at this time or later")
    until = moment("filed before this time")


class Query(PageQuery, Filter):
    """A page of letters, the youngest events first."""

    state = fields.String(load_default="dead", validate=validate.OneOf(STATES))


class Bulk(Command, Filter):
    """Many letters at once: those that a filter finds, or ``all``."""

    all = fields.Boolean(load_default=False, metadata=about("needed where there is no filter"))
    dry_run = fields.Boolean(load_default=False, metadata=about("only count"))
    limit = fields.Integer(
        load_default=BULK_MOST,
        strict=True,
        validate=validate.Range(min=1, max=BULK_MOST),
        metadata=about("at most; repeat it for the rest"),
    )

    @validates_schema
    def _some(self, data: dict[str, Any], **_: Any) -> None:
        if not data["all"] and not set(data) - {"all", "dry_run", "limit", "reason"}:
            raise ValidationError("give a filter, or all: true", "all")


class Discard(Command):
    """Why it will never be handled; kept with the letter."""

    reason = text(REASON, required=True)


class BulkDiscard(Bulk):
    """Why they will never be handled; kept with each letter."""

    reason = text(REASON, required=True)


class Edit(Command):
    """The event as it shall be handled, and why it was changed; both are kept with the letter."""

    event = fields.Dict(keys=fields.String(), required=True, metadata=about("the whole CloudEvents document; its id stays"))
    reason = text(REASON, required=True)


class Deed(Schema):
    """What somebody did with a letter."""

    at = moment()
    by = fields.String()
    did = fields.String(metadata=about("replayed, edited or discarded"))
    reason = fields.String(allow_none=True)
    old = fields.String(allow_none=True, metadata=about("edited: the body before"))
    new = fields.String(allow_none=True, metadata=about("edited: the body after"))


class Letter(Schema):
    """A message that its handler gave up, as a list shows it."""

    id = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    queue = fields.String(required=True, metadata=about("service.handler"))
    type = fields.String(required=True, allow_none=True, metadata=about("of its event, if it can be told"))
    project = fields.String(required=True, allow_none=True)
    message_id = fields.String(required=True, metadata=about("the event's id"))
    error = fields.String(required=True)
    attempts = fields.Integer(required=True, metadata=about("since it was sent, or replayed"))
    deaths = fields.Integer(required=True, metadata=about("how often it was given up"))
    first_failed = fields.String(required=True)
    last_failed = fields.String(required=True)
    filed_at = moment(required=True)
    closed_at = moment(required=True, allow_none=True)
    closed_by = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)


class WholeLetter(Letter):
    """All of a letter."""

    stack = fields.String(required=True)
    event = fields.Dict(required=True, allow_none=True, metadata=about("the body, where it is a JSON object"))
    body = fields.String(required=True, metadata=about("base64"))
    history = fields.List(fields.Nested(Deed), required=True)


class Done(Schema):
    """What came of an action on many."""

    matched = fields.Integer(required=True, metadata=about("how many the filter found"))
    done = fields.Integer(required=True, metadata=about("how many of them are done; repeat it for the rest"))
