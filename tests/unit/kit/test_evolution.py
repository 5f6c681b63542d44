"""The check of how events evolve finds what it must find: planted changes of every kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from marshmallow import Schema, fields, validate

from steward.shapes import Published
from steward.spec import Event, ServiceSpec
from steward.testing.evolution import broken, examples, keep, newer, shape

HERE = "tests.unit.kit.test_evolution"


class Part(Published):
    id = fields.String(required=True)


class First(Published):
    shelf = fields.String(required=True)
    note = fields.String(allow_none=True)
    size = fields.String(validate=validate.OneOf(["s", "m"]))
    parts = fields.List(fields.Nested(Part))


class Grown(First):
    colour = fields.String()
    prices = fields.Dict(keys=fields.String(), values=fields.Integer())


OLD = shape(First())


class GrownPart(Part):
    weight_g = fields.Integer(required=True)


def changed(**changes: fields.Field[Any]) -> Schema:
    contract: Schema = type("Changed", (First,), changes)()
    return contract


@pytest.mark.parametrize(
    ("contract", "found"),
    [
        pytest.param(changed(shelf=fields.Integer(required=True)), "shelf: was String, is Integer", id="another type"),
        pytest.param(changed(note=fields.String(allow_none=True, required=True)), "note: made required", id="made required"),
        pytest.param(changed(note=fields.String()), "note: may not be null any more", id="not null any more"),
        pytest.param(changed(size=fields.String(validate=validate.OneOf(["s"]))), "size: 'm' is no choice any more", id="a choice less"),
        pytest.param(changed(size=fields.String(validate=validate.OneOf(["l", "m", "s"]))), "size: 'l' is a new", id="a choice more"),
        pytest.param(changed(colour=fields.String(required=True)), "colour: new and required", id="new and required"),
        pytest.param(changed(parts=fields.List(fields.Nested(GrownPart))), "parts[].weight_g: new and required", id="within a list"),
    ],
)
def test_what_would_break_somebody_within_a_version_is_named(contract: Schema, found: str) -> None:
    (line,) = broken(OLD, shape(contract))
    assert line.startswith(found)


def test_a_field_that_is_gone_is_named() -> None:
    assert broken(shape(Grown()), OLD) == ["colour: removed", "prices: removed"]


def test_a_field_that_may_be_left_out_breaks_nobody() -> None:
    assert broken(OLD, shape(Grown())) == []


def spec(contract: str, version: int = 1) -> ServiceSpec:
    return ServiceSpec("parcels", {}, "", publishes=(Event("came", f"{HERE}:{contract}", "", version),))


def test_each_shape_of_each_version_gets_one_example_that_stays(tmp_path: Path) -> None:
    documents = [{"type": "parcels.came", "data": {"shelf": "A"}}, {"type": "parcels.came", "data": {"shelf": "A", "note": "says more"}}]
    assert keep(tmp_path, [spec("First")], documents) == ["parcels.came.v1.0.json"]
    assert keep(tmp_path, [spec("First")], documents) == []
    assert keep(tmp_path, [spec("Grown")], documents) == ["parcels.came.v1.1.json"]
    assert keep(tmp_path, [spec("Grown", version=2)], documents) == ["parcels.came.v2.0.json"]
    kept = examples(tmp_path)
    assert [(one.version, one.minor) for one in kept] == [(1, 0), (1, 1), (2, 0)]
    assert kept[0].event["data"]["note"] == "says more"
    assert kept[0].shape == OLD


def test_a_newer_event_has_unknown_members_in_every_object_that_may_grow() -> None:
    grown = newer({"data": {"parts": [{"id": "1"}], "prices": {"a": 1}}}, Grown())
    assert grown.keys() == {"data", "notknownyet"}
    assert grown["data"].keys() == {"parts", "prices", "notknownyet"}
    assert grown["data"]["parts"][0].keys() == {"id", "notknownyet"}
    assert grown["data"]["prices"] == {"a": 1}
