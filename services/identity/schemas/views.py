"""What identity tells of users, sessions, keys and names."""

from __future__ import annotations

from marshmallow import Schema, fields

from steward.shapes import moment


class TokenView(Schema):
    """A token, to be sent as ``Authorization: Bearer …``."""

    access_token = fields.String(required=True)
    token_type = fields.String(required=True)
    expires_in = fields.Integer(required=True, metadata={"description": "seconds"})
    name = fields.String(required=True)
    grants = fields.Dict(keys=fields.String(), values=fields.List(fields.String()), required=True)
    session = fields.String(required=True, metadata={"description": "its id, by which it is ended"})
    second_factor_by = moment("when a second factor must be set up at the latest; from then on nothing else is possible", allow_none=True)


class SignOnView(Schema):
    """Where to log in at the company's OpenID provider (单点登录)."""

    offered = fields.Boolean(required=True)
    name = fields.String(required=True, metadata={"description": "what people call it"})
    url = fields.String(required=True, allow_none=True, metadata={"description": "where the browser goes"})
    state = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "what it must bring back: compare, then send it with the code as `returned`"},
    )


class SecondFactorView(Schema):
    """The caller's second factor."""

    on = fields.Boolean(required=True)
    needed_by = moment("when it must be on at the latest", allow_none=True)
    recovery_left = fields.Integer(required=True, metadata={"description": "recovery codes that are still good"})
    uri = fields.String(allow_none=True, metadata={"description": "what an authenticator reads; told once"})
    qr = fields.String(allow_none=True, metadata={"description": "the same as a picture: an SVG in a `data:` address; told once"})
    recovery_codes = fields.List(fields.String(), metadata={"description": "each good for one log-in; told once"})


class SessionView(Schema):
    """A log-in that lives."""

    id = fields.String()
    made_at = moment()
    used_at = moment("when it was used last, roughly")
    expires_at = moment()
    device = fields.String(metadata={"description": "the kind of program and system"})
    place = fields.String(metadata={"description": "the same for the same address; not the address"})
    limited = fields.Boolean(metadata={"description": "good for nothing but setting up a second factor"})
    current = fields.Boolean(metadata={"description": "whether it is the one that asks"})


class SessionsView(Schema):
    """Where somebody is logged in, the youngest first."""

    items = fields.List(fields.Nested(SessionView), required=True)


class Told(Schema):
    """A session that is not as its token says: it has ended, or goes on with other grants."""

    session = fields.String(required=True)
    until = moment("until when its token would be good", required=True)
    version = fields.Integer(required=True)
    grants = fields.Dict(keys=fields.String(), values=fields.List(fields.String()), required=True, allow_none=True)


class WatchView(Schema):
    """What gateways have to know of sessions."""

    as_of = moment(required=True)
    sessions = fields.List(fields.Nested(Told), required=True)


class SecretView(Schema):
    """A secret that is good; the secret itself is told to nobody twice."""

    until = moment(required=True)


class ApiKeyView(Schema):
    """An API key."""

    id = fields.String()
    version = fields.Integer()
    name = fields.String()
    made_by = fields.String()
    made_at = moment()
    expires_at = moment()
    used_at = moment("when it was exchanged for a token last", allow_none=True)
    ended_at = moment(allow_none=True)
    lives = fields.Boolean()
    grants = fields.Dict(keys=fields.String(), values=fields.List(fields.String()))
    secrets = fields.List(fields.Nested(SecretView), metadata={"description": "those that are good, the newest last"})
    api_key = fields.String(allow_none=True, metadata={"description": "what the program sends; told once"})


class MeView(Schema):
    """Who the caller is."""

    id = fields.String()
    name = fields.String()
    grants = fields.Dict(keys=fields.String(), values=fields.List(fields.String()))


class AbsenceView(Schema):
    """Leave, under way or to come."""

    id = fields.String()
    begins = moment("when it begins", data_key="from")
    until = moment("when they are back")
    deputy = fields.String(allow_none=True, metadata={"description": "id of the user who stands in for them"})


class NamedView(Schema):
    """What somebody is called."""

    id = fields.String()
    name = fields.String()


class NamesView(Schema):
    """Those who are known in the project; of others, nothing."""

    items = fields.List(fields.Nested(NamedView), required=True)


class DeputisedView(Schema):
    """Somebody on leave, and a role in which another stands in for them."""

    person = fields.String(required=True)
    role = fields.String(required=True)


class StandingInView(Schema):
    """For whom somebody stands in now."""

    items = fields.List(fields.Nested(DeputisedView), required=True)


class UserView(Schema):
    """A user."""

    id = fields.String()
    version = fields.Integer()
    username = fields.String()
    name = fields.String()
    grants = fields.Dict(keys=fields.String(), values=fields.List(fields.String()))
    active = fields.Boolean()
    second_factor = fields.Boolean(metadata={"description": "whether a code is needed to log in"})
    linked = fields.Function(lambda user: bool(user.subject), metadata={"type": "boolean", "description": "to an account of the provider"})
    away = fields.List(fields.Nested(AbsenceView), metadata={"description": "leave, in order; what is over goes with the next change"})
    created_at = moment(allow_none=True)
    last_login_at = moment(allow_none=True)
