"""What is asked and told about the audit trail, by calls and over HTTP alike."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from steward.paging import PageQuery
from steward.shapes import about, line, moment

NAME = 64
ID = 160
CURSOR = 1_024
WAYS = ("call", "event", "sweep", "read")


class Filter(Schema):
    """Which entries. All that is given must hold."""

    by = line(ID, "who did it, or for whom a service did: a user, an API key or service:NAME")
    subject = line(ID, "service/id of what it was done to, or who was read of")
    call = line(NAME, "the call, handler or sweep that did it, e.g. accept")
    how = fields.String(
        validate=validate.OneOf(WAYS), metadata=about("what it was: a call, an event, the passing of time, or a read on record")
    )
    since = moment("at this time or later")
    until = moment("before this time")


class Query(PageQuery, Filter):
    """A page of entries, the latest first."""

    cursor = fields.String(load_default=None, validate=validate.Length(max=CURSOR), metadata=about("`next` of the page before"))


class Change(Schema):
    """What became of one thing."""

    subject = fields.String(required=True, metadata=about("service/id"))
    before = fields.Integer(required=True, allow_none=True, metadata=about("its version before; none: it is new"))
    after = fields.Integer(required=True)
    fields_ = fields.List(fields.String(), data_key="fields", attribute="fields", metadata=about("that changed, by name"))
    values = fields.Dict(keys=fields.String(), metadata=about("before and after, where the kind of field cannot hold anything personal"))


class Entry(Schema):
    """One unit of work, or one read on record."""

    service = fields.String(required=True)
    id = fields.String(required=True, metadata=about("its key in the service's journal"))
    order = fields.Integer(required=True, metadata=about("microseconds; entries come in this order"))
    at = moment(required=True)
    by = fields.String(required=True)
    behalf = fields.String(required=True, allow_none=True, metadata=about("for whom a service asked"))
    how = fields.String(required=True, allow_none=True, metadata=about("call, event, sweep or read"))
    call = fields.String(required=True, allow_none=True, metadata=about("the call, handler or sweep"))
    project = fields.String(required=True, allow_none=True)
    subjects = fields.List(fields.String(), required=True)
    changes = fields.List(fields.Nested(Change), required=True)
    kept = fields.Dict(
        keys=fields.String(), values=fields.Integer(), required=True, metadata=about("other documents written, by collection")
    )
    events = fields.List(fields.String(), required=True, metadata=about("types of the events that it published"))
    reason = fields.String(required=True, allow_none=True)
    cause = fields.String(required=True, allow_none=True, metadata=about("id of the event that caused it"))
    correlation = fields.String(required=True, allow_none=True, metadata=about("the request that it belongs to"))
