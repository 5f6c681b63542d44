"""From the rows of any CSV to tickets, as a mapping file says; rows of no use are told apart, with the reason."""

from __future__ import annotations

import csv
import hashlib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

SHIPPED = files("steward.replay").joinpath("mappings/service-requests.toml")
_PHONE_DIGITS = 7
_WHAT_MOST, _PLACE_MOST, _DEPARTMENT_MOST = 2_000, 200, 64


class MappingError(ValueError):
    """The mapping file does not fit the CSV; says where."""


@dataclass(frozen=True)
class Request:
    """One row as the body of ``POST …/tickets``. ``key`` makes raising it twice harmless."""

    line: int
    key: str
    body: dict[str, Any]


@dataclass(frozen=True)
class Unusable:
    """A row that is not replayed, and why."""

    line: int
    key: str
    reason: str


class Mapping:
    """A mapping file, read. Raises MappingError when a part that is needed is missing."""

    def __init__(self, path: Path | None = None) -> None:
        rules = tomllib.loads((path or SHIPPED).read_text(encoding="utf-8"))
        try:
            self.encoding: str = rules["source"]["encoding"]
            self.key: str = rules["source"]["key"]
            self._columns: dict[str, Any] = rules["columns"]
            self._kinds = [(re.compile(row["match"]), row) for row in rules["kind"]]
        except (KeyError, re.error) as error:
            raise MappingError(f"mapping: {error} is missing or wrong") from error
        self._empty = set(rules.get("empty", {}).get("values", [""]))
        self._departments: dict[str, str] = rules.get("departments", {})
        self._channels: dict[str, str] = rules.get("channels", {"default": "department"})
        self._prefix: str = rules.get("caller", {}).get("phone_prefix", "")

    def read(self, path: Path) -> Iterator[Request | Unusable]:
        """Every row of the CSV at ``path``, in order. Raises MappingError when a mapped column is not there."""
        with path.open(encoding=self.encoding, errors="replace", newline="") as lines:
            reader = csv.DictReader(lines)
            self._check_header(reader.fieldnames or [])
            seen: set[str] = set()
            for row in reader:
                yield self._one(reader.line_num, row, seen)

    def _check_header(self, header: list[str] | Any) -> None:
        wanted = [self.key]
        for columns in self._columns.values():
            wanted += [columns] if isinstance(columns, str) else columns
        missing = sorted(set(wanted) - set(header))
        if missing:
            raise MappingError(f"the file has no column {', '.join(missing)}")

    def _one(self, line: int, row: dict[str | None, Any], seen: set[str]) -> Request | Unusable:
        key = (row.get(self.key) or "").strip()
        if None in row:
            return Unusable(line, key, "more cells than the header has")
        if not key:
            return Unusable(line, key, f"no {self.key}")
        if key in seen:
            return Unusable(line, key, f"{self.key} occurs twice")
        seen.add(key)
        what, place = self._joined(row, "what"), self._joined(row, "place")
        if not what:
            return Unusable(line, key, "does not say what the matter is")
        if not place:
            return Unusable(line, key, "does not say where")
        return Request(line, key, self._body(key, row, what, place))

    def _body(self, key: str, row: dict[Any, Any], what: str, place: str) -> dict[str, Any]:
        rule = next(rule for pattern, rule in self._kinds if pattern.search(what))
        channel = self._joined(row, "channel")
        body = {
            "kind": rule["kind"],
            "item": rule.get("item"),
            "urgency": rule.get("urgency"),
            "what": what[:_WHAT_MOST],
            "place": place[:_PLACE_MOST],
            "department": self._department(row),
            "channel": self._channels.get(channel, self._channels["default"]),
            "caller_phone": self._phone(key),
        }
        return {name: value for name, value in body.items() if value is not None}

    def _department(self, row: dict[Any, Any]) -> str | None:
        written = self._joined(row, "department")
        return self._departments.get(written, self._departments.get("default", written))[:_DEPARTMENT_MOST] or None

    def _joined(self, row: dict[Any, Any], name: str) -> str:
        columns = self._columns.get(name, [])
        cells = [(row.get(column) or "").strip() for column in ([columns] if isinstance(columns, str) else columns)]
        return ", ".join(cell for cell in dict.fromkeys(cells) if cell not in self._empty)

    def _phone(self, key: str) -> str | None:
        if not self._prefix:
            return None
        digits = int(hashlib.sha256(key.encode()).hexdigest(), 16) % 10**_PHONE_DIGITS
        return f"{self._prefix}{digits:0{_PHONE_DIGITS}d}"
