"""What the gateway's own operations take and give."""

from __future__ import annotations

from marshmallow import INCLUDE, RAISE, Schema, fields, validate

from steward.bus import approvalschemas, auditschemas, deadschemas

ID_LENGTH = 160


class Problem(Schema):
    """RFC 9457. Each kind of problem may add members of its own, such as ``legal``."""

    class Meta:
        unknown = INCLUDE

    type = fields.String(required=True, metadata={"description": "urn:steward:problem:{kind}"})
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String()
    instance = fields.String(metadata={"description": "urn:steward:request:{request id}"})
    errors = fields.List(
        fields.Dict(keys=fields.String(), values=fields.String()),
        metadata={"description": "What is wrong with which field: {field, message}"},
    )


class TimelineEntry(Schema):
    """One event of a matter."""

    id = fields.String(required=True)
    at = fields.String(required=True, metadata={"description": "When it became true, RFC 3339, UTC"})
    by = fields.String(required=True, metadata={"description": "Who did it: a user, an API key or service:NAME"})
    service = fields.String(required=True)
    type = fields.String(required=True, metadata={"description": "service.event"})
    subject = fields.String(required=True, metadata={"description": "service/id of what it happened to"})
    version = fields.Integer(required=True)
    caused_by = fields.String(required=True, allow_none=True, metadata={"description": "id of the event that caused it"})
    data = fields.Dict(required=True, metadata={"description": "As its schema in /asyncapi.json says"})


class Timeline(Schema):
    """Every event of a matter that the caller may see, in order."""

    matter = fields.String(required=True, metadata={"description": "service/id of what started it"})
    items = fields.List(fields.Nested(TimelineEntry), required=True)
    missing = fields.List(fields.String(), required=True, metadata={"description": "Services that did not answer in time"})


class Rights(Schema):
    """What the caller may do in a project: screens need it, to offer nothing that would be refused."""

    roles = fields.List(fields.String(), required=True)
    permissions = fields.List(fields.String(), required=True, metadata={"description": "as operations name them in `x-permission`"})


class StreamQuery(Schema):
    """Which events; all that the caller may see by default."""

    class Meta:
        unknown = RAISE

    project = fields.String(validate=validate.Length(1, ID_LENGTH), metadata={"description": "Of this project only"})
    matter = fields.String(validate=validate.Length(1, ID_LENGTH), metadata={"description": "Of this matter only, e.g. tickets/01k…"})
    ticket = fields.String(validate=validate.Length(1, 8192), metadata={"description": "From POST /v1/stream-tickets, instead of a header"})
    last_event_id = fields.String(
        validate=validate.Length(1, ID_LENGTH), metadata={"description": "As the header Last-Event-ID, which goes first"}
    )


class StreamTicket(Schema):
    """Opens the stream, and nothing else, for a short time."""

    ticket = fields.String(required=True)
    expires_in = fields.Integer(required=True, metadata={"description": "seconds"})


class DeadLettersQuery(deadschemas.Query):
    """Of one service, or of all."""

    service = fields.String(validate=validate.Length(1, deadschemas.NAME))


class ReplayMany(deadschemas.Bulk):
    """Which letters are given to their handlers again; of all services, where none is named."""

    service = fields.String(validate=validate.Length(1, deadschemas.NAME))


class DiscardMany(deadschemas.BulkDiscard):
    """Which letters are closed, and why; of all services, where none is named."""

    service = fields.String(validate=validate.Length(1, deadschemas.NAME))


class DeadLetter(deadschemas.Letter):
    """A message that was given up."""

    service = fields.String(required=True)


class DeadLetters(Schema):
    """Messages that were given up, those of the youngest events first."""

    items = fields.List(fields.Nested(DeadLetter), required=True)
    next = fields.String(required=True, allow_none=True, metadata={"description": "The cursor of the next page"})
    missing = fields.List(fields.String(), required=True, metadata={"description": "Services that did not answer"})


class ApprovalsQuery(approvalschemas.Query):
    """Of one service, or of all."""

    service = fields.String(validate=validate.Length(1, approvalschemas.NAME))


class ApprovalsPage(Schema):
    """What others are asked to agree to, the latest first."""

    items = fields.List(fields.Nested(approvalschemas.ApprovalView), required=True)
    next = fields.String(required=True, allow_none=True, metadata={"description": "The cursor of the next page"})
    missing = fields.List(
        fields.String(), required=True, metadata={"description": "Services that did not answer, or could not know who stands in for whom"}
    )


class AuditQuery(auditschemas.Query):
    """Of one service, or of all."""

    service = fields.String(validate=validate.Length(1, auditschemas.NAME))


class AuditExportQuery(auditschemas.Filter):
    """Of one service, or of all."""

    service = fields.String(validate=validate.Length(1, auditschemas.NAME))


class AuditPage(Schema):
    """Who did what, and read what, the latest first."""

    items = fields.List(fields.Nested(auditschemas.Entry), required=True)
    next = fields.String(required=True, allow_none=True, metadata={"description": "The cursor of the next page"})
    missing = fields.List(fields.String(), required=True, metadata={"description": "Services that did not answer"})


class DoneToMany(deadschemas.Done):
    """What came of an action on many letters."""

    services = fields.Dict(keys=fields.String(), values=fields.Nested(deadschemas.Done), required=True)
    missing = fields.List(fields.String(), required=True, metadata={"description": "Services that did not answer; repeat it for them"})
