"""What identity publishes."""

from __future__ import annotations

from marshmallow import fields

from steward.shapes import Published, moment


class UserChanged(Published):
    """Something about a user."""

    user = fields.String(required=True)


class GrantsChanged(UserChanged):
    """The roles that are now granted to a user in ``at_project``, which may be ``company:ID`` or ``*``."""

    at_project = fields.String(required=True)
    roles = fields.List(fields.String(), required=True)


class Away(Published):
    """One leave."""

    since = moment("when it begins", required=True, data_key="from")
    until = moment("when they are back", required=True)


class StandingChanged(UserChanged):
    """All that tells whether, as what and when a user can be called upon, as it is after some change of theirs.

    ``grants`` has each project of a company in which something is granted.
    """

    active = fields.Boolean(required=True)
    grants = fields.Dict(keys=fields.String(), values=fields.List(fields.String()), required=True)
    away = fields.List(fields.Nested(Away), required=True)


class SessionEnded(Published):
    """Tokens of ``session``, the last of which runs out at ``until``, are good for nothing from now on."""

    session = fields.String(required=True)
    holder = fields.String(required=True)
    until = moment(required=True)
    reason = fields.String(required=True)


class SessionRenewed(Published):
    """Whoever holds a token of ``session`` may from now on do what ``grants`` say, not what the token says."""

    session = fields.String(required=True)
    holder = fields.String(required=True)
    until = moment(required=True)
    grants = fields.Dict(keys=fields.String(), values=fields.List(fields.String()), required=True)


class SecondFactorChanged(UserChanged):
    """Whether ``user`` now needs a code to log in, and how many recovery codes are left."""

    on = fields.Boolean(required=True)
    recovery_left = fields.Integer(required=True)


class KeyChanged(Published):
    """An API key was made, got another secret, or has ended."""

    key = fields.String(required=True)
    what = fields.String(required=True)
