"""The public contract of identity: commands in, views out, events out."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.identity.model import ROLES
from services.identity.model.factors import DIGITS
from steward.shapes import Command, Published, line, moment

MAX_PASSWORD = 128
MAX_GRANTS = 200
MAX_ROLES = 50
MAX_CODE = 32
MAX_KEY = 128
MAX_CARRIED = 4_000
_ROLES = f"{', '.join(ROLES)}, or a role of the company's own"


def _password(required: bool = True) -> fields.String:
    return fields.String(required=required, validate=validate.Length(min=1, max=MAX_PASSWORD), metadata={"format": "password"})


def _roles() -> fields.List[Any]:
    role = fields.String(validate=validate.Regexp(r"^[a-z][a-z0-9_]{1,31}\Z"), metadata={"description": _ROLES})
    return fields.List(role, required=True, validate=validate.Length(max=MAX_ROLES))


def _project(**options: Any) -> fields.String:
    return fields.String(
        validate=validate.Regexp(r"^(\*|(company:)?[a-z0-9-]{2,32})\Z"),
        metadata={"description": "a project's id, company:ID for all projects of a company, or * for all"},
        **options,
    )


def _code(**options: Any) -> fields.String:
    return fields.String(
        validate=validate.Length(min=DIGITS, max=MAX_CODE),
        metadata={"description": "six digits of an authenticator, or a recovery code"},
        **options,
    )


class Returned(Command):
    """What the OpenID provider gave the browser on its way back, see `GET /v1/auth/oidc`."""

    code = fields.String(required=True, validate=validate.Length(min=1, max=MAX_CARRIED))
    state = fields.String(required=True, validate=validate.Length(min=1, max=MAX_CARRIED))


WAYS_IN = ({"username", "password"}, {"api_key"}, {"returned"}, {"proof", "code"})
"""What is needed of each way to log in."""
_WITH_CODE = {"username", "password", "proof"}


class LogIn(Command):
    """One of: a user name and its password; what the OpenID provider gave the browser; an API key.

    If a problem of type `second-factor-needed` asks for a code: the same again with `code`; after the provider, its `proof` with `code`.
    """

    username = fields.String(validate=validate.Length(min=1, max=64))
    password = _password(required=False)
    code = _code(load_default=None, allow_none=True)
    api_key = fields.String(load_default=None, validate=validate.Length(min=1, max=MAX_KEY), metadata={"format": "password"})
    returned = fields.Nested(Returned, load_default=None)
    proof = fields.String(load_default=None, validate=validate.Length(min=1, max=MAX_CARRIED), metadata={"format": "password"})

    @validates_schema
    def _one_way(self, data: dict[str, Any], **_: Any) -> None:
        given = {name for name, value in data.items() if value is not None}
        way = next((way for way in WAYS_IN[1:] if way & given - {"code"}), WAYS_IN[0])
        also = {"code"} if way & _WITH_CODE else set()
        wrong = {name: ["Missing data for required field."] for name in way - given}
        wrong |= {name: [f"Does not go with {min(way - {'code'})}."] for name in given - way - also}
        if wrong:
            raise ValidationError(wrong)


class AddUser(Command):
    """A new user."""

    username = fields.String(
        required=True,
        validate=validate.Regexp(r"^[a-z0-9][a-z0-9._-]{1,31}\Z"),
        metadata={"description": "small letters, digits, dot, - and _"},
    )
    password = _password()
    name = fields.String(
        required=True,
        validate=[validate.Length(min=1, max=60), validate.Regexp(r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*\Z")],
    )
    grants = fields.Dict(keys=_project(), values=_roles(), load_default=dict, validate=validate.Length(max=MAX_GRANTS))


class Grant(Command):
    """The roles that a user holds in one project, or all of a company, from now on; none takes them all away."""

    project = _project(required=True)
    roles = _roles()


class AddAbsence(Command):
    """Leave (请假): whoever is away is not called upon."""

    since = moment("when it begins", required=True, data_key="from")
    until = moment("when they are back", required=True)
    deputy = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, 64),
        metadata={"description": "id of the user who stands in for them where approvals are asked for"},
    )


class NewPassword(Command):
    """Another password for a user."""

    password = _password()


class ChangePassword(Command):
    """Another password for oneself."""

    old = _password()
    new = _password()


class Prove(Command):
    """The caller's password: a session alone does not change what guards it."""

    password = _password()


class Confirm(Command):
    """The first code of an authenticator."""

    code = _code(required=True)


class GiveUp(Prove):
    """Password and code of whoever wants to do without codes."""

    code = _code(required=True)


class MakeKey(Command):
    """An API key for a program."""

    name = line(60, "which program it is for", required=True)
    grants = fields.Dict(keys=_project(), values=_roles(), required=True, validate=validate.Length(min=1, max=MAX_GRANTS))
    expires_at = moment("when it must have been replaced", required=True)


class RotateKey(Command):
    """Another secret for an API key."""

    overlap_s = fields.Integer(
        load_default=None,
        allow_none=True,
        validate=validate.Range(min=0, max=31_536_000),
        metadata={"description": "how long the one before is good; policy has the longest"},
    )


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


class Watch(Command):
    """What a gateway knows and has seen."""

    since = moment("as_of of the answer before", load_default=None, allow_none=True)
    used = fields.Dict(keys=fields.String(), values=moment(), load_default=dict)


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
