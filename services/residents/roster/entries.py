"""What the rows of a roster say, row by row, and what is wrong with them. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.residents.model import Role
from services.residents.roster import columns as c
from services.residents.roster.columns import Rules, WrongCell
from services.residents.roster.tables import Row, Table


@dataclass(frozen=True)
class Problem:
    """What is wrong in one cell, or (``column`` empty) with the row. The message is looked up by ``code``."""

    row: int
    column: str
    code: str


@dataclass(frozen=True)
class Entry:
    """A row in which nothing is wrong. Without a name it tells of the unit only."""

    row: int
    label: str
    building: str
    area_m2: float | None
    name: str | None
    phones: tuple[str, ...]
    role: Role
    since: date | None
    id_number: str | None

    @property
    def who(self) -> tuple[str, str, str]:
        """The person's natural key: first phone and name; without a phone, unit and name."""
        return (self.phones[0], self.name or "", "") if self.phones else ("", self.name or "", self.label)


@dataclass(frozen=True)
class Roster:
    """A roster read: its right rows, its problems, how many rows there were, which columns were left out.

    ``headers`` says what the file calls each field. ``usable`` is False when its columns are wrong: then no row counts.
    """

    rows: int
    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]
    ignored: tuple[str, ...] = ()
    headers: Mapping[str, str] | None = None
    usable: bool = True


def interpret(table: Table, rules: Rules, ignore_unknown: bool) -> Roster:
    """What ``table`` says. Every wrong cell becomes a problem; its row becomes none of the entries."""
    titles = [str(cell if cell is not None else "").strip() for cell in table.header.cells]
    fields = [c.field_of(title) for title in titles]
    unknown = tuple(title for title, field in zip(titles, fields, strict=True) if title and field is None)
    wrong = _column_problems(table.header.number, titles, fields, () if ignore_unknown else unknown)
    if wrong:
        return Roster(len(table.rows), (), tuple(wrong), usable=False)
    if c.UNIT not in fields:  # 单元 alone is the unit
        fields = [c.UNIT if field == c.ENTRANCE else field for field in fields]
    headers = {field: title for title, field in zip(titles, fields, strict=True) if field}
    entries, problems = [], []
    for row in table.rows:
        entry, found = _entry(row, fields, headers, rules)
        problems += found
        entries += [entry] if entry else []
    bad = _contradictions(entries, headers)
    wrong_rows = {problem.row for problem in bad}
    right = tuple(entry for entry in entries if entry.row not in wrong_rows)
    listed = tuple(sorted((*problems, *bad), key=lambda problem: problem.row))
    return Roster(len(table.rows), right, listed, unknown if ignore_unknown else (), headers)


def _column_problems(row: int, titles: list[str], fields: list[str | None], unknown: Iterable[str]) -> list[Problem]:
    problems = [Problem(row, title, "unknown_column") for title in unknown]
    counts = Counter(field for field in fields if field)
    for position, field in enumerate(fields):
        if field and field in fields[:position] and counts[field] > 1:
            problems.append(Problem(row, titles[position], "duplicate_column"))
    if c.UNIT not in counts and c.ENTRANCE not in counts:
        problems.append(Problem(row, "", "missing_column"))
    return problems


def _entry(row: Row, fields: list[str | None], headers: Mapping[str, str], rules: Rules) -> tuple[Entry | None, list[Problem]]:
    values: dict[str, Any] = {}
    problems = []
    if any(str(cell or "").strip() for cell in row.cells[len(fields) :]):
        problems.append(Problem(row.number, "", "too_many_cells"))
    for position, (field, cell) in enumerate(zip(fields, row.cells, strict=False)):
        if field is None:
            continue
        try:
            if position in row.formulas:
                raise WrongCell("formula")
            values[field] = c.value_of(field, cell, rules)
        except WrongCell as wrong:
            problems.append(Problem(row.number, headers[field], str(wrong)))
    if not problems:
        problems = [Problem(row.number, headers.get(field, ""), code) for field, code in _gaps(values, headers)]
    return (None if problems else _built(row.number, values, rules)), problems


def _gaps(values: Mapping[str, Any], headers: Mapping[str, str]) -> list[tuple[str, str]]:
    if not values.get(c.UNIT):
        return [(c.UNIT, "missing")]
    if not values.get(c.NAME):
        told = any(values.get(field) for field in (c.PHONE, c.ROLE, c.SINCE, c.ID_NUMBER))
        return [(c.NAME, "missing_name")] if told else []
    return [(c.ROLE, "missing")] if c.ROLE in headers and not values.get(c.ROLE) else []


def _built(number: int, values: Mapping[str, Any], rules: Rules) -> Entry:
    building, label = _place(values.get(c.BUILDING), values.get(c.ENTRANCE), values[c.UNIT])
    return Entry(
        row=number,
        label=label,
        building=building,
        area_m2=values.get(c.AREA),
        name=values.get(c.NAME),
        phones=values.get(c.PHONE) or (),
        role=values.get(c.ROLE) or Role(rules.policy["defaults"]["role"]),
        since=values.get(c.SINCE),
        id_number=values.get(c.ID_NUMBER),
    )


def _place(building: str | None, entrance: str | None, unit: str) -> tuple[str, str]:
    """Building and full label: ``3``, ``2``, ``501`` → ``3-2-501``; a label that is full already stays as it is."""
    if not building and not entrance:
        return (unit.partition("-")[0] if "-" in unit else ""), unit
    prefix = "-".join(part for part in (building, entrance) if part)
    if unit.startswith(f"{prefix}-") or (building and unit.startswith(f"{building}-")):
        return building or "", unit
    return building or "", f"{prefix}-{unit}"


def _contradictions(entries: Iterable[Entry], headers: Mapping[str, str]) -> list[Problem]:
    """Rows that cannot all be right. Nobody can tell which one is, so all of them are wrong."""
    units, people, ties = defaultdict(list), defaultdict(list), defaultdict(list)
    for entry in entries:
        units[entry.label].append(entry)
        if entry.name:
            people[entry.who].append(entry)
            ties[entry.label, entry.who, entry.role].append(entry)
    return [
        *_disagreeing(units.values(), "area_m2", headers.get(c.AREA, ""), "contradicting_unit"),
        *_disagreeing(units.values(), "building", headers.get(c.BUILDING, ""), "contradicting_unit"),
        *_disagreeing(people.values(), "id_number", headers.get(c.ID_NUMBER, ""), "contradicting_person"),
        *_disagreeing(ties.values(), "since", headers.get(c.SINCE, ""), "contradicting_person"),
    ]


def _disagreeing(groups: Iterable[list[Entry]], attribute: str, column: str, code: str) -> list[Problem]:
    return [
        Problem(entry.row, column, code)
        for group in groups
        if len({getattr(entry, attribute) for entry in group} - {None}) > 1
        for entry in group
    ]
