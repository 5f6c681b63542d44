"""What all routes have in common that keeps them safe, found in the specs of whatever is installed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from marshmallow import RAISE, Schema, ValidationError, fields, validate

from gateway.house import Front
from gateway.limits import Limits
from gateway.operations import Operation
from steward.plugins import installed_services
from steward.store.reading import PAGE_LIMIT_MOST
from steward.testing.samples import candidates

ROOT = Path(__file__).parents[3]
OURS = (
    "id",
    "version",
    "actor",
    "_order",
    "seq",
    "writer",
    "made_by",
    "raised_by",
    "created_at",
    "password_hash",
    "second_factor",
    "active",
)
"""Members of what is kept that only the software itself sets."""
CHOSEN = {("OpenProject", "id"): "a slug that its opener chooses", ("Enrol", "active"): "whether somebody of the crew is sent out"}
"""Those of the same names that people do choose, and what they are."""
ASKS_OUTSIDE = {
    "services/identity/provider.py": "the OpenID provider, whose address is a setting, and what it publishes of itself",
    "services/notify/channels/sms.py": "the SMS operator, whose address is a setting",
}
"""Modules of services and of the gateway that speak to addresses outside, and to which."""
FAR, MANY = 20_000, 100
CLIENTS = ("httpx", "requests", "urllib.request", "urllib3", "http.client", "aiohttp", "smtplib", "ftplib")


@cache
def operations() -> tuple[Operation, ...]:
    return Front.build(installed_services(), Limits.read(), "k" * 32).router.operations


def given() -> Iterator[tuple[str, Schema]]:
    """Every schema of what comes in, those within it too."""
    for operation in operations():
        for schema in filter(None, (operation.body, operation.query)):
            yield from ((operation.id, one) for one in within(schema()))


def within(schema: Schema) -> Iterator[Schema]:
    yield schema
    for field in schema.fields.values():
        for inner in parts(field):
            if isinstance(inner, fields.Nested):
                yield from within(inner.schema if isinstance(inner.schema, Schema) else inner.schema())


def parts(field: fields.Field[Any]) -> Iterator[fields.Field[Any]]:
    """``field`` and what it is made of."""
    yield field
    inner = (getattr(field, name, None) for name in ("inner", "key_field", "value_field"))
    yield from (part for one in inner if one is not None for part in parts(one))


def takes(field: fields.Field[Any], value: Any) -> bool:
    try:
        field.deserialize(value)
    except ValidationError:
        return False
    return True


def endless(field: fields.Field[Any]) -> bool:
    """Whether it takes a text or a list that is far too long."""
    if isinstance(field, fields.List):
        return any(takes(field.inner, one) and takes(field, [one] * FAR) for one in candidates(field.inner))
    return any(takes(field, one * FAR) for one in "aA0-/ ")


def test_whatever_names_a_company_is_for_who_may_in_the_whole_of_it() -> None:
    names = {one.id: one.company for one in operations() if one.body and "company" in one.body().fields}
    assert names == dict.fromkeys({"residents.open_project", *names}, "company")


def test_nothing_is_taken_that_was_not_asked_for() -> None:
    """Mass assignment: a member that a command does not know is refused, however deep it stands."""
    assert not [f"{operation}: {type(schema).__name__}" for operation, schema in given() if schema.unknown != RAISE]


def test_nobody_sets_what_only_the_software_sets() -> None:
    found = [(type(schema).__name__, name) for _, schema in given() for name in schema.fields if name in OURS]
    assert set(found) <= CHOSEN.keys()


def test_every_list_is_a_page_of_no_more_than_so_many() -> None:
    for operation in operations():
        if operation.paged:
            limit = operation.query().fields["limit"] if operation.query else None
            bounds = [check.max for check in limit.validators if isinstance(check, validate.Range)] if limit else []
            assert bounds and max(bounds) <= PAGE_LIMIT_MOST, operation.id


def test_every_text_and_every_list_that_comes_in_is_bounded() -> None:
    """Beyond the bound on the whole body. Dictionaries of free depth are bounded by that, and by how deep a body may be."""
    looked_at = [
        (f"{operation}: {type(schema).__name__}.{name}", part)
        for operation, schema in given()
        for name, field in schema.fields.items()
        for part in parts(field)
        if type(part) in (fields.String, fields.List) and not isinstance(field, fields.Dict)
    ]
    assert len(looked_at) > MANY
    assert not [name for name, part in looked_at if endless(part)]


def test_no_operation_takes_an_address_to_go_to() -> None:
    """Server-side request forgery has nothing to forge."""
    assert not [
        operation
        for operation, schema in given()
        for field in schema.fields.values()
        for part in parts(field)
        if isinstance(part, fields.Url)
    ]


@pytest.mark.parametrize("folder", ["services", "gateway"])
def test_nothing_speaks_to_the_outside_but_what_is_known_to(folder: str) -> None:
    found = {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*.py") if imports(path) & {*CLIENTS}}
    assert found == {name for name in ASKS_OUTSIDE if name.startswith(f"{folder}/")}


def imports(path: Path) -> set[str]:
    tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    named = [node for node in tree if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = {alias.name for node in named if isinstance(node, ast.Import) for alias in node.names}
    return modules | {node.module or "" for node in named if isinstance(node, ast.ImportFrom)}
