"""What a case consists of: rows of policy (handbook §2), read into the steps that a case is opened with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from services.residents.model.units import Use


class BadPlan(ValueError):
    """A row of ``[cases]`` cannot be followed; the message says where and why."""


class Kind(StrEnum):
    """What is gone through with a unit step by step 办事流程 (handbook §2)."""

    HANDOVER = "handover"
    TRANSFER = "transfer"
    TENANT_IN = "tenant_in"
    MOVE_OUT = "move_out"
    PARKING = "parking"


class Comes(StrEnum):
    """Who comes to the desk: the person of the case, or an agent with a notarised authorisation and an ID of their own."""

    SELF = "self"
    AGENT = "agent"


class Form(StrEnum):
    """What is recorded of a step, and when it counts as done; see ``forms.py``."""

    TICK = "tick"
    PAPERS = "papers"
    AGREEMENTS = "agreements"
    IDENTITY = "identity"
    SIGNATURE = "signature"
    MONEY = "money"
    SETTLEMENT = "settlement"
    READINGS = "readings"
    INSPECTION = "inspection"
    ITEMS = "items"
    RESTORING = "restoring"
    NUMBER = "number"


class Ask(StrEnum):
    """What another service is asked for once a step can be taken; the value begins the event's name."""

    PREPAYMENT = "prepayment"
    SETTLEMENT = "settlement"
    REFUND = "refund"
    CHARGE = "charge"


RECEIVED = frozenset({Ask.PREPAYMENT, Ask.CHARGE})
"""What brings money in, which goes back when nothing comes of the case."""
LISTS = frozenset({Form.PAPERS, Form.AGREEMENTS, Form.READINGS, Form.ITEMS})
"""Forms of steps that say what they want, one by one."""
_WANT_KEYS = frozenset({"title", "uses", "comes", "enabled"})
_STEP_KEYS = _WANT_KEYS | {"form", "roles", "after", "optional", "asks", "months", "amount_fen", "handbook"}
_CASE_KEYS = frozenset({"title", "handbook", "steps", "wants", "ahead_working_days"})


@dataclass(frozen=True)
class Want:
    """One paper, agreement, meter or thing that a step is about."""

    id: str
    title: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """A step of a case: who may take it (``roles``), and after which others.

    ``asks`` another service, for ``amount_fen`` (in fen) or for ``months`` of fees.
    """

    id: str
    form: Form
    roles: tuple[str, ...]
    after: tuple[str, ...] = ()
    optional: bool = False
    wants: tuple[Want, ...] = ()
    asks: Ask | None = None
    months: int | None = None
    amount_fen: int | None = None
    title: dict[str, str] = field(default_factory=dict)


def plan(policy: Mapping[str, Any], kind: Kind, use: Use, comes: Comes) -> tuple[Step, ...]:
    """The steps of a case of ``kind`` in a unit of ``use``, in the order of the rows. Raises BadPlan."""
    case = policy["cases"].get(kind.value, {})
    rows = ((name, row) for name, row in case.get("steps", {}).items() if _fits(row, use, comes))
    all_wants = case.get("wants", {})
    steps = [_step(f"cases.{kind}.steps.{name}", name, row, _wants(all_wants.get(name, {}), use, comes)) for name, row in rows]
    there = {step.id for step in steps if step.wants or step.form not in LISTS}
    return tuple(replace(step, after=tuple(name for name in step.after if name in there)) for step in steps if step.id in there)


def check(policy: Mapping[str, Any]) -> None:
    """Raises BadPlan for the first row that cannot be followed, by whatever unit and whoever comes."""
    for name, case in policy["cases"].items():
        if name not in list(Kind):
            raise BadPlan(f"cases.{name}: is none of {', '.join(Kind)}")
        _only(f"cases.{name}", case, _CASE_KEYS)
        _check_rows(name, case)
        for use in Use:
            for comes in Comes:
                _check_ends(name, plan(policy, Kind(name), use, comes))


def _wants(rows: Mapping[str, Any], use: Use, comes: Comes) -> tuple[Want, ...]:
    return tuple(Want(name, dict(row.get("title", {}))) for name, row in rows.items() if _fits(row, use, comes))


def _step(where: str, name: str, row: Mapping[str, Any], wants: tuple[Want, ...]) -> Step:
    try:
        return Step(
            id=name,
            form=Form(row["form"]),
            roles=tuple(row["roles"]),
            after=tuple(row.get("after", ())),
            optional=row.get("optional", False),
            wants=wants,
            asks=Ask(row["asks"]) if "asks" in row else None,
            months=row.get("months"),
            amount_fen=row.get("amount_fen"),
            title=dict(row.get("title", {})),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise BadPlan(f"{where}: {error}") from error


def _fits(row: Mapping[str, Any], use: Use, comes: Comes) -> bool:
    return row.get("enabled", True) and use in row.get("uses", list(Use)) and comes in row.get("comes", list(Comes))


def _check_rows(name: str, case: Mapping[str, Any]) -> None:
    steps = case.get("steps", {})
    for step, row in steps.items():
        where = f"cases.{name}.steps.{step}"
        _only(where, row, _STEP_KEYS)
        if not row.get("roles"):
            raise BadPlan(f"{where}.roles: names nobody")
        if unknown := sorted(set(row.get("after", ())) - set(steps)):
            raise BadPlan(f"{where}.after: there is no step {unknown[0]!r}")
        _known_choices(where, row)
    for step, wants in case.get("wants", {}).items():
        if step not in steps:
            raise BadPlan(f"cases.{name}.wants.{step}: there is no such step")
        for want, said in wants.items():
            _only(f"cases.{name}.wants.{step}.{want}", said, _WANT_KEYS)
            _known_choices(f"cases.{name}.wants.{step}.{want}", said)


def _known_choices(where: str, row: Mapping[str, Any]) -> None:
    for key, choices in (("uses", Use), ("comes", Comes)):
        for said in row.get(key, ()):
            if said not in list(choices):
                raise BadPlan(f"{where}.{key}: {said!r} is none of {', '.join(choices)}")


def _only(where: str, row: Any, keys: frozenset[str]) -> None:
    if not isinstance(row, Mapping):
        raise BadPlan(f"{where}: is not a table")
    if unknown := sorted(set(row) - keys):
        raise BadPlan(f"{where}.{unknown[0]}: unknown; there is {', '.join(sorted(keys))}")


def _check_ends(name: str, steps: tuple[Step, ...]) -> None:
    """Raises BadPlan where steps wait for each other, so that a case could never be complete."""
    left = {step.id: set(step.after) for step in steps}
    while free := [step for step, after in left.items() if not after & left.keys()]:
        for step in free:
            del left[step]
    if left:
        raise BadPlan(f"cases.{name}.steps: {', '.join(sorted(left))} wait for each other")
