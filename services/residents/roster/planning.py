"""What a batch of right rows changes, given what is on file. Pure: decisions only, nothing is written here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from services.residents import model
from services.residents.model import Person, Project, Sealed, Stamp, Tie, Unit, Use
from services.residents.roster import columns as c
from services.residents.roster.entries import Entry, Problem
from services.residents.search import tokens
from steward.errors import BadInput, IllegalTransition
from steward.facts import Decision, Fact

Seal = Callable[[str], Sealed]


@dataclass(frozen=True)
class Maker:
    """What new things are made with: ids, sealing, policy, and the time."""

    project: Project
    policy: Mapping[str, Any]
    now: datetime
    by: str
    new_id: Callable[[], str]
    seal: Seal
    seal_name: Callable[[str], str]
    key_of: Callable[[Entry], str]
    tokens_of: Callable[[Entry], tuple[str, ...]]
    """What a search finds the person of a row by."""

    @property
    def today(self) -> date:
        """The day that it is in the project."""
        return model.today(self.project, self.now)

    @property
    def stamp(self) -> Stamp:
        """Who files what is new, and when."""
        return Stamp(self.now, self.by)


@dataclass
class Changes:
    """The outcome of a batch: the rows that bring something new or nothing, the new problems, and the decisions."""

    written: list[int] = field(default_factory=list)
    unchanged: list[int] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    units: dict[str, Decision[Unit]] = field(default_factory=dict)
    people: dict[str, Decision[Person]] = field(default_factory=dict)
    new_units: list[str] = field(default_factory=list)
    """Labels of the units that were not on file."""
    made_ties: set[str] = field(default_factory=set)

    @property
    def empty(self) -> bool:
        """Whether nothing is to be written."""
        return not self.written


class _WrongRow(Exception):
    def __init__(self, column: str, code: str) -> None:
        super().__init__(code)
        self.column, self.code = column, code


@dataclass
class Files:
    """What is on file about the rows of a batch: units by label, people by key, former ones too. Grows as rows are planned."""

    units: dict[str, Unit]
    people: dict[str, Person]


def plan(entries: Iterable[Entry], files: Files, make: Maker, headers: Mapping[str, str]) -> Changes:
    """Decide about each row; a row that cannot be taken becomes a problem and leaves no trace."""
    changes = Changes()
    for entry in entries:
        try:
            new = _take(entry, files, make, changes)
        except _WrongRow as wrong:
            changes.problems.append(Problem(entry.row, headers.get(wrong.column, ""), wrong.code))
            continue
        (changes.written if new else changes.unchanged).append(entry.row)
    return changes


def _take(entry: Entry, files: Files, make: Maker, changes: Changes) -> bool:
    unit, unit_facts, is_new = _unit(entry, files, make)
    person = _person(entry, files, make) if entry.name else None
    if person is not None:
        tied = _tie(entry, unit, person.state, make)
        unit, unit_facts = tied.state, tied.facts
        changes.made_ties.update(fact.data["tie"] for fact in tied.facts)
    changed_unit = is_new or unit is not files.units.get(entry.label)
    changed_person = person is not None and person.state is not files.people.get(person.state.key)
    if changed_unit:
        before = changes.units.get(entry.label)
        changes.units[entry.label] = Decision(unit, ((*before.facts, *unit_facts) if before else unit_facts))
        files.units[entry.label] = unit
        changes.new_units += [entry.label] if is_new else []
    if person is not None and changed_person:
        earlier = changes.people.get(person.state.key)
        changes.people[person.state.key] = Decision(person.state, (*(earlier.facts if earlier else ()), *person.facts))
        files.people[person.state.key] = person.state
    return changed_unit or changed_person


def _unit(entry: Entry, files: Files, make: Maker) -> tuple[Unit, tuple[Fact, ...], bool]:
    unit = files.units.get(entry.label)
    if unit is None:
        use = Use(make.policy["defaults"]["use"])
        area = entry.area_m2
        return (
            model.register_unit(make.new_id(), make.project, entry.label, entry.building, area, use, make.now),
            (),
            True,
        )
    if unit.taken_back:
        return model.file_again(unit, entry.building, entry.area_m2, make.now), (), True
    if unit.withdrawn_at is not None:
        raise _WrongRow(c.UNIT, "withdrawn")
    if entry.building and entry.building != unit.building:
        raise _WrongRow(c.BUILDING, "differs")
    if entry.area_m2 in (None, unit.area_m2):
        return unit, (), False
    try:
        return model.measure(unit, float(entry.area_m2 or 0)).state, (), False
    except IllegalTransition:
        raise _WrongRow(c.AREA, "differs") from None


def _person(entry: Entry, files: Files, make: Maker) -> Decision[Person]:
    key = make.key_of(entry)
    known = files.people.get(key)
    id_number = make.seal(entry.id_number) if entry.id_number else None
    if known is None:
        person = Person(
            id=make.new_id(),
            project=make.project.id,
            key=key,
            name=make.seal_name(entry.name or ""),
            phones=tuple(make.seal(phone) for phone in entry.phones),
            language=make.policy["defaults"]["language"],
            registered_at=make.now,
            id_number=id_number,
            tokens=make.tokens_of(entry),
            searchable=tokens.VERSION,
        )
        return model.register_person(person, make.policy["people"]["max_phones"])
    if id_number is None or (known.id_number and known.id_number.fingerprint == id_number.fingerprint):
        return Decision(known)
    try:
        return model.add_id_number(known, id_number)
    except IllegalTransition:
        raise _WrongRow(c.ID_NUMBER, "differs") from None


def _tie(entry: Entry, unit: Unit, person: Person, make: Maker) -> Decision[Unit]:
    """The tie that the row tells of, unless it is on file already; a roster never revives one that has ended."""
    ties = [tie for tie in unit.ties if (tie.person, tie.role) == (person.id, entry.role)]
    current = next((tie for tie in ties if tie.until is None), None)
    if any(tie.since == entry.since for tie in ties) or (current and entry.since is None):
        return Decision(unit)
    if current is not None:
        raise _WrongRow(c.SINCE, "differs")
    if ties and entry.since is None:
        raise _WrongRow(c.SINCE, "ended")
    tie = Tie(make.new_id(), person.id, entry.role, entry.since or make.today, made=make.stamp)
    try:
        return model.make_tie(unit, tie, make.policy["people"]["max_ties"])
    except BadInput as error:
        field_name = error.extra["errors"][0]["field"]
        raise _WrongRow(c.SINCE, "overlaps" if field_name == "from" else "too_many_ties") from None
