from __future__ import annotations

import base64
from typing import Any

from werkzeug.wrappers import Response

from gateway.answering import answer
from gateway.asking import Asked
from gateway.desk import Desk
from gateway.house import Front
from gateway.hub import Hub
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


def test_what_goes_on_is_a_202_until_what_is_awaited_is_there() -> None:
    path = f"{PATH}/7/ship"
    assert [answered({"id": "7", "there_at": moment}, "POST", path).status_code for moment in (None, "2026-11-23")] == [202, 200]


def test_a_file_in_pieces_is_asked_for_piece_by_piece_while_it_is_sent() -> None:
    pieces = {None: ("a", "1"), "1": ("b", "2"), "2": ("c", None)}
    asked_for: list[str | None] = []

    class Remote:
        def call(self, service: str, call: str, kwargs: dict[str, Any], **options: Any) -> Any:
            cursor = kwargs["query"].get("cursor")
            asked_for.append(cursor)
            content, following = pieces[cursor]
            return {"content": base64.b64encode(content.encode()).decode(), "next": following}

    operation, names = FRONT.router.match("GET", f"{PATH}.csv")
    asked = Asked(operation, "r", Principal("x"), "", {**names, "query": {"unit": "3"}})
    response = Desk(FRONT, Remote(), Hub(1, 1, 1, 1)).relay(request("GET", f"{PATH}.csv"), asked)  # type: ignore[arg-type]
    assert (asked_for, response.headers["Content-Disposition"]) == ([None], "attachment; filename=parcels.csv")
    assert (b"".join(response.response), asked_for) == (b"abc", [None, "1", "2"])
