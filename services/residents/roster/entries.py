"""What the rows of a roster say, row by row, and what is wrong with them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
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


@dataclass(frozen=True, slots=True)
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
    fields = [c.field_of(title, rules.meanings) for title in titles]
    unknown = tuple(title for title, field in zip(titles, fields, strict=True) if title and field is None)
    wrong = _column_problems(table.header.number, titles, fields, () if ignore_unknown else unknown)
    if wrong:
        return Roster(len(table.rows), (), tuple(wrong), usable=False)
    if not {c.UNIT, c.LABEL} & {*fields}:  # 单元 alone is the unit
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
    left_out = tuple(title for title, field in zip(titles, fields, strict=True) if title and not field)
    return Roster(len(table.rows), right, listed, left_out, headers)


def _column_problems(row: int, titles: list[str], fields: list[str | None], unknown: Iterable[str]) -> list[Problem]:
    problems = [Problem(row, title, "unknown_column") for title in unknown]
    counts = Counter(field for field in fields if field)
    for position, field in enumerate(fields):
        if field and field in fields[:position] and counts[field] > 1:
            problems.append(Problem(row, titles[position], "duplicate_column"))
    if not counts.keys() & {c.UNIT, c.ENTRANCE, c.LABEL}:
        problems.append(Problem(row, "", "missing_column"))
    return problems


def _entry(row: Row, fields: list[str | None], headers: Mapping[str, str], rules: Rules) -> tuple[Entry | None, list[Problem]]:
    values: dict[str, Any] = {}
    problems = []
    if any(str(cell or "").strip() for cell in row.cells[len(fields) :]):
        problems.append(Problem(row.number, "", "too_many_cells"))
    for position, (field, cell) in enumerate(zip(fields, row.cells, strict=False)):
        if not field:
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
    if not values.get(c.UNIT) and not values.get(c.LABEL):
        return [(c.UNIT, "missing")]
    if not values.get(c.NAME):
        told = any(values.get(field) for field in (c.PHONE, c.ROLE, c.SINCE, c.ID_NUMBER))
        return [(c.NAME, "missing_name")] if told else []
    return [(c.ROLE, "missing")] if c.ROLE in headers and not values.get(c.ROLE) else []


def _built(number: int, values: Mapping[str, Any], rules: Rules) -> Entry:
    whole = values.get(c.LABEL)
    building, label = (values.get(c.BUILDING) or "", whole) if whole else _place(*(values.get(field) for field in _PLACE_FIELDS))
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


_PLACE_FIELDS = (c.BUILDING, c.ENTRANCE, c.UNIT)


def _place(building: str | None, entrance: str | None, unit: str) -> tuple[str, str]:
    """Building and full label: ``3``, ``2``, ``501`` → ``3-2-501``; a label that is full already stays as it is."""
    if not building and not entrance:
        return (unit.partition("-")[0] if "-" in unit else ""), unit
    prefix = "-".join(part for part in (building, entrance) if part)
    if unit.startswith(f"{prefix}-") or (building and unit.startswith(f"{building}-")):
        return building or "", unit
    return building or "", f"{prefix}-{unit}"


def _contradictions(entries: Collection[Entry], headers: Mapping[str, str]) -> list[Problem]:
    """Rows that cannot all be right. Nobody can tell which one is, so all of them are wrong."""
    named = [entry for entry in entries if entry.name]
    units = _repeated(entries, lambda entry: entry.label)
    people = _repeated(named, lambda entry: entry.who)
    ties = _repeated(named, lambda entry: (entry.label, entry.who, entry.role))
    return [
        *_disagreeing(units, "area_m2", headers.get(c.AREA, ""), "contradicting_unit"),
        *_disagreeing(units, "building", headers.get(c.BUILDING, ""), "contradicting_unit"),
        *_disagreeing(people, "id_number", headers.get(c.ID_NUMBER, ""), "contradicting_person"),
        *_disagreeing(ties, "since", headers.get(c.SINCE, ""), "contradicting_person"),
    ]


def _repeated(entries: Iterable[Entry], key: Callable[[Entry], Any]) -> list[list[Entry]]:
    """Entries that are not alone with their ``key``, in groups."""
    first: dict[Any, Entry] = {}
    groups: dict[Any, list[Entry]] = {}
    for entry in entries:
        name = key(entry)
        if first.setdefault(name, entry) is not entry:
            groups.setdefault(name, [first[name]]).append(entry)
    return list(groups.values())


def _disagreeing(groups: Iterable[list[Entry]], attribute: str, column: str, code: str) -> list[Problem]:
    return [
        Problem(entry.row, column, code)
        for group in groups
        if len({getattr(entry, attribute) for entry in group} - {None}) > 1
        for entry in group
    ]
