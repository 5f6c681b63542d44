"""What a request asks, read and checked before anybody else hears of it."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from eventlet import Timeout
from marshmallow import Schema, ValidationError, fields
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Request

from gateway.limits import Limits
from gateway.operations import Operation
from gateway.problems import Malformed, NotJson, TooLarge
from gateway.strict import clean, parse
from steward.ids import new_id
from steward.trust.principals import COMPANY, Principal
from steward.validation import wrong_fields

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_VERSION_TAG = re.compile(r'(?:W/)?"(\d{1,15})"')
_CHUNK = 64 * 1024
_BODY = "steward.body"
_AGENT = 512
"""Characters of a User-Agent that are looked at."""
Identify = Callable[[Request, Operation], tuple[Principal, str]]
"""Who asks, and the token that proves it to services."""


@dataclass(frozen=True)
class Asked:
    """One request, understood. ``arguments`` are the keyword arguments of the call that it leads to."""

    operation: Operation
    request_id: str
    principal: Principal
    token: str
    arguments: dict[str, Any] = field(default_factory=dict)
    key: str | None = None
    fingerprint: str | None = None
    if_match: int | None = None


def request_id_of(request: Request) -> str:
    """The caller's ``X-Request-Id`` when it is usable, else a new one."""
    given = request.headers.get("X-Request-Id", "")
    return given if _REQUEST_ID.fullmatch(given) else new_id()


def read(request: Request, operation: Operation, names: dict[str, str], identify: Identify, limits: Limits) -> Asked:
    """The request, checked in this order: who, may they, can it be read, is it valid, may they in the company that it names.

    Raises NotAuthenticated, NotPermitted, Malformed, TooLarge, NotJson, BadInput.
    """
    principal, token = identify(request, operation)
    if operation.permission and not operation.public:
        principal.require(operation.permission, names.get("project"))
    raw = body(request, operation, limits)
    content = _content(request, operation, raw, limits)
    if operation.company:
        principal.require(operation.permission, COMPANY + content["body"][operation.company])
    key = _key(request, operation)
    return Asked(
        operation=operation,
        request_id=request.environ["steward.request_id"],
        principal=principal,
        token=token,
        arguments={
            **names,
            **content,
            **_query(request, operation),
            **_visitor(request, operation, limits),
        },
        key=key,
        fingerprint=_fingerprint(request, raw) if key else None,
        if_match=_if_match(request, operation),
    )


def body(request: Request, operation: Operation, limits: Limits) -> bytes:
    """The body, read once a request. Raises TooLarge, Malformed, also when it does not come in time."""
    if _BODY not in request.environ:
        with Timeout(limits.body_s, Malformed("the body comes too slowly")):
            request.environ[_BODY] = _raw(request, limits.max_upload if operation.upload else limits.max_body)
    raw: bytes = request.environ[_BODY]
    return raw


def _raw(request: Request, most: int) -> bytes:
    """The body, at most ``most`` bytes of it."""
    length = int(request.environ.get("CONTENT_LENGTH") or 0)
    if length > most:
        raise TooLarge(f"at most {most} bytes", limit=most)
    chunks: list[bytes] = []
    size = 0
    try:
        while chunk := request.environ["wsgi.input"].read(_CHUNK):
            size += len(chunk)
            if size > most:
                raise TooLarge(f"at most {most} bytes", limit=most)
            chunks.append(chunk)
    except (OSError, ValueError):  # cut off, too slow, or wrongly chunked
        raise Malformed("the body ends too early") from None
    if size < length:
        raise Malformed("the body ends too early")
    return b"".join(chunks)


def _content(request: Request, operation: Operation, raw: bytes, limits: Limits) -> dict[str, Any]:
    if operation.upload:
        return {"content": base64.b64encode(raw).decode()}
    if not raw and not operation.body:
        return {}
    value = _json(request, raw, limits) if raw else {}
    if operation.body is None:
        if value:
            raise wrong_fields({"body": ["this operation takes none"]})
        return {}
    _valid(operation.body, value)
    return {"body": value}


def _json(request: Request, raw: bytes, limits: Limits) -> dict[str, Any]:
    if request.mimetype != "application/json" and not request.mimetype.endswith("+json"):
        raise NotJson("send Content-Type: application/json")
    value = parse(raw, limits.max_depth)
    if not isinstance(value, dict):
        raise wrong_fields({"body": ["is not a JSON object"]})
    return value


def _query(request: Request, operation: Operation) -> dict[str, Any]:
    given = request.args
    if not all(clean(name) and clean(value) for name, value in given.items(multi=True)):
        raise Malformed("the query holds a character that cannot be stored")
    if operation.query is None:
        if given:
            raise wrong_fields({name: ["Unknown field."] for name in given})
        return {}
    raw = _single(given, operation.query)
    _valid(operation.query, raw)
    return {"query": raw}


def _single(given: MultiDict[str, str], schema: type[Schema]) -> dict[str, Any]:
    """The query as the schema reads it: lists where it has lists, else one value a name."""
    declared = _instance(schema).fields
    found: dict[str, Any] = {}
    for name, values in given.lists():
        if isinstance(declared.get(name), fields.List):
            found[name] = values
        elif len(values) > 1:
            raise wrong_fields({name: ["is given more than once"]})
        else:
            found[name] = values[0]
    return found


@cache
def _instance(schema: type[Schema]) -> Schema:
    return schema()


def _valid(schema: type[Schema], value: dict[str, Any]) -> None:
    try:
        _instance(schema).load(value)
    except ValidationError as error:
        raise wrong_fields(error.messages) from None


def address_of(request: Request, proxies: int) -> str:
    """The caller's address: as the last of ``proxies`` of ours saw it, if we stand behind some."""
    route = request.access_route if "X-Forwarded-For" in request.headers else []
    return route[-proxies] if 0 < proxies <= len(route) else request.environ.get("REMOTE_ADDR", "")


def _visitor(request: Request, operation: Operation, limits: Limits) -> dict[str, Any]:
    if not operation.visitor:
        return {}
    agent = request.headers.get("User-Agent", "")[:_AGENT]
    return {"visitor": {"address": address_of(request, limits.proxies), "agent": agent}}


def _key(request: Request, operation: Operation) -> str | None:
    given = request.headers.get("Idempotency-Key")
    if given is None or request.method != "POST":
        return None
    if not _KEY.fullmatch(given):
        raise Malformed("Idempotency-Key has 1 to 128 printable ASCII characters")
    return None if operation.public else given


def _fingerprint(request: Request, raw: bytes) -> str:
    """The same for the same request: method, path with query, body."""
    line = f"{request.method} {request.path}?{request.query_string.decode('latin-1')}\n"
    return hashlib.sha256(line.encode() + raw).hexdigest()


def _if_match(request: Request, operation: Operation) -> int | None:
    given = request.headers.get("If-Match")
    if given is None or not operation.changes or given.strip() == "*":
        return None
    tag = _VERSION_TAG.fullmatch(given.strip())
    if tag is None:
        raise Malformed('If-Match holds one version, such as "7"')
    return int(tag[1])
