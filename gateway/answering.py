"""What the caller gets: JSON, its version as an ETag, where it is, and what follows it."""

from __future__ import annotations

import base64
import json
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from werkzeug.wrappers import Request, Response

from gateway.asking import Asked
from gateway.operations import Operation

JSON = "application/json"
SAFETY = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
)
"""What keeps a browser safe, unless the answer says otherwise."""


def dumped(value: Any) -> str:
    """``value`` as compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def finish(response: Response, request_id: str) -> None:
    """Give ``response`` what every answer carries."""
    response.headers["X-Request-Id"] = request_id
    for name, value in SAFETY:
        response.headers.setdefault(name, value)


def answer(request: Request, asked: Asked, value: Any) -> Response:
    """The response to a request that succeeded with ``value``."""
    operation = asked.operation
    if operation.media != JSON:
        return Response(base64.b64decode(value["content"]), operation.status, content_type=operation.media)
    if value is None:
        return Response(status=204)
    response = Response(dumped(value), _status(operation, value), content_type=JSON)
    if operation.paged:
        _link(request, response, value)
    elif isinstance(value, dict):
        _located(request, response, value)
    return response


def _status(operation: Operation, value: Any) -> int:
    goes_on = operation.awaited and value.get(operation.awaited) is None
    return HTTPStatus.ACCEPTED if goes_on else operation.status


def _located(request: Request, response: Response, value: dict[str, Any]) -> None:
    if isinstance(value.get("version"), int):
        response.set_etag(str(value["version"]))
        response.headers["Cache-Control"] = "private, no-cache"
        if request.method == "GET" and _unchanged(request, str(value["version"])):
            response.status_code = 304
            response.set_data(b"")
            del response.headers["Content-Type"]
    if response.status_code == 201 and "id" in value:
        response.headers["Location"] = f"{request.path.rstrip('/')}/{value['id']}"


def _unchanged(request: Request, tag: str) -> bool:
    return request.if_none_match.contains_weak(tag)


def _link(request: Request, response: Response, value: dict[str, Any]) -> None:
    if value.get("next"):
        query = urlencode({**request.args.to_dict(), "cursor": value["next"]})
        response.headers["Link"] = f'<{request.path}?{query}>; rel="next"'
