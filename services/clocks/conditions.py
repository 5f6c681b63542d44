"""Conditions on the data of events, as rows of policy state them: a value, a list of values, or a comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import ge, gt, le, lt
from typing import Any

Condition = Mapping[str, Any]
"""Field → the values of which it must have one, or a table of comparisons that must all hold."""

_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {"above": gt, "at_least": ge, "below": lt, "at_most": le}
COMPARISONS = frozenset({*_COMPARISONS, "given"})


class BadCondition(ValueError):
    """A condition cannot be understood."""


def conditions(given: Any) -> tuple[Condition, ...]:
    """One table of conditions, or a list of alternatives. Raises :class:`BadCondition`."""
    alternatives = [given] if isinstance(given, Mapping) else list(given)
    if not all(isinstance(alternative, Mapping) for alternative in alternatives):
        raise BadCondition("a table of fields, or a list of such tables")
    return tuple({name: _wanted(name, value) for name, value in table.items()} for table in alternatives if table)


def allows(when: Iterable[Condition], unless: Iterable[Condition], data: Mapping[str, Any]) -> bool:
    """Whether one alternative of ``when`` holds, and none of ``unless``. A field that is not known fulfils neither."""
    when, unless = tuple(when), tuple(unless)
    if any(name not in data for condition in unless for name in condition):
        return False
    return (not when or any(_holds(condition, data) for condition in when)) and not any(_holds(condition, data) for condition in unless)


def fields_of(given: Iterable[Condition]) -> frozenset[str]:
    """The fields that conditions look at."""
    return frozenset(name for condition in given for name in condition)


def _wanted(name: str, value: Any) -> Any:
    if not isinstance(value, Mapping):
        return list(value) if isinstance(value, list | tuple) else [value]
    if strange := sorted(set(value) - COMPARISONS):
        raise BadCondition(f"{name}: {strange[0]} is none of {', '.join(sorted(COMPARISONS))}")
    return dict(value)


def _holds(condition: Condition, data: Mapping[str, Any]) -> bool:
    return all(name in data and _fits(data[name], wanted) for name, wanted in condition.items())


def _fits(value: Any, wanted: Any) -> bool:
    if not isinstance(wanted, Mapping):
        return value in wanted
    return all((value is not None) == bound if test == "given" else _compares(test, value, bound) for test, bound in wanted.items())


def _compares(test: str, value: Any, bound: Any) -> bool:
    try:
        return _COMPARISONS[test](value, bound)
    except TypeError:
        return False
