"""A person's tie to a unit (handbook §1: each tie with dates), and what co-owners own of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction

from dateutil.relativedelta import relativedelta

from steward.errors import BadInput


class Role(StrEnum):
    """How a person is tied to a unit (handbook §1)."""

    OWNER = "owner"
    RESIDENT = "resident"
    TENANT = "tenant"
    AGENT = "agent"


@dataclass(frozen=True)
class Stamp:
    """Who did something, and when."""

    at: datetime
    by: str


@dataclass(frozen=True)
class Tie:
    """A person's tie to a unit, from the day ``since`` up to, not including, the day ``until`` (None: open).

    ``share`` is what an owner owns of the unit (按份共有), as a fraction ``1/3``; None: not said.
    ``made`` and ``ended`` tell who filed that; None where it was filed before this was kept.
    """

    id: str
    person: str
    role: Role
    since: date
    until: date | None = None
    share: str | None = None
    made: Stamp | None = None
    ended: Stamp | None = None

    def holds_on(self, day: date) -> bool:
        """Whether the tie is in force on ``day``."""
        return self.since <= day and (self.until is None or day < self.until)

    def overlaps(self, other: Tie) -> bool:
        """Whether both are in force on some day."""
        return (self.until is None or other.since < self.until) and (other.until is None or self.since < other.until)

    def same_bond(self, other: Tie) -> bool:
        """Whether both tie the same person in the same role."""
        return (self.person, self.role) == (other.person, other.role)

    @property
    def part(self) -> Fraction:
        """The share as a number; 0 where none is said."""
        return Fraction(self.share) if self.share else Fraction(0)


def keep_until(ties: Iterable[Tie], today: date, years: int) -> date | None:
    """Until when a former owner's file is kept (handbook §1): ``years`` after the last of their ``ties``.

    None for who was never an owner, or is tied to a unit still, or is going to be.
    """
    known = list(ties)
    ends = [tie.until for tie in known if tie.until is not None and tie.until <= today]
    if len(ends) < len(known) or not any(tie.role is Role.OWNER for tie in known):
        return None
    return max(ends) + relativedelta(years=years)


def share_text(share: str) -> str:
    """``share`` in its lowest terms. Raises BadInput unless it is a fraction above 0 and at most 1."""
    try:
        part = Fraction(share)
    except (ValueError, ZeroDivisionError):
        raise BadInput.of("share", "is not a fraction such as 1/3") from None
    if not 0 < part <= 1:
        raise BadInput.of("share", "is not above 0 and at most 1")
    return f"{part.numerator}/{part.denominator}"


def require_shares_fit(ties: Iterable[Tie], tie: Tie) -> None:
    """Raises BadInput when on some day owners would own more than the whole, or somebody who is no owner a share."""
    if tie.share is None:
        return
    if tie.role is not Role.OWNER:
        raise BadInput.of("share", "is for owners")
    together = [other for other in ties if other.id != tie.id and other.share and other.overlaps(tie)]
    for day in {tie.since, *(other.since for other in together if other.since > tie.since)}:
        if tie.part + sum(other.part for other in together if other.holds_on(day)) > 1:
            raise BadInput.of("share", f"makes more than the whole on {day}")
