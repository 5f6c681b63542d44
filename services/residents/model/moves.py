"""What a case that is complete does to its unit (handbook §2): who owns it, who lives there, since when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from services.residents.model.cases import Case
from services.residents.model.plans import Kind
from services.residents.model.ties import Role, Stamp, Tie
from services.residents.model.units import Occupancy, Terms, Unit, change_unit, end_tie, make_tie
from steward.errors import BadInput, IllegalTransition
from steward.facts import Decision, Fact


def hand_over(unit: Unit, tie: Tie, on: date, moving_in: bool, terms: Terms, max_ties: int) -> Decision[Unit]:
    """Handed over 交房 on ``on``: liability for defects and the owner's tie run from that day; vacant, unless they move in.

    A tie of the same owner that a roster brought stays as it is. Raises IllegalTransition when it was handed over before.
    """
    require_not_handed_over(unit)
    stated = Occupancy.OCCUPIED if moving_in else Occupancy.VACANT
    changed = change_unit(unit, {"handed_over_on": on, "stated": stated}, on, terms)
    if any(tie.same_bond(other) and other.until is None for other in unit.ties):
        tied = changed
    else:
        tied = _then(changed, make_tie(changed.state, tie, max_ties))
    return _then(tied, move_in(tied.state, tie.person, on)) if moving_in else tied


def require_not_handed_over(unit: Unit) -> None:
    """Raises IllegalTransition."""
    if unit.handed_over_on is not None:
        raise IllegalTransition.of("handover", "handed over", [])


def transfer(unit: Unit, leaving: Iterable[str], tie: Tie, stamp: Stamp, max_ties: int) -> Decision[Unit]:
    """Change of owner 过户: the ties ``leaving`` end on the day on which the new owner's begins."""
    ended = _end(unit, leaving, tie.since, stamp)
    return _then(ended, make_tie(ended.state, tie, max_ties))


def tenant_in(unit: Unit, tie: Tie, max_ties: int) -> Decision[Unit]:
    """A tenant moves in 租入 with the first day of the tie."""
    tied = make_tie(unit, tie, max_ties)
    return _then(tied, move_in(tied.state, tie.person, tie.since))


def move_out(unit: Unit, leaving: Iterable[str], person: str, on: date, stamp: Stamp) -> Decision[Unit]:
    """Somebody moves out 搬出: the ties ``leaving`` end on ``on``; where nobody is left who lives there, it is stated vacant."""
    ended = _end(unit, leaving, on, stamp)
    left = {tie.role for tie in ended.state.ties_on(on)} & {Role.TENANT, Role.RESIDENT}
    state = ended.state if left else replace(ended.state, stated=Occupancy.VACANT)
    return Decision(state, (*ended.facts, Fact("moved_out", {"unit": unit.id, "person": person, "on": on})))


def move_in(unit: Unit, person: str, on: date) -> Decision[Unit]:
    """People move in on ``on``, and are to be visited soon (handbook §2: within 3 days)."""
    return Decision(replace(unit, moved_in_on=on), (Fact("moved_in", {"unit": unit.id, "person": person, "on": on}),))


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


def _require_leaving(case: Case, unit: Unit, ends: frozenset[Role], today: date) -> None:
    ties = {tie.id: tie for tie in unit.ties}
    for place, name in enumerate(case.leaving):
        tie = ties.get(name)
        if tie is None or tie.until is not None or tie.role not in ends:
            raise BadInput.of(f"leaving.{place}", f"is no open tie of {', '.join(sorted(ends))} at this unit")
    tied = any(tie.person == case.person for tie in unit.ties_on(today))
    if case.kind is Kind.MOVE_OUT and not tied:
        raise BadInput.of("person", "is not tied to this unit")


def _end(unit: Unit, leaving: Iterable[str], on: date, stamp: Stamp) -> Decision[Unit]:
    decision = Decision(unit)
    for name in leaving:
        decision = _then(decision, end_tie(decision.state, name, on, stamp))
    return decision


def _then(first: Decision[Unit], second: Decision[Unit]) -> Decision[Unit]:
    return Decision(second.state, (*first.facts, *second.facts))
