"""What a call may name as ids: texts, and never nothing."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from steward.bus.serving import _check_texts
from steward.errors import BadInput
from steward.trust.principals import Principal


def method(self: Any, project: str, ticket: str, body: dict[str, Any], limit: int = 5) -> None: ...


SIGNATURE = inspect.signature(method)
GIVEN = {"project": "yh", "ticket": "01k", "body": {}}


@pytest.mark.parametrize("name", ["project", "ticket"])
@pytest.mark.parametrize("value", [None, "", 7, [], ["yh"], {"$gt": ""}, True])
def test_an_id_that_is_no_text_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(BadInput) as refusal:
        _check_texts(SIGNATURE, GIVEN | {name: value})
    assert refusal.value.extra["errors"][0]["field"] == name


def test_what_is_no_id_is_left_to_its_schema_and_what_is_missing_to_the_method() -> None:
    _check_texts(SIGNATURE, GIVEN | {"body": None, "limit": "many"})
    _check_texts(SIGNATURE, {})


def test_a_project_without_a_name_is_none_and_not_all_of_them() -> None:
    desk = Principal("user:1", "desk", {"yh": ("desk",)})
    assert desk.may("tickets.read") and desk.may("tickets.read", "yh")
    assert not desk.may("tickets.read", "")
