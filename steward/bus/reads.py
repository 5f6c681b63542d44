"""Privileged reads 查阅留痕: an answer that tells of people is given only once it is on record who asked for it, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from steward.spec import Call


def recorded(service: Any, call: Call, arguments: Mapping[str, Any], work: Callable[[], Any]) -> Any:
    """What ``work`` answers to ``call``, once that is in the journal. Raises what ``work`` raises, and Unavailable.

    What tells of nobody (an empty page) or fails leaves no record.
    """
    answer = work()
    ids = [one for path in call.subjects for one in _found(path, arguments, answer)]
    if ids:
        subjects = [f"{service.name}/{one}" for one in dict.fromkeys(ids)]
        service.store.note_read(arguments.get("project"), subjects, _reason(arguments))
    return answer


def _found(path: str, arguments: Mapping[str, Any], answer: Any) -> Iterator[str]:
    if path in arguments:
        yield str(arguments[path])
    else:
        yield from _at(path.split("."), answer)


def _at(path: list[str], value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _at(path, item)
    elif not path:
        yield from [str(value)] if value is not None else []
    elif isinstance(value, Mapping):
        yield from _at(path[1:], value.get(path[0]))


def _reason(arguments: Mapping[str, Any]) -> str | None:
    """Given as an argument of its own, or in the body or the query."""
    places = (arguments, arguments.get("body"), arguments.get("query"))
    return next((str(place["reason"]) for place in places if isinstance(place, Mapping) and place.get("reason")), None)
