"""Whom and what a manager may see: those who are granted something where they manage, and of their grants those alone.

The store is asked for no others, so neither the length of a page nor its cursor tells of anybody else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from steward.trust.principals import EVERYWHERE, Principal

Grants = Mapping[str, tuple[str, ...]]


def sees(principal: Principal, permission: str, grants: Grants) -> bool:
    """Whether whoever holds ``grants`` is known to ``principal``."""
    return any(principal.may(permission, project) for project in (*grants, EVERYWHERE))


def visible(principal: Principal, permission: str, grants: Grants) -> dict[str, tuple[str, ...]]:
    """Those of ``grants`` that ``principal`` may see."""
    return {project: roles for project, roles in grants.items() if principal.may(permission, project)}


def granted_in(principal: Principal, permission: str) -> dict[str, Any]:
    """The query for what :func:`sees` lets through."""
    projects = principal.projects(permission)
    everybody = {"project": EVERYWHERE}
    if EVERYWHERE in projects:
        return everybody
    return everybody | {"$or": [{f"grants.{project}": {"$exists": True}} for project in sorted(projects)]}
