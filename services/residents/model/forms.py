"""What is recorded of a step, by its form: which members it takes, which it needs, and when it is done (handbook §2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from services.residents.model.plans import Form, Step
from steward.errors import BadInput


class Outcome(StrEnum):
    """How a unit is left: put back as it was, or what is damaged paid for."""

    RESTORED = "restored"
    DAMAGES_PAID = "damages_paid"


@dataclass(frozen=True)
class Defect:
    """A legacy defect 遗留问题 found at the handover, for the developer's contractor to fix: of which ``item``, and ``what`` is wrong."""

    id: str
    item: str
    what: str


@dataclass(frozen=True)
class Given:
    """What somebody says of a step. The signature is sealed; ``matches``: the ID shown is that of the file.

    ``owing_fen`` is what is still unpaid, ``amount_fen`` what was received or paid out, both in fen.
    """

    papers: tuple[str, ...] = ()
    matches: bool | None = None
    signature: str | None = None
    amount_fen: int | None = None
    owing_fen: int | None = None
    receipt: str | None = None
    readings: dict[str, str] = field(default_factory=dict)
    items: dict[str, int] = field(default_factory=dict)
    outcome: Outcome | None = None
    opinion: str | None = None
    accepted: bool | None = None
    defects: tuple[Defect, ...] = ()
    number: str | None = None
    note: str | None = None

    def said(self) -> set[str]:
        """The names of the members that were given."""
        return {name for name, value in vars(self).items() if value not in (None, (), {})}


@dataclass(frozen=True)
class Takes:
    """What a form needs, and what else it takes; a note goes with each."""

    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()


FORMS: Mapping[Form, Takes] = {
    Form.TICK: Takes(),
    Form.PAPERS: Takes(("papers",)),
    Form.AGREEMENTS: Takes(("papers", "signature")),
    Form.IDENTITY: Takes(("matches",)),
    Form.SIGNATURE: Takes(("signature",)),
    Form.MONEY: Takes(("amount_fen", "receipt")),
    Form.SETTLEMENT: Takes(("owing_fen",)),
    Form.READINGS: Takes(("readings", "signature")),
    Form.INSPECTION: Takes(("opinion", "accepted"), ("defects",)),
    Form.ITEMS: Takes(("items", "signature")),
    Form.RESTORING: Takes(("outcome",), ("amount_fen", "receipt")),
    Form.NUMBER: Takes(("number",)),
}
AGAIN = frozenset({Form.SETTLEMENT})
"""Steps that may be taken again when done: what is owed changes."""
_FIELDS = {"matches": "id_number"}
"""Members by other names than what is given over the API."""


def require(step: Step, given: Given) -> None:
    """Raises BadInput, naming the member, unless ``given`` is what the form of ``step`` takes."""
    takes, said = FORMS[step.form], given.said()
    for name in takes.needs:
        if name not in said:
            raise BadInput.of(_FIELDS.get(name, name), "is missing for this step")
    for name in sorted(said - {*takes.needs, *takes.may, "note"}):
        raise BadInput.of(_FIELDS.get(name, name), "is nothing that this step takes")
    _STRICTER.get(step.form, _nothing_more)(step, given)


def dealt(step: Step, records: Iterable[Given]) -> set[str]:
    """What of the wants of ``step`` was seen, signed, read or handed over."""
    return {want for given in records for want in (*given.papers, *given.readings, *given.items)}


def is_done(step: Step, records: Sequence[Given]) -> bool:
    """Whether what was recorded of ``step``, the latest last, is all that it takes."""
    return bool(records) and _DONE.get(step.form, _anything)(step, records)


def _anything(step: Step, records: Sequence[Given]) -> bool:
    return True


def _all_wants(step: Step, records: Sequence[Given]) -> bool:
    return {want.id for want in step.wants} <= dealt(step, records)


_DONE: Mapping[Form, Callable[[Step, Sequence[Given]], bool]] = {
    Form.PAPERS: _all_wants,
    Form.AGREEMENTS: _all_wants,
    Form.SETTLEMENT: lambda step, records: records[-1].owing_fen == 0,
    Form.INSPECTION: lambda step, records: records[-1].accepted is True,
}


def _nothing_more(step: Step, given: Given) -> None:
    pass


def _same_person(step: Step, given: Given) -> None:
    if not given.matches:
        raise BadInput.of("id_number", "is not that of the person's file")


def _known_papers(step: Step, given: Given) -> None:
    known = {want.id for want in step.wants}
    for place, paper in enumerate(given.papers):
        if paper not in known:
            raise BadInput.of(f"papers.{place}", f"is none of {', '.join(sorted(known))}")


def _each(member: str) -> Callable[[Step, Given], None]:
    def check(step: Step, given: Given) -> None:
        said, known = getattr(given, member), [want.id for want in step.wants]
        for name in sorted(set(said) - set(known)):
            raise BadInput.of(f"{member}.{name}", f"is none of {', '.join(known)}")
        for name in known:
            if name not in said:
                raise BadInput.of(f"{member}.{name}", "is missing")

    return check


def _as_asked(step: Step, given: Given) -> None:
    if step.amount_fen is not None and given.amount_fen != step.amount_fen:
        raise BadInput.of("amount_fen", f"is not the {step.amount_fen} that the step asks for")


def _damages_with_receipt(step: Step, given: Given) -> None:
    wanted = given.outcome is Outcome.DAMAGES_PAID
    for name in ("amount_fen", "receipt"):
        if (getattr(given, name) is not None) != wanted:
            raise BadInput.of(name, "is missing for damages" if wanted else "is for damages alone")


_STRICTER: Mapping[Form, Callable[[Step, Given], None]] = {
    Form.IDENTITY: _same_person,
    Form.PAPERS: _known_papers,
    Form.AGREEMENTS: _known_papers,
    Form.MONEY: _as_asked,
    Form.READINGS: _each("readings"),
    Form.ITEMS: _each("items"),
    Form.RESTORING: _damages_with_receipt,
}
