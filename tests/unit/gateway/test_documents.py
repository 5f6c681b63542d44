from __future__ import annotations

from typing import Any

from gateway import asyncapi, openapi
from gateway.house import Front
from tests.unit.gateway.example import SPECS, front

FRONT: Front = front()
DOCUMENT = openapi.document(FRONT.router.operations)
PATH = "/v1/projects/{project}/parcels"


def operation(method: str, path: str) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][path][method]
    return found


def test_every_operation_of_the_gateway_is_documented() -> None:
    documented = {(method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item}
    assert documented == {(one.method, one.path) for one in FRONT.router.operations}


def test_a_command_says_what_it_takes_gives_and_refuses() -> None:
    log = operation("post", PATH)
    assert log["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/tests.Parcel"}
    assert set(log["responses"]) == {
        "201", "400", "401", "403", "404", "409", "413", "415", "422", "429", "500", "503", "504",
    }  # fmt: skip
    assert log["x-permission"] == "parcels.write" and log["security"] == [{"bearer": []}]
    assert "Location" in log["responses"]["201"]["headers"]
    assert "Retry-After" in log["responses"]["503"]["headers"]


def test_a_body_is_optional_where_nothing_in_it_is_asked_for() -> None:
    assert operation("post", PATH)["requestBody"]["required"] is True
    assert operation("post", "/v1/ops/dead-letters/replay")["requestBody"]["required"] is False


def test_a_list_is_documented_as_a_page() -> None:
    found = operation("get", PATH)
    schema = found["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema["properties"]["items"]["items"] == {"$ref": "#/components/schemas/tests.ParcelView"}
    assert {one["name"] for one in found["parameters"] if "name" in one} == {"project", "cursor", "limit", "unit", "mark"}


def test_if_match_and_412_belong_to_what_changes() -> None:
    for path, expected in ((f"{PATH}/{{parcel}}/hand-over", True), (f"{PATH}/{{parcel}}/photo", False)):
        found = operation("post", path)
        assert ("412" in found["responses"]) is expected
        assert ({"$ref": "#/components/parameters/IfMatch"} in found["parameters"]) is expected


def test_requests_are_strict_and_answers_may_grow() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert schemas["tests.Parcel"]["additionalProperties"] is False
    assert "additionalProperties" not in schemas["tests.ParcelView"]


def test_public_operations_ask_for_no_token() -> None:
    assert operation("get", "/v1/parcel-hours")["security"] == []


def test_every_event_is_a_channel_that_says_who_hears_it() -> None:
    document = asyncapi.document(SPECS)
    channel = document["channels"]["parcels.arrived"]
    assert channel["address"] == "arrived"
    assert channel["bindings"]["amqp"]["exchange"]["name"] == "parcels.events"
    assert channel["x-heard-by"] == ["parcels.on_parcel"]
    assert document["channels"]["parcels.opened"]["x-seen-with"] == "parcels.secret"
