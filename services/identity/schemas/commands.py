"""What identity is asked to do: commands and queries."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from services.identity.model import ROLES
from services.identity.model.factors import DIGITS
from steward.shapes import Command, line, moment

MAX_PASSWORD = 128
MAX_GRANTS = 200
MAX_ROLES = 50
MAX_CODE = 32
MAX_KEY = 128
MAX_CARRIED = 4_000
MAX_NAMES = 100
"""Asked for at once: with the longest of ids they still fit the line of a request."""
MAX_COLLEAGUES = 200
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


class Watch(Command):
    """What a gateway knows and has seen."""

    since = moment("as_of of the answer before", load_default=None, allow_none=True)
    used = fields.Dict(keys=fields.String(), values=moment(), load_default=dict)


class NamesQuery(Command):
    """Whose names are asked for."""

    by = fields.List(
        fields.String(validate=validate.Regexp(r"^[a-z]{2,8}:[A-Za-z0-9._-]{1,40}\Z")),
        load_default=None,
        validate=validate.Length(min=1, max=MAX_NAMES),
        metadata={
            "description": "as views and the audit trail say who did something: `user:…`, `key:…`; "
            f"without it, users who are of the staff there now, {MAX_COLLEAGUES} at most"
        },
    )
