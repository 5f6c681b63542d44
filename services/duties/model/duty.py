"""A duty as policy has it: one row, checked (handbook §5)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any

from services.duties.model.evidence import Asked, Figure, Kind, Type
from services.duties.model.recurrence import BadRecurrence, Recurrence, local_of, moment_of

_ID = re.compile(r"[a-z][a-z0-9-]{1,47}")
_FIGURE = re.compile(r"[a-z][a-z0-9_]{0,47}")
_KEYS = frozenset(
    {"title", "handbook", "enabled", "rule", "opens", "due", "due_s", "closes", "role", "evidence", "figures", "catch_up", "late_s"}
)
_FIGURE_KEYS = frozenset({"type", "least", "most", "optional"})


class BadDuty(ValueError):
    """A row of policy cannot be understood; the message names the row and what is wrong."""


class CatchUp(StrEnum):
    """What becomes of an occurrence whose time has passed when it is come upon, after an outage."""

    RUN_LATE = "run_late"
    SKIP_AND_SAY = "skip_and_say"


@dataclass(frozen=True)
class Terms:
    """A row. It opens when ``rule`` says (at ``opens``, unless the rule has hours of its own).

    It is due when ``due`` first comes after that (at ``closes``), or ``due_s`` seconds after. Done late, after an
    outage, there are ``late_s`` seconds for it.
    """

    title: dict[str, str]
    handbook: str
    role: str
    rule: str
    opens: str
    due: str
    closes: str
    due_s: int
    asked: Asked
    catch_up: CatchUp
    late_s: int

    @cached_property
    def opening(self) -> Recurrence:
        """When it opens."""
        return Recurrence(self.rule, time.fromisoformat(self.opens))

    @cached_property
    def closing(self) -> Recurrence:
        """When it is due, unless it is due after a time."""
        return Recurrence(self.due, time.fromisoformat(self.closes))


@dataclass(frozen=True)
class Occurrence:
    """One turn of a duty: ``local`` is the wall clock time at which it opens, the moments are UTC."""

    local: datetime
    opens_at: datetime
    due_at: datetime

    @property
    def name(self) -> str:
        """``local`` as people read it."""
        return self.local.isoformat(timespec="seconds" if self.local.second else "minutes")


def occurrence(terms: Terms, local: datetime, zone: str) -> Occurrence:
    """The turn that opens at ``local``."""
    opens_at = moment_of(local, zone)
    if terms.due_s:
        return Occurrence(local, opens_at, opens_at + timedelta(seconds=terms.due_s))
    closes = terms.closing.after(local, start=datetime.combine(local.date(), time(0))) or local + timedelta(days=1)
    due_at = moment_of(closes, zone)
    return Occurrence(local, opens_at, due_at if due_at > opens_at else opens_at + (closes - local))


def upcoming(terms: Terms, zone: str, after: datetime, until: datetime, most: int) -> Iterator[Occurrence]:
    """The turns that open later than ``after`` and not later than ``until``, at most so many."""
    count = 0
    for local in terms.opening.following(local_of(after, zone)):
        turn = occurrence(terms, local, zone)
        if count >= most or turn.opens_at > until:
            return
        if turn.opens_at > after:  # it may be earlier, in the hour that comes twice
            count += 1
            yield turn


def parse(policy: Mapping[str, Any]) -> dict[str, Terms]:
    """The rows that are enabled in ``policy``, by id. Raises BadDuty."""
    return {name: _row(name, row, policy) for name, row in policy.get("duties", {}).items() if row.get("enabled", True)}


def digest(rows: Mapping[str, Terms]) -> str:
    """The same for the same rows."""
    plain = {name: asdict(terms) for name, terms in rows.items()}
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]


def _row(name: str, own: Mapping[str, Any], policy: Mapping[str, Any]) -> Terms:
    row = {**policy.get("defaults", {}), **own}
    if "due_s" in own and "due" not in own:
        row["due"] = ""
    try:
        return _terms(name, row, policy)
    except KeyError as error:
        raise BadDuty(f"duties.{name}.{error.args[0]}: is missing") from error
    except (BadRecurrence, TypeError, ValueError) as error:
        raise error if isinstance(error, BadDuty) else BadDuty(f"duties.{name}: {error}") from error


def _terms(name: str, row: Mapping[str, Any], policy: Mapping[str, Any]) -> Terms:
    _check(name, row, policy)
    terms = Terms(
        title=dict(row["title"]),
        handbook=row["handbook"],
        role=row["role"],
        rule=row["rule"],
        opens=row["opens"],
        due=row.get("due", ""),
        closes=row["closes"],
        due_s=row.get("due_s", 0),
        asked=_asked(name, row, policy.get("figures", {})),
        catch_up=CatchUp(row["catch_up"]),
        late_s=row["late_s"],
    )
    terms.opening.check(timedelta(seconds=policy["limits"]["least_s"]))
    if terms.due:
        terms.closing.check(timedelta(0))
    return terms


def _check(name: str, row: Mapping[str, Any], policy: Mapping[str, Any]) -> None:
    unknown = sorted(set(row) - _KEYS)
    wrong = {
        "an id is lower case letters, digits and hyphens": not _ID.fullmatch(name),
        f"unknown {', '.join(unknown)}": bool(unknown),
        "handbook: cite the rule": not row["handbook"],
        f"role: {row['role']!r} is none of {', '.join(policy['roles']['known'])}": row["role"] not in policy["roles"]["known"],
        "due, due_s: exactly one": bool(row.get("due")) == bool(row.get("due_s")),
        "due_s, late_s: more than 0": row.get("due_s", 1) <= 0 or row["late_s"] <= 0,
    }
    if found := [text for text, is_wrong in wrong.items() if is_wrong]:
        raise BadDuty(f"duties.{name}: {found[0]}")


def _asked(name: str, row: Mapping[str, Any], sets: Mapping[str, Any]) -> Asked:
    kinds = tuple(Kind(kind) for kind in row["evidence"])
    wanted = row.get("figures", "")
    if (Kind.FIGURES in kinds) != bool(wanted) or (wanted and not sets.get(wanted)):
        raise BadDuty(f"duties.{name}.figures: names a set of [figures], and evidence holds 'figures', or neither")
    return Asked(kinds, wanted, tuple(_figure(wanted, figure, said) for figure, said in sets.get(wanted, {}).items()))


def _figure(place: str, name: str, said: Mapping[str, Any]) -> Figure:
    if not _FIGURE.fullmatch(name) or set(said) - _FIGURE_KEYS:
        raise BadDuty(f"figures.{place}.{name}: knows {', '.join(sorted(_FIGURE_KEYS))}")
    return Figure(name, **{**said, "type": Type(said.get("type", Type.WHOLE))})
