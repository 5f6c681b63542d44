from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from werkzeug.wrappers import Request

from gateway import asking
from gateway.asking import Asked
from gateway.house import Front
from gateway.problems import Malformed, NotJson, TooLarge
from steward.errors import BadInput, NotAuthenticated, NotPermitted
from steward.trust import principals
from steward.trust.principals import Principal, sign
from tests.unit.gateway.example import KEY, LIMITS, front, request

NOW = datetime.now(UTC)
DESK = Principal("user:li", "Li", {"yh": ("desk",)})
PATH = "/v1/projects/yh/parcels"
JSON = "application/json"


@pytest.fixture(autouse=True)
def roles(monkeypatch: pytest.MonkeyPatch) -> None:
    held = {"parcels.read": frozenset({"desk", "security"}), "parcels.write": frozenset({"desk"})}
    monkeypatch.setattr(principals, "permitted_roles", lambda: held)


@pytest.fixture(scope="module")
def house() -> Front:
    return front()


def token(principal: Principal = DESK, lifetime_s: int = 86_400) -> str:
    return "Bearer " + sign(principal, KEY, NOW, timedelta(seconds=lifetime_s))


def read(house: Front, asked: Request) -> Asked:
    operation, names = house.router.match(asked.method, asked.path)
    return asking.read(asked, operation, names, house.gatekeeper.identify, LIMITS)


def post(house: Front, body: bytes, path: str = PATH, **headers: str) -> Asked:
    given = {"Authorization": token(), "Content_Type": JSON, **headers}
    return read(house, request("POST", path, body, **given))


def test_a_valid_request_becomes_the_arguments_of_its_call(house: Front) -> None:
    asked = post(house, b'{"unit": "3-2-501", "weight_g": 5}', Idempotency_Key="k1")
    assert asked.arguments == {"project": "yh", "body": {"unit": "3-2-501", "weight_g": 5}}
    assert (asked.principal.id, asked.request_id, asked.key) == ("user:li", "req-1", "k1")


@pytest.mark.parametrize("header", ["", "Basic bGk6bGk=", "Bearer", "Bearer x.y.z", "Bearer " + "é" * 9, token(lifetime_s=-60)])
def test_without_a_good_token_nothing_else_is_looked_at(house: Front, header: str) -> None:
    with pytest.raises(NotAuthenticated):
        post(house, b"{not json", Authorization=header)


def test_a_stream_ticket_opens_nothing_but_the_stream(house: Front) -> None:
    ticket = house.gatekeeper.ticket(DESK, NOW, 86_400)
    assert read(house, request("GET", f"/v1/stream?ticket={ticket}")).principal.id == "user:li"
    with pytest.raises(NotAuthenticated):
        read(house, request("GET", f"{PATH}?ticket={ticket}"))
    with pytest.raises(NotAuthenticated):
        read(house, request("GET", PATH, Authorization=f"Bearer {ticket}"))


def test_a_token_is_no_stream_ticket(house: Front) -> None:
    with pytest.raises(NotAuthenticated):
        read(house, request("GET", f"/v1/stream?ticket={token().removeprefix('Bearer ')}"))


def test_permission_is_asked_in_the_project_of_the_path(house: Front) -> None:
    with pytest.raises(NotPermitted):
        post(house, b"{}", "/v1/projects/elsewhere/parcels")
    guard = Principal("user:wu", grants={"yh": ("security",)})
    assert read(house, request("GET", PATH, Authorization=token(guard)))
    with pytest.raises(NotPermitted):
        post(house, b"{}", Authorization=token(guard))


