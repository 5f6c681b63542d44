"""The evolution of events: what may change within a version of an event, and the examples by which that is checked.

Fields may be added, if they may be left out. Everything else needs a new version, for somewhere an event of the old shape
still waits in a queue, in a dead letter or in the history, and somewhere a reader has not been renewed yet.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marshmallow import Schema, fields, validate

from steward.bus.envelope import Envelope, from_wire
from steward.spec import Event, ServiceSpec
from steward.validation import schema

Shape = dict[str, Any]

LATER = {"notknownyet": {"a": ["later", 1, None]}}


def shape(contract: Schema) -> Shape:
    """What ``contract`` says of each field, as plain data."""
    return {name: _field(field) for name, field in sorted(contract.fields.items())}


def _field(field: fields.Field[Any]) -> Shape:
    said: Shape = {"type": type(field).__name__, "required": field.required, "null": bool(field.allow_none)}
    if isinstance(field, fields.Nested):
        said["fields"] = shape(field.schema)
    if isinstance(field, fields.List):
        said["items"] = _field(field.inner)
    if choices := _choices(field):
        said["choices"] = choices
    return said


def _choices(field: fields.Field[Any]) -> list[Any]:
    if isinstance(field, fields.Enum):
        return sorted(member.value for member in field.enum)
    listed = [choice for check in field.validators if isinstance(check, validate.OneOf) for choice in check.choices]
    return sorted(listed)


def broken(old: Shape, new: Shape, path: str = "") -> list[str]:
    """Every change from ``old`` to ``new`` that needs a new version, one line each."""
    found = [f"{path}{name}: removed" for name in sorted(old.keys() - new.keys())]
    added = sorted(new.keys() - old.keys())
    found += [f"{path}{name}: new and required, so that older events lack it" for name in added if new[name]["required"]]
    for name in sorted(old.keys() & new.keys()):
        found += _changed(old[name], new[name], f"{path}{name}")
    return found


def _changed(old: Shape, new: Shape, path: str) -> list[str]:
    found = []
    if old["type"] != new["type"]:
        return [f"{path}: was {old['type']}, is {new['type']}"]
    if new["required"] and not old["required"]:
        found.append(f"{path}: made required, so that older events lack it")
    if old["null"] and not new["null"]:
        found.append(f"{path}: may not be null any more")
    gone, come = (set(one.get("choices", ())) - set(other.get("choices", ())) for one, other in ((old, new), (new, old)))
    found += [f"{path}: {choice!r} is no choice any more" for choice in sorted(gone)]
    found += [f"{path}: {choice!r} is a new choice, which older readers refuse" for choice in sorted(come) if old.get("choices")]
    found += broken(old.get("fields", {}), new.get("fields", {}), f"{path}.")
    if "items" in old and "items" in new:
        found += _changed(old["items"], new["items"], f"{path}[]")
    return found


@dataclass(frozen=True)
class Example:
    """One event as it was published once. ``minor`` counts the shapes that a version has had, from 0."""

    type: str
    version: int
    minor: int
    shape: Shape
    event: dict[str, Any]

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{self.type}.v{self.version}.{self.minor}.json"

    @property
    def envelope(self) -> Envelope:
        """The event. Raises Malformed."""
        return from_wire(self.event)


def examples(folder: Path) -> list[Example]:
    """All examples that are kept in ``folder``."""
    return sorted((_read(path) for path in folder.glob("*.json")), key=lambda one: (one.type, one.version, one.minor))


def _read(path: Path) -> Example:
    name, version, minor = path.stem.rsplit(".", 2)
    return Example(name, int(version.removeprefix("v")), int(minor), **json.loads(path.read_text(encoding="utf-8")))


def published(specs: Iterable[ServiceSpec]) -> Iterator[tuple[str, Event, Shape]]:
    """Every event that ``specs`` publish: its type, its declaration, its shape."""
    for spec in specs:
        for event in spec.publishes:
            yield f"{spec.name}.{event.name}", event, shape(schema(event.schema))


def keep(folder: Path, specs: Iterable[ServiceSpec], documents: Iterable[Mapping[str, Any]]) -> list[str]:
    """Write an example for each shape of ``specs`` that ``folder`` lacks, if ``documents`` have one; the names of the new files.

    What is kept already is never changed. Of several documents the one that says most is taken.
    """
    best: dict[str, Mapping[str, Any]] = {}
    for document in documents:
        known = best.get(document["type"])
        if known is None or _said(document) > _said(known):
            best[document["type"]] = document
    kept, written = examples(folder), []
    for name, event, now in published(specs):
        older = [one for one in kept if (one.type, one.version) == (name, event.version)]
        if name in best and not any(one.shape == now for one in older):
            example = Example(name, event.version, len(older), now, dict(best[name]))
            text = json.dumps({"shape": example.shape, "event": example.event}, ensure_ascii=False, indent=1, sort_keys=True)
            (folder / example.name).write_text(text + "\n", encoding="utf-8")
            written.append(example.name)
    return written


def _said(document: Mapping[str, Any]) -> int:
    return sum(value not in (None, [], {}, "") for value in document["data"].values())


def newer(document: Mapping[str, Any], contract: Schema) -> dict[str, Any]:
    """``document`` as a later release might write it: with a member that nobody here knows in every object that may grow."""
    return {**document, **LATER, "data": _grown(document["data"], contract)}


def _grown(data: Mapping[str, Any], contract: Schema) -> dict[str, Any]:
    known = {name: _grown_value(value, contract.fields[name]) for name, value in data.items() if name in contract.fields}
    return {**data, **known, **LATER}


def _grown_value(value: Any, field: fields.Field[Any]) -> Any:
    if isinstance(field, fields.List) and isinstance(value, list):
        return [_grown_value(inner, field.inner) for inner in value]
    if isinstance(field, fields.Nested) and isinstance(value, Mapping):
        return _grown(value, field.schema)
    if isinstance(field, fields.Dict) and field.value_field is None and isinstance(value, Mapping):
        return {**value, **LATER}
    return value
