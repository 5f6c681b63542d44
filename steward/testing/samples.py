"""Bodies and queries that a schema accepts, made from the schema alone, for tests that go through every route there is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import singledispatch
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

DAY, MOMENT = "2099-01-01", "2099-01-01T00:00:00Z"
TEXTS = ("sample", "AB", "1/3", "2026-11", "123456", "13800000000", "08:00", "tickets/sample")
"""Tried in turn, where a text has to look like something."""
_ROUNDS = 3


class Unfillable(AssertionError):
    """Nothing that is tried is accepted; the message names schema and field. Add what is, to :data:`TEXTS` or to ``given``."""


def sample(schema: type[Schema], given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What ``schema`` accepts: what it requires, and all that it accepts of what is ``given`` (by name on the wire).

    Raises Unfillable.
    """
    contract, told = schema(), accepted(schema, given or {})
    known = _fields(contract)
    made = dict(told)
    made |= {name: _value(field, schema) for name, field in known.items() if field.required and name not in made}
    for _ in range(_ROUNDS):
        wrong = contract.validate(made)
        missing = [name for name in wrong if name in known and name not in told and name not in made]
        if not missing:
            break
        made |= {name: True if isinstance(known[name], fields.Boolean) else _value(known[name], schema) for name in missing}
    if wrong:
        raise Unfillable(f"{schema.__name__}: {wrong}")
    return made


def accepted(schema: type[Schema], given: Mapping[str, Any]) -> dict[str, Any]:
    """Those of ``given`` that ``schema`` has a field for, which accepts them."""
    return {name: given[name] for name, field in _fields(schema()).items() if name in given and _accepts(field, given[name])}


def _fields(contract: Schema) -> dict[str, fields.Field[Any]]:
    return {field.data_key or name: field for name, field in contract.fields.items()}


def _accepts(field: fields.Field[Any], value: Any) -> bool:
    try:
        field.deserialize(value)
    except ValidationError:
        return False
    return True


def _value(field: fields.Field[Any], schema: type[Schema]) -> Any:
    for value in candidates(field):
        if _accepts(field, value):
            return value
    raise Unfillable(f"{schema.__name__}.{field.data_key or field.name}: nothing that is tried is accepted")


@singledispatch
def candidates(field: fields.Field[Any]) -> list[Any]:
    """Values that ``field`` may accept, the likeliest first."""
    return [*_allowed(field), *TEXTS, 1, MOMENT]


@candidates.register(fields.Boolean)
def _(field: fields.Boolean) -> list[Any]:
    return [False]


@candidates.register(fields.Enum)
def _(field: fields.Enum[Any]) -> list[Any]:
    return [*_allowed(field), *(member.value if field.by_value else member.name for member in field.enum)]


@candidates.register
def _(field: fields.Nested) -> list[Any]:
    inner = sample(type(field.schema))
    return [[inner] if field.many else inner]


@candidates.register(fields.List)
def _(field: fields.List[Any]) -> list[Any]:
    return [[], *([value] for value in candidates(field.inner))]


@candidates.register
def _(field: fields.Dict) -> list[Any]:
    keys = candidates(field.key_field) if field.key_field else TEXTS
    values = candidates(field.value_field) if field.value_field else TEXTS
    return [{}, *({key: value} for key in keys for value in values)]


@candidates.register(fields.Integer)
@candidates.register(fields.Float)
def _(field: fields.Field[Any]) -> list[Any]:
    least = [check.min for check in field.validators if isinstance(check, validate.Range) and check.min is not None]
    return [*_allowed(field), *least, 1]


@candidates.register
def _(field: fields.Date) -> list[Any]:
    return [DAY]


@candidates.register
def _(field: fields.DateTime) -> list[Any]:
    return [MOMENT]


def _allowed(field: fields.Field[Any]) -> list[Any]:
    return [choice for check in field.validators if isinstance(check, validate.OneOf) for choice in check.choices]
