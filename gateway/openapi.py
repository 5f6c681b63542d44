"""The OpenAPI 3.1 document, from the operations alone."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from gateway import schemanames
from gateway.operations import Operation
from gateway.problems import MEDIA
from gateway.routing import NAME_LENGTH, names_of
from gateway.schemas import Problem

JSON = "application/json"
ALWAYS = (400, 429, 500, 503, 504)
"""What any operation that needs a worker can answer."""

DESCRIPTION = """The service desk of a property company.

Every failure is a problem document (RFC 9457). Every POST takes an `Idempotency-Key`: repeating a request under the
same key gives the same answer and has no further effect. Views carry `version`; it is also the `ETag`, which `If-Match`
and `If-None-Match` take. Lists are paged: `next` of one page is the `cursor` of the following, also in the `Link` header.
"""

HEADERS: Mapping[str, dict[str, Any]] = {
    "RequestId": {"description": "Identifies the request in logs and events", "schema": {"type": "string"}},
    "RetryAfter": {"description": "Seconds to wait before trying again", "schema": {"type": "string"}},
    "ETag": {"description": "The version of what was answered", "schema": {"type": "string"}},
    "Location": {"description": "The path of what was made", "schema": {"type": "string"}},
    "Link": {"description": 'The next page: <path>; rel="next"', "schema": {"type": "string"}},
    "WWWAuthenticate": {"description": "How to prove who you are", "schema": {"type": "string"}},
}
PARAMETERS: Mapping[str, dict[str, Any]] = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Repeating the request under the same key has no further effect",
        "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": 'Only if the version is still this one, e.g. "7"; otherwise 412',
        "schema": {"type": "string", "pattern": '^"[0-9]{1,15}"$'},
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "304 if the version is still this one",
        "schema": {"type": "string"},
    },
    "RequestIdIn": {
        "name": "X-Request-Id",
        "in": "header",
        "description": "The caller's own id for this request; another is made where it is not 1 to 128 letters, digits, dots, - or _",
        "schema": {"type": "string"},
    },
}


def document(operations: Iterable[Operation]) -> dict[str, Any]:
    """The document for ``operations``."""
    operations = tuple(operations)
    spec = APISpec(
        title="Steward 管家",
        version=release(),
        openapi_version="3.1.0",
        info={"description": DESCRIPTION, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        plugins=[MarshmallowPlugin(schema_name_resolver=schemanames.name_of)],
        servers=[{"url": "/"}],
    )
    _components(spec)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Multiple schemas resolved to the name")
        for operation in operations:
            spec.path(path=operation.path, operations={operation.method.lower(): _operation(operation)})
    made: dict[str, Any] = spec.to_dict()
    _open_answers(made)
    schemanames.tidy(made)
    return made


def release() -> str:
    """The version of the installed package."""
    try:
        return version("steward")
    except PackageNotFoundError:
        return "0"


def _components(spec: APISpec) -> None:
    spec.components.schema("Problem", schema=Problem)
    spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    spec.components.security_scheme("ticket", {"type": "apiKey", "in": "query", "name": "ticket"})
    for name, header in HEADERS.items():
        spec.components.header(name, header)
    for name, parameter in PARAMETERS.items():
        spec.components.parameter(name, parameter["in"], {k: v for k, v in parameter.items() if k != "in"})


def _operation(operation: Operation) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "parameters": _parameters(operation),
        "responses": _responses(operation),
        "security": _security(operation),
    }
    if operation.permission and not operation.public:
        made["description"] = f"Needs the permission `{operation.permission}`."
        made["x-permission"] = operation.permission
    if operation.upload:
        made["requestBody"] = {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    elif operation.body:
        required = any(field.required for field in operation.body().fields.values())
        made["requestBody"] = {"required": required, "content": {JSON: {"schema": operation.body}}}
    return made


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    if operation.public:
        return []
    return [{"bearer": []}, {"ticket": []}] if operation.run == "stream" else [{"bearer": []}]


def _parameters(operation: Operation) -> list[Any]:
    found: list[Any] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1, "maxLength": NAME_LENGTH}}
        for name in names_of(operation.path)
    ]
    if operation.query:
        found.append({"in": "query", "schema": operation.query})
    if operation.method == "POST":
        found.append("IdempotencyKey")
    if operation.changes:
        found.append("IfMatch")
    if _versioned(operation):
        found.append("IfNoneMatch")
    return [*found, "RequestIdIn"]


def _versioned(operation: Operation) -> bool:
    """Whether its answer may carry a version, and so an ETag."""
    return operation.method == "GET" and operation.media == JSON and not operation.paged and bool(operation.service)


def statuses(operation: Operation) -> set[int]:
    """Every status beyond success that the operation can answer with."""
    found = set(operation.also)
    if operation.light:
        return found | ({404} if names_of(operation.path) else set())
    found |= {*ALWAYS, 401}
    if not operation.public and operation.permission:
        found.add(403)
    if names_of(operation.path):
        found.add(404)
    if operation.method != "GET":
        found |= {404, 409, 413, 422}
        found |= {415} if operation.body or not operation.upload else set()
    if operation.query or operation.service:
        found.add(422)
    if operation.changes:
        found.add(412)
    if _versioned(operation):
        found.add(304)
    return found


def _responses(operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {str(operation.status): _success(operation)}
    if operation.awaited:
        found[str(int(HTTPStatus.ACCEPTED))] = _success(operation)
    for status in sorted(statuses(operation)):
        found[str(status)] = _failure(status, operation)
    return found


def _success(operation: Operation) -> dict[str, Any]:
    headers: dict[str, Any] = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
    if operation.answer and not operation.paged and operation.media == JSON:
        headers["ETag"] = {"$ref": "#/components/headers/ETag"}
    if operation.status == HTTPStatus.CREATED:
        headers["Location"] = {"$ref": "#/components/headers/Location"}
    if operation.paged:
        headers["Link"] = {"$ref": "#/components/headers/Link"}
    return {
        "description": operation.summary or "Done",
        "headers": headers,
        "content": {operation.media: {"schema": _answer(operation)}},
    }


def _answer(operation: Operation) -> Any:
    if operation.media != JSON:
        return {"type": "string"}
    inner: Any = operation.answer or {}
    if not operation.paged:
        return inner
    return {
        "type": "object",
        "required": ["items", "next"],
        "properties": {"items": {"type": "array", "items": inner}, "next": {"type": ["string", "null"]}},
    }


def _failure(status: int, operation: Operation) -> dict[str, Any]:
    headers: dict[str, Any] = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
    if status in (429, 503, 504):
        headers["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
    if status == 401:
        headers["WWW-Authenticate"] = {"$ref": "#/components/headers/WWWAuthenticate"}
    made = {"description": HTTPStatus(status).phrase, "headers": headers}
    if status == HTTPStatus.NOT_MODIFIED:
        return made
    if operation.run == "probe":
        return made | {"content": {JSON: {"schema": {"type": "object"}}}}
    return made | {"content": {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}}}


def _open_answers(made: dict[str, Any]) -> None:
    """Requests are strict; answers may grow."""
    schemas = made["components"]["schemas"]
    asked = [one["requestBody"] for path in made["paths"].values() for one in path.values() if "requestBody" in one]
    schemanames.open_up(schemas, set(schemas) - schemanames.reached(asked, schemas))
