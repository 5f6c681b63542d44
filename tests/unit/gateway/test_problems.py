from __future__ import annotations

import json
import logging

import pytest
from eventlet import Timeout

from gateway.problems import MEDIA, Malformed, NotJson, TooLarge, WrongMethod, problem
from steward.errors import (
    BadInput,
    Conflict,
    DeadlineExceeded,
    IllegalTransition,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    Overloaded,
    PreconditionFailed,
    StewardError,
    Unavailable,
)
from steward.validation import wrong_fields


@pytest.mark.parametrize(
    ("error", "status", "header"),
    [
        (Malformed("x"), 400, None),
        (NotAuthenticated("x"), 401, "WWW-Authenticate"),
        (NotPermitted("x"), 403, None),
        (NotFound("x"), 404, None),
        (WrongMethod("x", allow=["GET"]), 405, "Allow"),
        (IllegalTransition.of("close", "raised", ["accept"]), 409, None),
        (PreconditionFailed("x"), 412, None),
        (TooLarge("x"), 413, "Connection"),
        (NotJson("x"), 415, None),
        (BadInput.of("unit", "unknown"), 422, None),
        (Overloaded("x"), 429, "Retry-After"),
        (Overloaded("x", retry_after_s=60), 429, "Retry-After"),
        (Unavailable("x"), 503, "Retry-After"),
        (Conflict("x"), 503, "Retry-After"),
        (DeadlineExceeded("x"), 504, "Retry-After"),
        (ConnectionRefusedError("x"), 503, "Retry-After"),
        (Timeout(), 504, "Retry-After"),
        (ZeroDivisionError("x"), 500, None),
        (StewardError("x"), 500, None),
    ],
)
def test_each_error_has_its_status_and_header(error: BaseException, status: int, header: str | None) -> None:
    response = problem(error, "req-1")
    document = json.loads(response.get_data())
    assert (response.status_code, response.content_type, document["status"]) == (status, MEDIA, status)
    assert document["instance"] == "urn:steward:request:req-1"
    assert header is None or response.headers[header]


def test_a_defect_is_logged_and_says_nothing_of_itself(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        response = problem(KeyError("secret"), "req-9")
    assert b"secret" not in response.get_data()
    assert "req-9" in caplog.text and "secret" in caplog.text


def test_the_legal_commands_are_told() -> None:
    document = json.loads(problem(IllegalTransition.of("close", "raised", ["accept"]), "r").get_data())
    assert (document["state"], document["legal"]) == ("raised", ["accept"])


def test_nested_messages_become_a_row_a_field() -> None:
    error = wrong_fields({"units": {0: {"label": ["too long", "too odd"]}}, "_schema": ["contradicts itself"]})
    assert error.extra["errors"] == [
        {"field": "units.0.label", "message": "too long"},
        {"field": "units.0.label", "message": "too odd"},
        {"field": "body", "message": "contradicts itself"},
    ]
