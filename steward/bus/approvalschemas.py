"""What is asked and told about approvals, by calls, by events and over HTTP alike."""

from __future__ import annotations

from marshmallow import Schema, fields

from steward.paging import PageQuery
from steward.shapes import Command, Published, about, choice, line, moment, text
from steward.trust.approvals import State

NAME = 64
REASON = 500


class Query(PageQuery):
    """Which approvals, the latest first. All that is given must hold."""

    state = choice(State, load_default=None)
    kind = line(NAME, "what is asked for, e.g. staff_card", load_default=None)
    mine = fields.Boolean(load_default=False, metadata=about("only those on which the caller can decide now"))
    own = fields.Boolean(load_default=False, metadata=about("only those that the caller asked for"))


class Approve(Command):
    """Yes."""

    role = line(NAME, "in which of one's roles, where several would do", load_default=None, allow_none=True)
    reason = text(REASON, load_default="", least=0)


class Refuse(Command):
    """No, which ends it."""

    role = line(NAME, "in which of one's roles, where several would do", load_default=None, allow_none=True)
    reason = text(REASON, required=True)


class RuleView(Schema):
    """Who must agree, as the policy said when it was asked for."""

    seats = fields.List(fields.List(fields.String()), metadata=about("each is for one person, who holds one of its roles"))
    hours = fields.Float(metadata=about("in which it can be decided"))
    in_order = fields.Boolean()
    same_person = fields.Boolean(metadata=about("one person may take several seats"))


class VoteView(Schema):
    """What somebody said, and in which role."""

    by = fields.String()
    at = moment()
    role = fields.String()
    behalf = fields.String(allow_none=True, metadata=about("the absent person for whom they stand in"))
    agrees = fields.Boolean()
    reason = fields.String()


class ApprovalView(Schema):
    """Something that others must agree to."""

    id = fields.String(required=True)
    version = fields.Integer(required=True)
    service = fields.String(required=True, metadata=about("that asks for it, and does what is granted"))
    kind = fields.String(required=True)
    subject = fields.String(required=True, metadata=about("id of what it is about"))
    state = choice(State, required=True)
    asked_by = fields.String(required=True)
    asked_at = moment(required=True)
    reason = fields.String(required=True)
    expires_at = moment(required=True)
    waits_for = fields.List(fields.String(), required=True, metadata=about("roles in which something may be said now"))
    rule = fields.Nested(RuleView, required=True)
    votes = fields.List(fields.Nested(VoteView), required=True)
    decided_at = moment(required=True, allow_none=True)


class ApprovalTold(Published):
    """An approval was asked for, or something became of it."""

    approval = fields.String(required=True)
    kind = fields.String(required=True)
    subject = fields.String(required=True)
    expires_at = moment(required=True)
    role = fields.String(required=True, allow_none=True, metadata=about("in which somebody decided just now"))
    for_absent = fields.Boolean(required=True, metadata=about("they stood in for somebody on leave"))
    waits_for = fields.List(fields.String(), required=True, metadata=about("roles in which something may be said now"))
