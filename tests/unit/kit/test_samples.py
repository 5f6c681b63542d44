"""Bodies made from schemas alone: accepted, with what is given where it fits, and a failure that names what nobody can fill."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import pytest
from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from gateway.house import Front
from gateway.limits import Limits
from steward.plugins import installed_services
from steward.testing.samples import Unfillable, accepted, sample


class Colour(StrEnum):
    RED = "red"


class Inner(Schema):
    at = fields.AwareDateTime(required=True)


class Order(Schema):
    class Meta:
        unknown = RAISE

    colour = fields.Enum(Colour, by_value=True, required=True)
    many = fields.Integer(required=True, validate=validate.Range(min=7))
    inner = fields.Nested(Inner, required=True)
    lines = fields.List(fields.Nested(Inner), required=True, validate=validate.Length(min=1))
    until = fields.Date(required=True, data_key="to")
    note = fields.String()
    all = fields.Boolean(load_default=False)

    @validates_schema
    def _some(self, data: dict[str, Any], **_: Any) -> None:
        if not data["all"] and "note" not in data:
            raise ValidationError("say which", "all")


class Impossible(Schema):
    code = fields.String(required=True, validate=validate.Equal("nobody guesses this"))


def test_what_is_required_is_made_and_what_else_is_asked_for_is_added() -> None:
    made = sample(Order)
    assert Order().load(made)
    assert made["colour"] == "red" and made["many"] == 7 and made["all"] is True and "to" in made


def test_what_is_given_is_taken_where_the_schema_accepts_it() -> None:
    made = sample(Order, {"note": "mine", "many": 9, "colour": "green", "strange": 1})
    assert (made["note"], made["many"], made["colour"]) == ("mine", 9, "red")
    assert accepted(Order, {"many": 3, "note": "x", "strange": 1}) == {"note": "x"}


def test_what_nobody_can_fill_is_named() -> None:
    with pytest.raises(Unfillable, match=r"Impossible\.code"):
        sample(Impossible)
    assert sample(Impossible, {"code": "nobody guesses this"})


def test_every_body_and_query_of_every_installed_service_can_be_made() -> None:
    operations = Front.build(installed_services(), Limits.read(), "k" * 32).router.operations
    schemas = [schema for operation in operations for schema in (operation.body, operation.query) if schema]
    assert schemas and all(schema().load(sample(schema)) is not None for schema in schemas)
