"""A case: what is gone through step by step when a unit changes hands or people (handbook §2), as rules of one engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import partial
from typing import Any

from services.residents.model import forms
from services.residents.model.forms import Defect, Given
from services.residents.model.plans import RECEIVED, Ask, Comes, Kind, Step
from services.residents.model.ties import Stamp
from steward.errors import BadInput, IllegalTransition, NotFound
from steward.facts import Decision, Fact


class State(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    COMPLETE = "complete"
    CANCELLED = "cancelled"


class CancelReason(StrEnum):
    """Why a case is given up."""

    WITHDRAWN = "withdrawn"
    MISTAKE = "mistake"
    OTHER = "other"


class Stands(StrEnum):
    """Where a step stands: it waits for others, it can be taken, it is done."""

    WAITS = "waits"
    READY = "ready"
    DONE = "done"


@dataclass(frozen=True)
class Record:
    """What was recorded of a step, by whom and when. Nothing of it is ever deleted; what was wrong is ``struck``, for a reason."""

    step: str
    made: Stamp
    given: Given
    struck: Stamp | None = None
    because: str | None = None


@dataclass(frozen=True)
class Case:
    """A handover 交房, change of owner 过户, tenant moving in 租入, move-out 退租/搬出 or parking lease 车位租赁 of one unit.

    ``person`` is who comes into the unit, or leaves it; ``on`` the day from which that holds (None: the day of
    completion). ``leaving`` are the ties that end then. ``plan`` are the steps as policy had them when it was opened:
    other rows change only cases that are opened later. ``asked`` are the steps for which another service was asked.
    """

    id: str
    project: str
    kind: Kind
    unit: str
    person: str
    plan: tuple[Step, ...]
    opened: Stamp
    comes: Comes = Comes.SELF
    agent: str | None = None
    on: date | None = None
    leaving: tuple[str, ...] = ()
    share: str | None = None
    moving_in: bool = True
    vehicle: str | None = None
    until: date | None = None
    state: State = State.OPEN
    records: tuple[Record, ...] = ()
    asked: tuple[str, ...] = ()
    ended: Stamp | None = None
    reason: CancelReason | None = None
    version: int = 0

    @property
    def comer(self) -> str:
        """Who stands at the desk and shows an ID: the agent, where one comes."""
        return self.agent or self.person

    def given(self, step: str) -> list[Given]:
        """What was recorded of ``step`` and holds, the latest last."""
        return [record.given for record in self.records if record.step == step and record.struck is None]

    def stands(self, step: Step) -> Stands:
        """Where ``step`` stands."""
        if forms.is_done(step, self.given(step.id)):
            return Stands.DONE
        done = {other.id for other in self.plan if forms.is_done(other, self.given(other.id))}
        return Stands.READY if set(step.after) <= done else Stands.WAITS

    @property
    def number(self) -> str:
        """The number of the pass or permit that was given, the latest; empty: none was."""
        said = [given.number for step in self.plan for given in self.given(step.id) if given.number]
        return said[-1] if said else ""

    @property
    def owing_fen(self) -> int | None:
        """What was last said to be unpaid, in fen; None: nothing was said."""
        said = [given.owing_fen for step in self.plan for given in self.given(step.id) if given.owing_fen is not None]
        return said[-1] if said else None


def open_case(case: Case) -> Decision[Case]:
    """Open ``case``. Raises BadInput (agent, kind)."""
    if (case.comes is Comes.AGENT) != (case.agent is not None):
        raise BadInput.of("agent", "is missing" if case.agent is None else "is named, and somebody else comes")
    if case.agent == case.person:
        raise BadInput.of("agent", "is the person in whose place somebody is to come")
    if not case.plan:
        raise BadInput.of("kind", "has no steps here, for a unit of this use and who comes")
    asking, asks = _asking(case)
    return Decision(asking, (_fact("case_opened", asking), *asks))


def take(case: Case, step_id: str, given: Given, stamp: Stamp) -> Decision[Case]:
    """Record what was done of a step. Who may take it is for the caller to ask.

    Raises NotFound for no step of the case, IllegalTransition when it waits for others (``waits_for``; ``owing_fen``
    where fees are unpaid) or is done, BadInput.
    """
    step = step_of(case, step_id)
    _require_open(case, "take")
    stands = case.stands(step)
    if stands is Stands.WAITS or (stands is Stands.DONE and step.form not in forms.AGAIN):
        raise _not_now(case, step, stands)
    forms.require(step, given)
    taken, asks = _asking(replace(case, records=(*case.records, Record(step.id, stamp, given))))
    told = _fact("case_step_taken", taken, step=step.id, form=step.form, done=taken.stands(step) is Stands.DONE)
    defects = (_defect_fact(taken, defect) for defect in given.defects)
    return Decision(taken, (told, *defects, *asks))


def strike(case: Case, step_id: str, because: str, stamp: Stamp) -> Decision[Case]:
    """What was recorded of a step was wrong: it is to be taken anew. Steps after it stay as they are.

    Raises NotFound for no step of the case, IllegalTransition where nothing of it holds.
    """
    step = step_of(case, step_id)
    _require_open(case, "strike")
    if not case.given(step.id):
        raise IllegalTransition.of("strike", case.stands(step).value, legal(case))
    struck = tuple(
        replace(record, struck=stamp, because=because) if record.step == step.id and record.struck is None else record
        for record in case.records
    )
    after = replace(case, records=struck)
    return Decision(after, (_fact("case_step_struck", after, step=step.id, form=step.form),))


def complete(case: Case, today: date, stamp: Stamp) -> Decision[Case]:
    """Nothing is missing: the case takes effect. Raises IllegalTransition, with what is ``missing``, else."""
    _require_open(case, "complete")
    if lacking := missing(case):
        said = ", ".join(row["step"] for row in lacking)
        raise IllegalTransition(f"not complete: {said}", state=case.state.value, legal=legal(case), missing=lacking)
    done = replace(case, state=State.COMPLETE, on=case.on or today, ended=stamp)
    return Decision(done, (_fact("case_completed", done),))


def cancel(case: Case, reason: CancelReason, stamp: Stamp) -> Decision[Case]:
    """Give the case up; nothing of the unit changes, and what was received is to be paid back. Raises IllegalTransition."""
    _require_open(case, "cancel")
    gone = replace(case, state=State.CANCELLED, reason=reason, ended=stamp)
    return Decision(gone, (_fact("case_cancelled", gone, reason_code=reason), *_paid_back(gone)))


def missing(case: Case) -> list[dict[str, Any]]:
    """Each step that must be done and is not, with what of it is lacking."""
    lacking = [step for step in case.plan if not step.optional and case.stands(step) is not Stands.DONE]
    return [{"step": step.id, "wants": _lacking(case, step), "roles": list(step.roles)} for step in lacking]


def legal(case: Case) -> list[str]:
    """The steps that can be taken now."""
    return [step.id for step in case.plan if case.state is State.OPEN and case.stands(step) is Stands.READY]


def step_of(case: Case, step_id: str) -> Step:
    """Raises NotFound."""
    step = next((step for step in case.plan if step.id == step_id), None)
    if step is None:
        raise NotFound(f"no step {step_id!r} in this case")
    return step


def defect_of(case: Case, defect_id: str) -> Defect:
    """Raises NotFound."""
    found = (defect for record in case.records for defect in record.given.defects if defect.id == defect_id)
    defect = next(found, None)
    if defect is None:
        raise NotFound(f"no defect {defect_id!r} in this case")
    return defect


def _lacking(case: Case, step: Step) -> list[str]:
    done = forms.dealt(step, case.given(step.id))
    return [want.id for want in step.wants if want.id not in done]


def _not_now(case: Case, step: Step, stands: Stands) -> IllegalTransition:
    waits_for = [name for name in step.after if case.stands(step_of(case, name)) is not Stands.DONE]
    extra: Mapping[str, Any] = {"owing_fen": case.owing_fen} if case.owing_fen else {}
    said = f"waits for {', '.join(waits_for)}" if waits_for else "is done"
    why = "; fees are unpaid" if extra else ""
    return IllegalTransition(f"{step.id!r} {said}{why}", state=stands.value, legal=legal(case), waits_for=waits_for, **extra)


def _require_open(case: Case, command: str) -> None:
    if case.state is not State.OPEN:
        raise IllegalTransition.of(command, case.state.value, [])


def _asking(case: Case) -> tuple[Case, tuple[Fact, ...]]:
    """What other services are asked for by the steps that can be taken now; once each, also when one before is struck and taken anew."""
    due = [step for step in map(partial(step_of, case), legal(case)) if step.asks and step.id not in case.asked]
    return replace(case, asked=(*case.asked, *(step.id for step in due))), tuple(_ask_fact(case, step) for step in due)


def _paid_back(case: Case) -> Iterator[Fact]:
    for step in case.plan:
        received = sum(given.amount_fen or 0 for given in case.given(step.id))
        if step.asks in RECEIVED and received:
            yield _ask_fact(case, replace(step, asks=Ask.REFUND, months=None, amount_fen=received))


def _ask_fact(case: Case, step: Step) -> Fact:
    data = {"case": case.id, "kind": case.kind, "unit": case.unit, "person": case.person, "step": step.id, "item": step.id}
    return Fact(f"{step.asks}_requested", {**data, "months": step.months, "amount_fen": step.amount_fen, "on": case.on})


def _fact(name: str, case: Case, **own: Any) -> Fact:
    return Fact(name, {"case": case.id, "kind": case.kind, "unit": case.unit, "person": case.person, "on": case.on, **own})


def _defect_fact(case: Case, defect: Defect) -> Fact:
    return Fact("defect_found", {"case": case.id, "unit": case.unit, "defect": defect.id, "item": defect.item})
