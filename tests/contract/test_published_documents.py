"""The documents that the gateway serves, held to the standards that they claim to follow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from gateway import asyncapi, openapi
from gateway.house import Front
from gateway.limits import Limits
from gateway.routing import names_of
from steward.bus.envelope import Envelope
from steward.plugins import installed_services
from steward.times import now
from tests.unit.gateway import example

OFFICIAL = json.loads(Path(__file__).with_name("asyncapi-3.0.0.schema.json").read_text())


@pytest.fixture(scope="module", params=["shipped", "example"])
def front(request: pytest.FixtureRequest) -> Front:
    specs = installed_services() if request.param == "shipped" else example.SPECS
    return Front.build(specs, Limits.read(), "k" * 32)


@pytest.fixture(scope="module")
def http(front: Front) -> dict[str, Any]:
    return openapi.document(front.router.operations)


@pytest.fixture(scope="module")
def events(front: Front) -> dict[str, Any]:
    return asyncapi.document(front.specs)


def test_services_are_installed() -> None:
    assert {"tickets", "dispatch", "clocks", "notify"} <= set(installed_services())


def test_the_http_document_is_valid_openapi_3_1(http: dict[str, Any]) -> None:
    assert [f"{error.json_path}: {error.message}" for error in OpenAPIV31SpecValidator(http).iter_errors()] == []


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does(http: dict[str, Any]) -> None:
    operations = [one for item in http["paths"].values() for one in item.values()]
    ids = [one["operationId"] for one in operations]
    assert len(ids) == len(set(ids))
    assert [one["operationId"] for one in operations if not one["summary"]] == []


def test_every_failure_is_a_problem_document(http: dict[str, Any]) -> None:
    problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
    for path, item in http["paths"].items():
        for one in item.values():
            for status, response in one["responses"].items():
                if status >= "400" and one["tags"] != ["probes"]:
                    assert response["content"] == {"application/problem+json": problem}, (path, status)


def test_every_name_in_a_path_is_a_parameter(http: dict[str, Any]) -> None:
    for path, item in http["paths"].items():
        for one in item.values():
            named = [parameter["name"] for parameter in one["parameters"] if parameter.get("in") == "path"]
            assert named == names_of(path)


def test_every_route_names_the_permission_that_it_needs(front: Front, http: dict[str, Any]) -> None:
    for operation in front.router.operations:
        documented = http["paths"][operation.path][operation.method.lower()]
        assert operation.public or not operation.permission or documented["x-permission"] == operation.permission


def test_the_event_document_is_valid_asyncapi_3_0(events: dict[str, Any]) -> None:
    errors = jsonschema.Draft7Validator(OFFICIAL).iter_errors(events)
    assert [f"{error.json_path}: {error.message[:200]}" for error in errors] == []


def test_every_reference_leads_somewhere(http: dict[str, Any], events: dict[str, Any]) -> None:
    for document in (http, events):
        for reference in _references(document):
            target: Any = document
            for step in reference.removeprefix("#/").split("/"):
                target = target[step]


def test_every_event_has_a_schema_of_its_data(front: Front, events: dict[str, Any]) -> None:
    names = {f"{spec.name}.{event.name}" for spec in front.specs.values() for event in spec.publishes}
    assert set(events["channels"]) == names
    for schema in events["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_an_envelope_as_it_is_sent_satisfies_the_document(events: dict[str, Any]) -> None:
    envelope = Envelope(
        id="1", type="x.y", subject="x/1", time=now(), data={}, project="yh", matter="x/1", version=1, actor="a",
        correlation="c", causation="0",
    )  # fmt: skip
    jsonschema.validate(envelope.to_wire(), events["components"]["schemas"]["Envelope"])


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for inner in node.values() for found in _references(inner)]
    if isinstance(node, list):
        return [found for inner in node for found in _references(inner)]
    return []