def test_a_public_operation_asks_nobody_and_remembers_no_key(house: Front) -> None:
    asked = read(house, request("GET", "/v1/parcel-hours", Authorization="Bearer rubbish"))
    assert (asked.token, asked.key) == ("", None)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"{", Malformed),
        (b'{"unit": NaN}', Malformed),
        (b'{"unit": "a", "unit": "b"}', Malformed),
        (b'{"unit": "a", "weight_g": 99999999999999999999}', Malformed),
        (b'{"unit": "a", "weight_g": 1e999}', Malformed),
        (b'{"unit": "a\\u0000"}', Malformed),
        (b'{"unit": "\\ud800"}', Malformed),
        (b"\xff\xfe", Malformed),
        (b"[" * 100_000, Malformed),
        (b'{"unit":' + b'{"a":' * 40 + b"1" + b"}" * 41, Malformed),
        (b"[]", BadInput),
        (b'"text"', BadInput),
        (b"null", BadInput),
        (b"", BadInput),
        (b"{}", BadInput),
        (b'{"unit": 7}', BadInput),
        (b'{"unit": "a", "colour": "red"}', BadInput),
        (b'{"unit": "' + b"x" * 21 + b'"}', BadInput),
    ],
)
def test_a_wrong_body_is_refused_by_its_kind(house: Front, body: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        post(house, body)


def test_each_wrong_field_is_named(house: Front) -> None:
    with pytest.raises(BadInput) as caught:
        post(house, b'{"weight_g": 0, "marks": ["ok", 7]}')
    assert {row["field"] for row in caught.value.extra["errors"]} == {"unit", "weight_g", "marks.1"}


@pytest.mark.parametrize("media", ["text/plain", "", "application/x-www-form-urlencoded", "json"])
def test_a_body_that_is_not_called_json_is_refused(house: Front, media: str) -> None:
    with pytest.raises(NotJson):
        post(house, b'{"unit": "a"}', Content_Type=media)


@pytest.mark.parametrize("media", ["application/json; charset=utf-8", "application/merge-patch+json"])
def test_json_may_have_parameters_and_kin(house: Front, media: str) -> None:
    assert post(house, b'{"unit": "a"}', Content_Type=media)


def test_a_body_is_bounded_whether_or_not_its_length_is_told(house: Front) -> None:
    large = b" " * (LIMITS.max_body + 1)
    with pytest.raises(TooLarge):
        post(house, large)
    untold = request("POST", PATH, large, Authorization=token(), Content_Type=JSON)
    untold.environ["CONTENT_LENGTH"] = ""
    with pytest.raises(TooLarge):
        read(house, untold)


def test_a_body_that_is_cut_off_is_malformed(house: Front) -> None:
    cut = request("POST", PATH, b'{"unit": "a"}', Authorization=token(), Content_Type=JSON)
    cut.environ["wsgi.input"] = BytesIO(b'{"unit"')
    with pytest.raises(Malformed):
        read(house, cut)


def test_an_operation_without_a_body_takes_none(house: Front) -> None:
    path = f"{PATH}/7/hand-over"
    assert post(house, b"", path).arguments == post(house, b"{}", path).arguments == {"project": "yh", "parcel": "7"}
    with pytest.raises(BadInput):
        post(house, b'{"a": 1}', path)


def test_a_file_is_passed_on_as_it_came(house: Front) -> None:
    asked = post(house, b"\xff\xd8 jpeg", f"{PATH}/7/photo", Content_Type="image/jpeg")
    assert base64.b64decode(asked.arguments["content"]) == b"\xff\xd8 jpeg"


@pytest.mark.parametrize(
    ("query", "passed"),
    [
        ("", {}),
        ("limit=5&unit=3", {"limit": "5", "unit": "3"}),
        ("mark=a&mark=b", {"mark": ["a", "b"]}),
    ],
)
def test_query_parameters_are_passed_as_the_schema_has_them(house: Front, query: str, passed: dict[str, Any]) -> None:
    asked = read(house, request("GET", f"{PATH}?{query}", Authorization=token()))
    assert asked.arguments["query"] == passed


@pytest.mark.parametrize("query", ["limit=0", "limit=many", "colour=red", "unit=a&unit=b", f"cursor={'x' * 65}"])
def test_a_wrong_query_names_its_parameter(house: Front, query: str) -> None:
    with pytest.raises(BadInput) as caught:
        read(house, request("GET", f"{PATH}?{query}", Authorization=token()))
    assert caught.value.extra["errors"][0]["field"] == query.partition("=")[0]


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 129, "a\tb"])
def test_an_idempotency_key_is_short_and_printable(house: Front, key: str) -> None:
    with pytest.raises(Malformed):
        post(house, b'{"unit": "a"}', Idempotency_Key=key)


def test_the_fingerprint_differs_with_body_path_and_query(house: Front) -> None:
    def printed(body: bytes, path: str = PATH) -> str | None:
        return post(house, body, path, Idempotency_Key="k").fingerprint

    photo = f"{PATH}/7/photo"
    prints = [printed(b'{"unit": "a"}'), printed(b'{"unit": "b"}'), printed(b"x", photo), printed(b"y", photo)]
    assert len(set(prints)) == 4
    assert printed(b"x", photo) == prints[2]


@pytest.mark.parametrize(("tag", "version"), [('"7"', 7), ('W/"12"', 12), ("*", None)])
def test_if_match_names_a_version(house: Front, tag: str, version: int | None) -> None:
    assert post(house, b"", f"{PATH}/7/hand-over", If_Match=tag).if_match == version


@pytest.mark.parametrize("tag", ["7", '"x"', '"1", "2"', '"-1"', ""])
def test_a_malformed_if_match_is_refused(house: Front, tag: str) -> None:
    with pytest.raises(Malformed):
        post(house, b"", f"{PATH}/7/hand-over", If_Match=tag)


@pytest.mark.parametrize(("given", "kept"), [("abc-1.2_3", True), ("a b", False), ("x" * 129, False), ("", False)])
def test_a_usable_request_id_is_kept(given: str, kept: bool) -> None:
    found = asking.request_id_of(request(X_Request_Id=given))
    assert found and (found == given) is kept
