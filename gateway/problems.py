"""Every failure as an RFC 9457 problem document: one table from exception to answer."""

from __future__ import annotations

import json
import logging
from typing import Any

from eventlet import Timeout
from werkzeug.wrappers import Response

from steward.errors import (
    DeadlineExceeded,
    NotAuthenticated,
    Overloaded,
    StewardError,
    Transient,
    Unavailable,
)

MEDIA = "application/problem+json"
_log = logging.getLogger(__name__)


class Malformed(StewardError):
    """The request cannot be read at all."""

    status, kind, title = 400, "malformed", "The request cannot be understood"


class TooSlow(StewardError):
    status, kind, title = 408, "too-slow", "The request does not come in time"


class UriTooLong(StewardError):
    status, kind, title = 414, "uri-too-long", "The request line is too long"


class FieldsTooLarge(StewardError):
    status, kind, title = 431, "headers-too-large", "The headers are too large"


class UnknownVersion(StewardError):
    status, kind, title = 505, "unknown-version", "Not a version of HTTP that is spoken here"


class WrongMethod(StewardError):
    """The path exists, but not for this method; ``allow`` lists those that it has."""

    status, kind, title = 405, "wrong-method", "Not a method of this path"


class TooLarge(StewardError):
    status, kind, title = 413, "too-large", "The body is too large"


class NotJson(StewardError):
    status, kind, title = 415, "wrong-media-type", "Not a media type that is taken here"


class Internal(StewardError):
    """What the caller sees of a defect: nothing but the request's id."""


Headers = list[tuple[str, str]]

TABLE: tuple[tuple[type[BaseException], type[StewardError]], ...] = (
    (Timeout, DeadlineExceeded),
    (ConnectionError, Unavailable),
    (OSError, Unavailable),
)
"""What a foreign exception means to the caller; whatever is not here is a defect of ours."""


def as_error(error: BaseException) -> StewardError:
    """The error that the caller is told about."""
    if isinstance(error, StewardError):
        return error if error.status != 500 else Internal()
    for foreign, ours in TABLE:
        if isinstance(error, foreign):
            return ours()
    return Internal()


def headers_of(error: StewardError) -> Headers:
    """The headers that belong to the error's status."""
    if isinstance(error, NotAuthenticated):
        return [("WWW-Authenticate", 'Bearer realm="steward"')]
    if isinstance(error, Transient):
        return [("Retry-After", str(error.extra.get("retry_after_s", error.retry_after_s)))]
    if isinstance(error, Overloaded):
        return [("Retry-After", str(error.extra.get("retry_after_s", 1)))]
    if isinstance(error, WrongMethod):
        return [("Allow", ", ".join(error.extra["allow"]))]
    if isinstance(error, TooLarge):
        return [("Connection", "close")]
    return []


def problem(error: BaseException, request_id: str) -> Response:
    """The answer to a request that failed. A defect is logged with the request's id and says nothing else."""
    told = as_error(error)
    if isinstance(told, Internal):
        _log.error("request %s failed: %r", request_id, error, exc_info=error)
    document: dict[str, Any] = told.problem() | {"instance": f"urn:steward:request:{request_id}"}
    body = json.dumps(document, ensure_ascii=False, default=str)
    return Response(body, told.status, headers_of(told), content_type=MEDIA)
