"""Companies: what is granted in all projects of one, those to come too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from steward.facts import Decision
from steward.trust.principals import COMPANY

Grants = Mapping[str, tuple[str, ...]]
"""Roles by place: a project, ``company:ID``, or ``*``."""
Estates = Mapping[str, tuple[str, ...]]
"""Projects by the company (``company:ID``) that they are of."""


@dataclass(frozen=True)
class Company:
    """A company (物业公司) and its projects, as far as they are open. ``id`` is the place of grants in all of it.

    Whatever depends on its projects is written with it, guarded by its version: a grant in the company and the opening
    of a project at the same moment cannot miss each other.
    """

    id: str
    projects: tuple[str, ...] = ()
    project: str = "*"
    version: int = 0


def opened(company: Company, project: str) -> Decision[Company] | None:
    """``project`` is one of its; None when that is known."""
    if project in company.projects:
        return None
    return Decision(replace(company, projects=tuple(sorted((*company.projects, project)))))


def companies_in(places: Iterable[str]) -> list[str]:
    """Those of ``places`` that are companies."""
    return [place for place in places if place.startswith(COMPANY)]


def expanded(grants: Grants, estates: Estates) -> dict[str, tuple[str, ...]]:
    """``grants`` as they hold: those in a company in each of its projects, too."""
    held = dict(grants)
    for company in companies_in(grants):
        for project in estates.get(company, ()):
            held[project] = tuple(dict.fromkeys((*held.get(project, ()), *grants[company])))
    return held


def as_given(held: Grants, estates: Estates) -> dict[str, tuple[str, ...]]:
    """What :func:`expanded` makes ``held`` of: without what a company's grant says already."""
    said = {(project, role) for company in companies_in(held) for project in estates.get(company, ()) for role in held[company]}
    given = {place: tuple(role for role in roles if (place, role) not in said) for place, roles in held.items()}
    return {place: roles for place, roles in given.items() if roles}
