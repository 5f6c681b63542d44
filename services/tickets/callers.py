"""Callers' names and phones: sealed in the store, masked in views (handbook §1, Privacy)."""

from __future__ import annotations

from dataclasses import replace

from services.tickets.model import Caller, Check, Intake, Ticket
from steward.copies import Known
from steward.facts import Decision
from steward.trust.sealing import Sealer, mask_phone


def sealed(intake: Intake, sealer: Sealer) -> Caller:
    """The caller of ``intake`` as the store keeps it."""
    return Caller(
        name=sealer.seal(intake.caller_name) if intake.caller_name else None,
        phone=sealer.seal(intake.caller_phone) if intake.caller_phone else None,
    )


def opened(caller: Caller, sealer: Sealer) -> Caller:
    """The caller in plain words. Raises ValueError when sealed with another key."""
    return Caller(
        name=sealer.open(caller.name) if caller.name else None,
        phone=sealer.open(caller.phone) if caller.phone else None,
    )


def masked(ticket: Ticket, sealer: Sealer) -> Ticket:
    """``ticket`` with its caller as views show it."""
    plain = opened(ticket.caller, sealer)
    caller = Caller(
        name=mask_name(plain.name) if plain.name else None,
        phone=mask_phone(plain.phone) if plain.phone else None,
    )
    return replace(ticket, caller=caller)


def sealed_check(check: Check, sealer: Sealer) -> Check:
    """``check`` with its signature sealed: it is the resident's name."""
    return replace(check, signature=sealer.seal(check.signature) if check.signature else None)


def mask_name(name: str) -> str:
    """``张三丰`` as ``张**``."""
    return name[:1] + "*" * (len(name) - 1)


def tells_of(ticket: Ticket, known: Known, sealer: Sealer) -> bool:
    """Whether ``ticket`` holds something personal of whom ``known`` means."""
    return _called(ticket, known, sealer) or any(_signed(check, known, sealer) for check in ticket.checks)


def forgotten(ticket: Ticket, known: Known, sealer: Sealer) -> Decision[Ticket]:
    """``ticket`` without caller and signatures, where they are of whom ``known`` means. Nothing that happened is otherwise."""
    caller = Caller() if _called(ticket, known, sealer) else ticket.caller
    checks = tuple(replace(check, signature=None) if _signed(check, known, sealer) else check for check in ticket.checks)
    return Decision(replace(ticket, caller=caller, checks=checks))


def told(ticket: Ticket, sealer: Sealer) -> dict[str, object]:
    """``ticket`` as its caller may know it."""
    plain = opened(ticket.caller, sealer)
    matter = {"编号": ticket.number, "种类": ticket.kind, "内容": ticket.what, "时间": ticket.raised_at, "房号": ticket.unit_label}
    return {**matter, "姓名": plain.name, "电话": plain.phone, "状态": ticket.state}


def _called(ticket: Ticket, known: Known, sealer: Sealer) -> bool:
    plain = opened(ticket.caller, sealer)
    return known.has(plain.name, plain.phone)


def _signed(check: Check, known: Known, sealer: Sealer) -> bool:
    return check.signature is not None and known.has(sealer.open(check.signature), None)
