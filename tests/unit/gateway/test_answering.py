from __future__ import annotations

import base64
from typing import Any

from werkzeug.wrappers import Response

from gateway.answering import answer
from gateway.asking import Asked
from gateway.house import Front
from steward.trust.principals import Principal
from tests.unit.gateway.example import front, request

FRONT: Front = front()
PATH = "/v1/projects/yh/parcels"


def answered(value: Any, method: str = "GET", path: str = PATH, **headers: str) -> Response:
    asked = request(method, path, **headers)
    operation, names = FRONT.router.match(method, asked.path)
    return answer(asked, Asked(operation, "r", Principal("x"), "", names), value)


def test_the_version_is_the_etag() -> None:
    response = answered({"id": "7", "version": 3}, path=f"{PATH}/7")
    assert response.headers["ETag"] == '"3"'


def test_what_has_not_changed_is_not_sent_again() -> None:
    for tag in ('"3"', 'W/"3"', '"1", "3"'):
        response = answered({"id": "7", "version": 3}, path=f"{PATH}/7", If_None_Match=tag)
        assert (response.status_code, response.get_data(), response.headers["ETag"]) == (304, b"", '"3"')
    assert answered({"id": "7", "version": 4}, path=f"{PATH}/7", If_None_Match='"3"').status_code == 200


def test_what_was_made_says_where_it_is() -> None:
    response = answered({"id": "7", "version": 1}, "POST")
    assert (response.status_code, response.headers["Location"]) == (201, f"{PATH}/7")


def test_a_page_links_to_the_next_with_the_same_filters() -> None:
    response = answered({"items": [], "next": "abc"}, path=f"{PATH}?unit=3&cursor=old")
    assert response.headers["Link"] == f'<{PATH}?unit=3&cursor=abc>; rel="next"'
    assert "Link" not in answered({"items": [], "next": None}).headers


def test_a_document_is_sent_as_its_media_type() -> None:
    response = answered({"content": base64.b64encode(b"%PDF").decode()}, path=f"{PATH}/7/label")
    assert (response.get_data(), response.content_type) == (b"%PDF", "application/pdf")


def test_chinese_text_is_sent_as_it_is() -> None:
    assert "报事".encode() in answered({"title": "报事"}, path=f"{PATH}/7").get_data()
