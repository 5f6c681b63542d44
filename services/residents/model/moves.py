"""What a case that is complete does to its unit (handbook §2): who owns it, who lives there, since when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from services.residents.model.cases import Case
from services.residents.model.plans import Kind
from services.residents.model.ties import Role, Stamp, Tie
from services.residents.model.units import Occupancy, Terms, Unit, change_unit, end_tie, make_tie
from steward.errors import BadInput, IllegalTransition
from steward.facts import Decision, Fact


def hand_over(unit: Unit, tie: Tie, visit_by: datetime | None, terms: Terms, max_ties: int) -> Decision[Unit]:
    """Handed over 交房: liability for defects runs from the first day of the owner's tie; vacant, unless they move in.

    ``visit_by``: they move in that day, and are to be visited by then. A tie of the same owner that a roster brought
    stays as it is. Raises IllegalTransition when it was handed over before.
    """
    require_not_handed_over(unit)
    stated = Occupancy.OCCUPIED if visit_by else Occupancy.VACANT
    changed = change_unit(unit, {"handed_over_on": tie.since, "stated": stated}, tie.since, terms)
    if any(tie.same_bond(other) and other.until is None for other in unit.ties):
        tied = changed
    else:
        tied = _then(changed, make_tie(changed.state, tie, max_ties))
    return _moved_in(tied, tie, visit_by)


def require_not_handed_over(unit: Unit) -> None:
    """Raises IllegalTransition."""
    if unit.handed_over_on is not None:
        raise IllegalTransition.of("handover", "handed over", [])


def transfer(
    unit: Unit, leaving: Iterable[str], tie: Tie, visit_by: datetime | None, stamp: Stamp, today: date, max_ties: int
) -> Decision[Unit]:
    """Change of owner 过户: the ties ``leaving`` end on the day on which the new owner's begins, who then may move in.

    Where that day is yet to come, what is stated of who lives there stays: those who leave still do.
    """
    ended = _end(unit, leaving, tie.since, stamp)
    tied = _then(ended, make_tie(ended.state, tie, max_ties))
    if tie.since <= today:
        stated = Occupancy.OCCUPIED if visit_by else Occupancy.VACANT
        tied = Decision(replace(tied.state, stated=stated), tied.facts)
    return _moved_in(tied, tie, visit_by)


def tenant_in(unit: Unit, tie: Tie, visit_by: datetime | None, max_ties: int) -> Decision[Unit]:
    """A tenant moves in 租入 with the first day of the tie."""
    return _moved_in(make_tie(unit, tie, max_ties), tie, visit_by)


def move_out(unit: Unit, leaving: Iterable[str], person: str, on: date, stamp: Stamp, today: date) -> Decision[Unit]:
    """Somebody moves out 搬出: the ties ``leaving`` end on ``on``; where nobody is left who lives there, it is stated vacant.

    Not before that day: until then ties must tell that somebody does.
    """
    ended = _end(unit, leaving, on, stamp)
    told, left = ({tie.role for tie in ended.state.ties_on(day)} & {Role.TENANT, Role.RESIDENT} for day in (today, on))
    vacant = not left and (on <= today or told)
    state = replace(ended.state, stated=Occupancy.VACANT) if vacant else ended.state
    return Decision(state, (*ended.facts, Fact("moved_out", {"unit": unit.id, "person": person, "on": on})))


@dataclass(frozen=True)
class Opening:
    """What must, and what else may, be said when a case is opened, and which ties it may end."""

    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    ends: frozenset[Role] = frozenset()


OPENINGS: Mapping[Kind, Opening] = {
    Kind.HANDOVER: Opening(may=("share",)),
    Kind.TRANSFER: Opening(("on", "leaving"), ("share",), frozenset({Role.OWNER})),
    Kind.TENANT_IN: Opening(may=("on", "until")),
    Kind.MOVE_OUT: Opening(("on",), ("leaving",), frozenset({Role.TENANT, Role.RESIDENT, Role.AGENT})),
    Kind.PARKING: Opening(("vehicle", "until"), ("on",)),
}
_SAID = ("on", "until", "leaving", "share", "vehicle")


def require_fitting(case: Case, unit: Unit, today: date) -> None:
    """Raises BadInput, naming the member, or IllegalTransition, where ``case`` cannot be opened for ``unit`` as it is."""
    opening = OPENINGS[case.kind]
    for name in _SAID:
        said = bool(getattr(case, name))
        if name in opening.needs and not said:
            raise BadInput.of(name, "is missing for this kind of case")
        if said and name not in (*opening.needs, *opening.may):
            raise BadInput.of(name, "is nothing that this kind of case takes")
    if case.until and case.until <= (case.on or today):
        raise BadInput.of("until", "is not after the first day")
    if case.kind is Kind.HANDOVER:
        require_not_handed_over(unit)
    _require_leaving(case, unit, opening.ends, today)
    _require_untied(case, unit, today)


_TIES = {Kind.TRANSFER: Role.OWNER, Kind.TENANT_IN: Role.TENANT}
"""As what a case ties its person to the unit, who must not be so already."""


def _require_untied(case: Case, unit: Unit, today: date) -> None:
    since, role = case.on or today, _TIES.get(case.kind)
    for tie in unit.ties:
        if (tie.person, tie.role) == (case.person, role) and (tie.until is None or tie.until > since):
            raise BadInput.of("person", f"is {role} of this unit already")


def _require_leaving(case: Case, unit: Unit, ends: frozenset[Role], today: date) -> None:
    ties = {tie.id: tie for tie in unit.ties}
    for place, name in enumerate(case.leaving):
        tie = ties.get(name)
        if tie is None or tie.until is not None or tie.role not in ends:
            raise BadInput.of(f"leaving.{place}", f"is no open tie of {', '.join(sorted(ends))} at this unit")
    tied = any(tie.person == case.person for tie in unit.ties_on(today))
    if case.kind is Kind.MOVE_OUT and not tied:
        raise BadInput.of("person", "is not tied to this unit")


def _moved_in(tied: Decision[Unit], tie: Tie, visit_by: datetime | None) -> Decision[Unit]:
    """People move in with the first day of ``tie``, and are to be visited by ``visit_by``; None: they do not."""
    if visit_by is None:
        return tied
    fact = Fact("moved_in", {"unit": tied.state.id, "person": tie.person, "on": tie.since, "visit_by": visit_by})
    return _then(tied, Decision(replace(tied.state, moved_in_on=tie.since), (fact,)))


def _end(unit: Unit, leaving: Iterable[str], on: date, stamp: Stamp) -> Decision[Unit]:
    decision = Decision(unit)
    for name in leaving:
        decision = _then(decision, end_tie(decision.state, name, on, stamp))
    return decision


def _then(first: Decision[Unit], second: Decision[Unit]) -> Decision[Unit]:
    return Decision(second.state, (*first.facts, *second.facts))
