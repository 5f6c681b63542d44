"""JSON as strictly as a store needs it: one meaning a document, nothing that breaks later on the way."""

from __future__ import annotations

import json
import math
from typing import Any

from gateway.problems import Malformed

_INT_LIMIT = 2**63
"""What the store can hold."""


def parse(raw: bytes, depth: int) -> Any:
    """The JSON value in ``raw``. Raises Malformed.

    Refused, beyond what is not JSON: NaN and infinities, names given twice, integers over 64 bits,
    lone surrogates and NUL characters, and nesting deeper than ``depth``.
    """
    try:
        value = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_float,
            parse_int=_int,
        )
    except UnicodeDecodeError:
        raise Malformed("the body is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise Malformed(f"the body is not JSON: {error.msg} at character {error.pos}") from None
    except RecursionError:
        raise Malformed("the body is nested too deeply") from None
    _check(value, depth)
    return value


def clean(text: str) -> bool:
    """Whether ``text`` can be stored: no NUL, no lone surrogate."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Malformed(f"{twice[:64]!r} is given twice")
    return found


def _constant(text: str) -> Any:
    raise Malformed(f"{text} is not a JSON value")


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise Malformed("a number is too large")
    return number


def _int(text: str) -> int:
    if len(text) > 20 or not -_INT_LIMIT <= int(text) < _INT_LIMIT:
        raise Malformed("a whole number is too large")
    return int(text)


def _check(root: Any, depth: int) -> None:
    level = [root]
    for _ in range(depth + 1):
        level = [inner for value in level for inner in _inside(value)]
        if not level:
            return
    raise Malformed("the body is nested too deeply")


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    if isinstance(value, list):
        return value
    if isinstance(value, str) and not clean(value):
        raise Malformed("a text holds a character that cannot be stored")
    return []
