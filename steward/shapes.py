"""The pieces that schemas of all services are built from, so that a time or a text looks the same everywhere."""

from __future__ import annotations

from datetime import UTC
from enum import StrEnum
from typing import Any

from marshmallow import INCLUDE, RAISE, Schema, fields, validate

_NO_CONTROLS = "Must not hold control characters."
_ONE_LINE = validate.Regexp(r"[^\x00-\x1f\x7f]*\Z", error=_NO_CONTROLS)
_LINES = validate.Regexp(r"[^\x00-\x08\x0b-\x1f\x7f]*\Z", error=_NO_CONTROLS)


def about(text: str) -> dict[str, Any]:
    """Field metadata with a description for the documents; none for an empty text."""
    return {"description": text} if text else {}


def line(most: int, says: str = "", least: int = 1, **options: Any) -> fields.String:
    """One line of ``least`` to ``most`` characters: a name, a label."""
    return fields.String(validate=[validate.Length(min=least, max=most), _ONE_LINE], metadata=about(says), **options)


def text(most: int, says: str = "", least: int = 1, **options: Any) -> fields.String:
    """A text of ``least`` to ``most`` characters, with line breaks and tabs if need be: what somebody says."""
    return fields.String(validate=[validate.Length(min=least, max=most), _LINES], metadata=about(says), **options)


def choice(choices: type[StrEnum], says: str = "", **options: Any) -> fields.Enum[Any]:
    """One of the values of ``choices``."""
    return fields.Enum(choices, by_value=True, metadata=about(says), **options)


def moment(says: str = "", **options: Any) -> fields.AwareDateTime:
    """An RFC 3339 date-time; without an offset it is UTC."""
    return fields.AwareDateTime(format="iso", default_timezone=UTC, metadata=about(says), **options)


class Command(Schema):
    """The body of a command: members that it does not know are refused."""

    class Meta:
        unknown = RAISE


class Nothing(Command):
    """A command that needs no more than itself."""


class Published(Schema):
    """The data of an event. Fields are only ever added, so a reader lets through what it does not know."""

    class Meta:
        unknown = INCLUDE
